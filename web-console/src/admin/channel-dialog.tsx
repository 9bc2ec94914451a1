import { useSignal } from '@preact/signals'
import { ChannelKind } from '../../../gateway/contracts/channel.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Choice, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** A new channel; its address and secret are sealed and not shown again. */
export function ChannelDialog({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const { language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const kind = useSignal<ChannelKind | undefined>('wecom')
  const [name, url, secret, template] = [useSignal(''), useSignal(''), useSignal(''), useSignal('')]
  const [networks, position] = [useSignal(''), useSignal('0')]
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (kind.value === undefined) return
    const listed = networks.value.split(/[\s,，]+/).filter((network) => network !== '')
    const answer = await calls.createChannel({
      name: name.value.trim(),
      kind: kind.value,
      url: url.value.trim(),
      ...(secret.value === '' ? {} : { secret: secret.value }),
      ...(kind.value !== 'sms' || template.value.trim() === '' ? {} : { template: template.value.trim() }),
      networks: listed,
      position: Number(position.value) || 0,
      consoleUrl: location.origin,
    })
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    onMade()
    onClose()
  }

  return (
    <Dialog title={t('channels.add')} onClose={onClose}>
      <form onSubmit={submit}>
        <Choice
          legend={t('channels.kind')}
          options={ChannelKind.options.map((value) => ({ value, label: t(`channelKind.${value}`) }))}
          value={kind}
        />
        <TextField label={t('channels.name')} value={name} maxLength={200} required />
        <TextField
          label={t('channels.url')}
          hint={t('channels.urlHint')}
          value={url}
          inputMode="url"
          autocomplete="off"
          maxLength={1000}
          required
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
        <div class="actions">
          <button type="submit" class="primary" disabled={name.value.trim() === '' || url.value.trim() === ''}>
            {t('channels.add')}
          </button>
          <button type="button" onClick={onClose}>
            {t('action.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
