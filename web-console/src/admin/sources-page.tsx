import { useSignal } from '@preact/signals'
import type { AlarmSource } from '../../../gateway/contracts/alarm.ts'
import { useParts } from '../parts.ts'
import { ago, dateTime } from '../time.ts'
import { Icon } from '../ui/icon.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { DryRunForm } from './dry-run.tsx'
import { SourceDialog } from './source-dialog.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

const SHOWN_REJECTED = 50

/** Where alarms come from, who fell silent, and what could not be taken and why. */
export function SourcesPage() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const sources = useLoaded((signal) => calls.sources('no', signal), [])
  const retired = useLoaded((signal) => calls.sources('yes', signal), [])
  const open = useSignal<AlarmSource | 'new' | undefined>(undefined)
  const known = [...(sources.data.value ?? []), ...(retired.data.value ?? [])]
  return (
    <main class="page admin">
      <div class="page-head">
        <h1>{t('sources.title')}</h1>
        <button
          type="button"
          class="primary"
          onClick={() => {
            open.value = 'new'
          }}
        >
          {t('sources.add')}
        </button>
      </div>
      <LoadedList of={sources} empty={t('sources.none')}>
        {(items) => (
          <SourceTable
            sources={items}
            onOpen={(source) => {
              open.value = source
            }}
          />
        )}
      </LoadedList>
      {(retired.data.value ?? []).length > 0 && (
        <details class="panel">
          <summary>{t('sources.retired', { n: retired.data.value?.length ?? 0 })}</summary>
          <SourceTable sources={retired.data.value ?? []} />
        </details>
      )}
      <DryRunForm sources={sources.data.value ?? []} />
      <RejectedList sources={known} />
      {open.value !== undefined && (
        <SourceDialog
          source={open.value === 'new' ? undefined : open.value}
          onChanged={() => {
            sources.reload()
            retired.reload()
          }}
          onClose={() => {
            open.value = undefined
          }}
        />
      )}
    </main>
  )
}

const COLUMNS = ['sources.name', 'sources.kind', 'column.cell', 'column.camera', 'sources.heard'] as const

interface TableProps {
  sources: readonly AlarmSource[]
  /** Absent: nothing can be changed any more. */
  onOpen?: (source: AlarmSource) => void
}

function SourceTable({ sources, onOpen }: TableProps) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <Table columns={onOpen === undefined ? COLUMNS : [...COLUMNS, 'column.acts']}>
      {sources.map((source) => (
        <tr key={source.id}>
          <th scope="row">
            {source.name}
            <span class="secondary">{source.id}</span>
          </th>
          <td data-label={t('sources.kind')}>
            {t(`sourceKind.${source.kind}`)}
            {source.mapping !== undefined && <span class="secondary">{source.mapping}</span>}
            {source.priority !== undefined && <span class="secondary">{t(`priority.${source.priority}`)}</span>}
          </td>
          <td data-label={t('column.cell')}>{township.cellName(source.cellCode)}</td>
          <td data-label={t('column.camera')}>
            {source.cameraId === undefined ? '—' : (township.cameras.value.get(source.cameraId)?.name ?? '—')}
          </td>
          <td data-label={t('sources.heard')}>
            <Heard source={source} />
          </td>
          {onOpen !== undefined && (
            <td>
              <button
                type="button"
                aria-label={t('action.manageOf', { name: source.name })}
                onClick={() => onOpen(source)}
              >
                {t('action.manage')}
              </button>
            </td>
          )}
        </tr>
      ))}
    </Table>
  )
}

function Heard({ source: { lastHeardAt, silentSince, pause, retiredAt } }: { source: AlarmSource }) {
  const { language, nowMs } = useParts()
  const { t } = language
  if (retiredAt !== undefined) return <>{t('sources.retiredAt', { time: dateTime(retiredAt) })}</>
  return (
    <>
      {silentSince !== undefined && (
        <strong class="fault">
          <Icon name="offline" /> {t('sources.silentSince', { time: dateTime(silentSince) })}
        </strong>
      )}
      {pause !== undefined && (
        <strong class="fault">{t('sources.pausedUntil', { time: dateTime(pause.until), reason: pause.reason })}</strong>
      )}
      <span class={silentSince === undefined && pause === undefined ? '' : 'secondary'}>
        {lastHeardAt === undefined ? t('sources.never') : ago(t, lastHeardAt, nowMs.value)}
      </span>
    </>
  )
}

function RejectedList({ sources }: { sources: readonly AlarmSource[] }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const rejected = useLoaded(async (signal) => {
    const answer = await calls.rejected(SHOWN_REJECTED, signal)
    return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
  }, [])
  const names = new Map(sources.map(({ id, name }) => [id, name]))
  return (
    <section>
      <h2>{t('rejected.title')}</h2>
      <LoadedList of={rejected} empty={t('rejected.none')}>
        {(items) => (
          <ul class="rejected">
            {items.map((input) => (
              <li key={input.id} class="panel">
                <p>
                  <strong>{names.get(input.sourceId ?? '') ?? t('rejected.unknown')}</strong> {dateTime(input.at)}
                </p>
                <p class="fault">{input.reason}</p>
                <details>
                  <summary>{t('rejected.payload', { n: input.payloadBytes })}</summary>
                  <code>{input.payload}</code>
                </details>
              </li>
            ))}
          </ul>
        )}
      </LoadedList>
    </section>
  )
}
