import { useSignal } from '@preact/signals'
import {
  type AlarmSource,
  NewAlarmSource,
  type NewAlarmSourceAnswer,
  Priority,
} from '../../../gateway/contracts/alarm.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { CopiedSecret } from '../ui/copied-secret.tsx'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choice, SelectField, TextField } from '../ui/field.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { type MappingAnswers, MappingFields, mappingOf } from './mapping-fields.tsx'
import { isSoundPanel, PanelFields, panelOf } from './panel-fields.tsx'
import { SourceActs } from './source-acts.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

type Kind = NewAlarmSource['kind']

const PRIORITIES = Priority.options.map(({ value }) => value)

interface SourceProps {
  /** Undefined: a new one. */
  source: AlarmSource | undefined
  onChanged: () => void
  onClose: () => void
}

/** An alarm source: what it is and where it stands; for a known one also what ends or interrupts it. */
export function SourceDialog({ source, onChanged, onClose }: SourceProps) {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const name = useSignal(source?.name ?? '')
  const kind = useSignal<Kind | undefined>(source?.kind ?? 'panel')
  const cellCode = useSignal(source?.cellCode ?? '')
  const cameraId = useSignal(source?.cameraId ?? '')
  const priority = useSignal(String(source?.priority ?? ''))
  const silence = useSignal(String(source?.silenceSeconds ?? ''))
  const mappings = useLoaded(calls.mappings, [])
  const answers: MappingAnswers = {
    mapping: useSignal(source?.mapping ?? ''),
    topic: useSignal(source?.topic ?? ''),
    device: useSignal(source?.device ?? ''),
    alarmType: useSignal(source?.alarmType ?? ''),
  }
  const panel = { account: useSignal(source?.dc09?.account ?? ''), key: useSignal('') }
  const shown = useSignal<NewAlarmSourceAnswer | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const nearby = [...township.cameras.value.values()].filter((camera) => camera.cellCode === cellCode.value)
  const title = source === undefined ? t('sources.add') : t('action.manageOf', { name: source.name })

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (kind.value === undefined) return
    const urgency = PRIORITIES.find((value) => String(value) === priority.value)
    const told = { name: name.value.trim(), kind: kind.value, cellCode: cellCode.value }
    const may = {
      ...(cameraId.value === '' ? {} : { cameraId: cameraId.value }),
      ...(urgency === undefined ? {} : { priority: urgency }),
      ...(silence.value.trim() === '' ? {} : { silenceSeconds: Number(silence.value) }),
      ...mappingOf(answers),
    }
    const dc09 = panelOf(panel, source?.dc09)
    if (source === undefined) {
      const answer = await calls.createSource({ ...told, ...may, ...(dc09 ? { dc09 } : {}) })
      problem.value = failureOf(answer)
      if (answer.kind !== 'ok') return
      shown.value = answer.data
    } else {
      const answer = await calls.changeSource(source.id, {
        ...EMPTY,
        ...told,
        ...may,
        ...(dc09 === undefined ? {} : { dc09 }),
      })
      problem.value = failureOf(answer)
      if (answer.kind !== 'ok') return
      onClose()
    }
    onChanged()
  }

  if (shown.value !== undefined) return <Credentials source={shown.value} onClose={onClose} />
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label={t('sources.name')} hint={t('sources.nameHint')} value={name} maxLength={200} required />
        <Choice
          legend={t('sources.kind')}
          options={NewAlarmSource.shape.kind.options.map((value) => ({ value, label: t(`sourceKind.${value}`) }))}
          value={kind}
        />
        <SelectField
          label={t('cell.of')}
          options={[
            { value: '', label: t('cell.choose') },
            ...township.cells.value.map(({ properties }) => ({ value: properties.code, label: properties.name })),
          ]}
          value={cellCode}
          onChange={() => {
            cameraId.value = ''
          }}
        />
        <SelectField
          label={t('sources.camera')}
          options={[
            { value: '', label: t('sources.noCamera') },
            ...nearby.map((camera) => ({ value: camera.id, label: camera.name })),
          ]}
          value={cameraId}
        />
        <MappingFields mappings={mappings.data.value?.items ?? []} of={answers} />
        {(kind.value === 'panel' || source?.dc09 !== undefined) && <PanelFields of={panel} known={source?.dc09} />}
        <SelectField
          label={t('sources.priority')}
          hint={t('sources.priorityHint')}
          options={[
            { value: '', label: t('sources.byType') },
            ...PRIORITIES.map((value) => ({ value: String(value), label: t(`priority.${value}`) })),
          ]}
          value={priority}
        />
        <TextField
          label={t('sources.silence')}
          hint={t('sources.silenceHint')}
          value={silence}
          inputMode="numeric"
          maxLength={6}
        />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <Answers
          act={t(source === undefined ? 'sources.add' : 'action.save')}
          isReady={name.value.trim() !== '' && cellCode.value !== '' && isSoundPanel(panel, source?.dc09)}
          onCancel={onClose}
        />
      </form>
      {source !== undefined && (
        <SourceActs
          source={source}
          onRenewed={(renewed) => {
            shown.value = renewed
          }}
          onDone={() => {
            onChanged()
            onClose()
          }}
        />
      )}
    </Dialog>
  )
}

/** What is left empty in the form is taken away. */
const EMPTY = {
  cameraId: null,
  mapping: null,
  topic: null,
  device: null,
  alarmType: null,
  priority: null,
  silenceSeconds: null,
} as const

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
      {source.dc09 !== undefined && (
        <p>
          {source.dc09.port === undefined
            ? t('panel.noListener', { account: source.dc09.account })
            : t('panel.reportsTo', { account: source.dc09.account, port: source.dc09.port })}
        </p>
      )}
      <div class="actions">
        <button type="button" class="primary" onClick={onClose}>
          {t('sources.noted')}
        </button>
      </div>
    </Dialog>
  )
}
