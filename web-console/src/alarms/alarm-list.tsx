import { useSignal } from '@preact/signals'
import type { Alarm } from '../../../gateway/contracts/alarm.ts'
import { useParts } from '../parts.ts'
import { ago, minuteOf, timeOf, timeOfDay } from '../time.ts'
import { Empty } from '../ui/empty.tsx'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { AlarmWayOf } from './alarm-way.tsx'
import './alarms.css'

/** Alarms younger than this flash at their edge, then stand still. */
const FRESH_MS = 10_000
const CLEARED_SHOWN = 50

/** The live list; `onOpen` puts the alarm's camera on the screen where there is a wall. */
export function AlarmList({ onOpen }: { onOpen?: (cameraId: string, caseId?: string) => void }) {
  const { alarms, language, live, township } = useParts()
  const { t } = language
  const [active, cleared] = [alarms.active.value, alarms.cleared.value]
  const announced = alarms.announced.value
  return (
    <section class="alarms" aria-label={t('page.alarms')}>
      <h2>
        {t('alarm.activeHeading')} <span class="count">{active.length}</span>
      </h2>
      <p class="sr-only" aria-live="assertive">
        {announced !== undefined && (
          // One node an alarm: two in the same words are said twice.
          <span key={announced.id}>
            {t('priority.1')} {t(`alarmType.${announced.type}`)} {township.cellName(announced.cellCode)}{' '}
            {announced.text}
          </span>
        )}
      </p>
      <BoardNote />
      {alarms.state.value.kind === 'ready' && active.length === 0 && (
        <Empty
          text={t('alarm.none', {
            time: timeOfDay(
              live.link.value.kind === 'open' ? live.link.value.checkedAtMs : alarms.state.value.checkedAtMs,
            ),
          })}
        />
      )}
      <ul class="alarm-list">
        {active.map((alarm) => (
          <AlarmRow key={alarm.id} alarm={alarm} onOpen={onOpen} />
        ))}
      </ul>
      {cleared.length > 0 && (
        <>
          <h2>
            {t('alarm.clearedHeading')} <span class="count">{cleared.length}</span>
          </h2>
          <ul class="alarm-list">
            {cleared.slice(0, CLEARED_SHOWN).map((alarm) => (
              <AlarmRow key={alarm.id} alarm={alarm} onOpen={onOpen} />
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function BoardNote() {
  const { alarms, language } = useParts()
  const { t } = language
  const state = alarms.state.value
  if (state.kind === 'loading') return <Empty text={t('list.loading')} />
  if (state.kind === 'ready') return null
  const problem = state.kind === 'problem' ? state.problem : { status: 0, code: 'offline' }
  return (
    <ProblemNote problem={problem}>
      <button type="button" onClick={() => void alarms.load()}>
        {t('action.retry')}
      </button>
    </ProblemNote>
  )
}

/** One alarm, whatever its state. */
export function AlarmRow({
  alarm,
  onOpen,
}: {
  alarm: Alarm
  onOpen: ((cameraId: string, caseId?: string) => void) | undefined
}) {
  const { language, township, nowMs } = useParts()
  const { t } = language
  const isOpen = useSignal(false)
  const isCleared = alarm.state === 'cleared'
  const isFresh = !isCleared && nowMs.value - new Date(alarm.receivedAt).getTime() < FRESH_MS
  const camera = alarm.cameraId === undefined ? undefined : township.cameras.value.get(alarm.cameraId)
  const classes = `alarm alarm-${alarm.priority}${isCleared ? ' alarm-cleared' : ''}${isFresh ? ' alarm-fresh' : ''}`
  const words = (
    <>
      <PriorityBadge priority={alarm.priority} cleared={isCleared} />
      <span class="alarm-words">
        <strong>
          {t(`alarmType.${alarm.type}`)}
          {alarm.occurrences > 1 && <span class="times"> ×{alarm.occurrences}</span>}
        </strong>
        {alarm.text !== '' && alarm.text !== camera?.name && <span>{alarm.text}</span>}
        <span class="secondary">
          {township.cellName(alarm.cellCode)}
          {camera !== undefined && ` · ${camera.name}`}
        </span>
      </span>
      <span class="alarm-time">
        <time dateTime={alarm.occurredAt}>
          {isCleared ? minuteOf(alarm.occurredAt, nowMs.value) : timeOf(alarm.occurredAt, nowMs.value)}
        </time>
        <span class="secondary">{isCleared ? t('alarm.cleared') : ago(t, alarm.occurredAt, nowMs.value)}</span>
      </span>
    </>
  )
  return (
    <li class={classes}>
      {onOpen !== undefined && camera !== undefined ? (
        <button
          type="button"
          title={t('alarm.show', { name: camera.name })}
          onClick={() => onOpen(camera.id, alarm.caseId)}
        >
          {words}
        </button>
      ) : (
        <details
          onToggle={({ currentTarget }) => {
            isOpen.value = currentTarget.open
          }}
        >
          <summary>{words}</summary>
          {isOpen.value && <AlarmWayOf alarm={alarm} />}
        </details>
      )}
    </li>
  )
}
