import { useSignal } from '@preact/signals'
import { type Channel, ChannelKind } from '../../../gateway/contracts/channel.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choice, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

interface ChannelProps {
  /** Undefined: a new one. */
  channel: Channel | undefined
  onChanged: () => void
  onClose: () => void
}

/** A channel; its address and secret are sealed and not shown again, so what is left empty stays as it is. */
export function ChannelDialog({ channel, onChanged, onClose }: ChannelProps) {
  const { language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const kind = useSignal<ChannelKind | undefined>(channel?.kind ?? 'wecom')
  const name = useSignal(channel?.name ?? '')
  const [url, secret, template] = [useSignal(''), useSignal(''), useSignal('')]
  const networks = useSignal(channel?.networks.join(' ') ?? '')
  const position = useSignal(String(channel?.position ?? 0))
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const isNew = channel === undefined

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (kind.value === undefined) return
    const typed = {
      name: name.value.trim(),
      ...(secret.value === '' ? {} : { secret: secret.value }),
      ...(kind.value !== 'sms' || template.value.trim() === '' ? {} : { template: template.value.trim() }),
      networks: networks.value.split(/[\s,，]+/).filter((network) => network !== ''),
      position: Number(position.value) || 0,
      consoleUrl: location.origin,
    }
    const address = url.value.trim()
    const answer = isNew
      ? await calls.createChannel({ ...typed, kind: kind.value, url: address })
      : await calls.changeChannel(channel.id, { ...typed, ...(address === '' ? {} : { url: address }) })
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    onChanged()
    onClose()
  }

  async function remove(id: string): Promise<void> {
    const answer = await calls.removeChannel(id)
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    onChanged()
    onClose()
  }

  return (
    <Dialog title={isNew ? t('channels.add') : t('action.manageOf', { name: channel.name })} onClose={onClose}>
      <form onSubmit={submit}>
        {isNew && (
          <Choice
            legend={t('channels.kind')}
            options={ChannelKind.options.map((value) => ({ value, label: t(`channelKind.${value}`) }))}
            value={kind}
          />
        )}
        <TextField label={t('channels.name')} value={name} maxLength={200} required />
        <TextField
          label={t('channels.url')}
          hint={t(isNew ? 'channels.urlHint' : 'channels.keepUrl')}
          value={url}
          inputMode="url"
          autocomplete="off"
          maxLength={1000}
          required={isNew}
        />
        {kind.value !== 'wecom' && (
          <TextField
            label={t('channels.secret')}
            hint={t('channels.secretHint')}
            value={secret}
            type="password"
            autocomplete="off"
            maxLength={200}
          />
        )}
        {kind.value === 'sms' && (
          <TextField
            label={t('channels.template')}
            hint={t('channels.templateHint')}
            value={template}
            autocomplete="off"
            maxLength={4000}
          />
        )}
        <TextField label={t('channels.networks')} hint={t('channels.networksHint')} value={networks} maxLength={500} />
        <TextField label={t('channels.position')} hint={t('channels.positionHint')} value={position} maxLength={4} />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <Answers
          act={t(isNew ? 'channels.add' : 'action.save')}
          isReady={name.value.trim() !== '' && (!isNew || url.value.trim() !== '')}
          onCancel={onClose}
        />
      </form>
      {!isNew && (
        <details class="cut-off">
          <summary>{t('channels.remove')}</summary>
          <p>{t('channels.removeEffect')}</p>
          <div class="actions">
            <button type="button" class="danger" onClick={() => void remove(channel.id)}>
              {t('channels.removeNow')}
            </button>
          </div>
        </details>
      )}
    </Dialog>
  )
}
