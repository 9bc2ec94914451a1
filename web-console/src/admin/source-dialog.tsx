import { useSignal } from '@preact/signals'
import { NewAlarmSource, type NewAlarmSourceAnswer } from '../../../gateway/contracts/alarm.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { CopiedSecret } from '../ui/copied-secret.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Choice, Field, TextField } from '../ui/field.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { type MappingAnswers, MappingFields, mappingOf } from './mapping-fields.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

type Kind = NewAlarmSource['kind']

/** A new alarm source; its credentials are shown this once. */
export function SourceDialog({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const name = useSignal('')
  const kind = useSignal<Kind | undefined>('panel')
  const cellCode = useSignal('')
  const cameraId = useSignal('')
  const mappings = useLoaded(calls.mappings, [])
  const answers: MappingAnswers = {
    mapping: useSignal(''),
    topic: useSignal(''),
    device: useSignal(''),
    alarmType: useSignal(''),
  }
  const made = useSignal<NewAlarmSourceAnswer | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const nearby = [...township.cameras.value.values()].filter((camera) => camera.cellCode === cellCode.value)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (kind.value === undefined) return
    const answer = await calls.createSource({
      name: name.value.trim(),
      kind: kind.value,
      cellCode: cellCode.value,
      ...(cameraId.value === '' ? {} : { cameraId: cameraId.value }),
      ...mappingOf(answers),
    })
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    made.value = answer.data
    onMade()
  }

  if (made.value !== undefined) return <Credentials source={made.value} onClose={onClose} />
  return (
    <Dialog title={t('sources.add')} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label={t('sources.name')} hint={t('sources.nameHint')} value={name} maxLength={200} required />
        <Choice
          legend={t('sources.kind')}
          options={NewAlarmSource.shape.kind.options.map((value) => ({ value, label: t(`sourceKind.${value}`) }))}
          value={kind}
        />
        <Field label={t('install.cell')}>
          {(id) => (
            <select
              id={id}
              value={cellCode.value}
              onChange={(event) => {
                cellCode.value = event.currentTarget.value
                cameraId.value = ''
              }}
            >
              <option value="">{t('install.chooseCell')}</option>
              {township.cells.value.map(({ properties }) => (
                <option key={properties.code} value={properties.code}>
                  {properties.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t('sources.camera')}>
          {(id) => (
            <select
              id={id}
              value={cameraId.value}
              onChange={(event) => {
                cameraId.value = event.currentTarget.value
              }}
            >
              <option value="">{t('sources.noCamera')}</option>
              {nearby.map((camera) => (
                <option key={camera.id} value={camera.id}>
                  {camera.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <MappingFields mappings={mappings.data.value?.items ?? []} of={answers} />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={name.value.trim() === '' || cellCode.value === ''}>
            {t('sources.add')}
          </button>
          <button type="button" onClick={onClose}>
            {t('action.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function Credentials({ source, onClose }: { source: NewAlarmSourceAnswer; onClose: () => void }) {
  const { t } = useParts().language
  return (
    <Dialog title={t('sources.made', { name: source.name })} onClose={onClose}>
      <p>{t('sources.once')}</p>
      <CopiedSecret label={t('sources.mqttUsername')} text={source.mqtt.username} />
      <CopiedSecret label={t('sources.mqttPassword')} text={source.mqtt.password} />
      <CopiedSecret label={t('sources.mqttTopic')} text={source.mqtt.topic} />
      <CopiedSecret label={t('sources.webhookUrl')} text={source.webhook.url} />
      <CopiedSecret label={t('sources.webhookToken')} text={source.webhook.token} />
      <div class="actions">
        <button type="button" class="primary" onClick={onClose}>
          {t('sources.noted')}
        </button>
      </div>
    </Dialog>
  )
}
