import { useSignal } from '@preact/signals'
import type { Case } from '../../../gateway/contracts/case.ts'
import { useParts } from '../parts.ts'
import { callsCentre, isBack, isUndelivered, isWaiting } from '../state/urgency.ts'
import { ago, timeOf } from '../time.ts'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import type { CaseGroup } from './flood.ts'
import { ResponseClock } from './response-clock.tsx'

const rowId = (caseId: string): string => `case-${caseId}`

/** Whoever closes a case is in the queue again where it stands. */
export function focusRow(caseId: string): void {
  document.getElementById(rowId(caseId))?.focus()
}

/** One case in the queue; what is chosen stays chosen, whatever comes. */
export function CaseRow({ case: one }: { case: Case }) {
  const { cases, language, township, nowMs } = useParts()
  const { t } = language
  return (
    <li>
      <button
        id={rowId(one.id)}
        type="button"
        class="case-row"
        aria-pressed={cases.chosen.value?.id === one.id}
        data-phase={one.phase}
        onClick={() => cases.choose(one.id)}
      >
        <PriorityBadge priority={one.priority} cleared={false} />
        <CallMark key={one.priority} calls={callsCentre(one)} />
        <span class="case-words">
          <span class="case-line">
            <strong>
              {t(`alarmType.${one.type}`)}
              {one.occurrences > 1 && <span class="times"> ×{one.occurrences}</span>}
            </strong>
            <span class={callsCentre(one) ? 'case-calls' : 'secondary'}>
              {one.shelvedUntil !== undefined
                ? t('case.shelvedUntil', { time: timeOf(one.shelvedUntil, nowMs.value) })
                : isBack(one)
                  ? t('cases.backShort')
                  : t(`casePhase.${one.phase}`)}
            </span>
          </span>
          <span class="secondary">
            {township.cellName(one.cellCode)} {one.text}
          </span>
          <span class="case-line secondary">
            <span>{ago(t, one.openedAt, nowMs.value)}</span>
            <ResponseClock case={one} />
          </span>
          {isUndelivered(one) && <strong class="undelivered">{t('cases.undeliveredShort')}</strong>}
        </span>
      </button>
    </li>
  )
}

/** Flashes while it is new, then stays: the eye finds what calls, and what became more urgent is drawn as new. */
function CallMark({ calls }: { calls: boolean }) {
  return calls ? <span class="call-mark" /> : null
}

/** Cases of one kind in one cell during a flood: one line, to be opened, and acknowledged together. */
export function CaseGroupRow({ group, mayAct }: { group: CaseGroup; mayAct: boolean }) {
  const { cases, language, township } = useParts()
  const { t } = language
  const isOpen = useSignal(false)
  const [first] = group.cases
  if (first === undefined) return null
  const waiting = group.cases.filter(isWaiting)
  const [type, cell] = [t(`alarmType.${first.type}`), township.cellName(first.cellCode)]
  const acknowledgeWords = t('flood.acknowledgeAll', { n: waiting.length })

  async function acknowledgeAll(): Promise<void> {
    for (const { id } of waiting) await cases.act(id, { action: 'acknowledge' })
  }

  return (
    <li class="case-group">
      <div class="case-group-head">
        <button
          type="button"
          class="case-row"
          aria-expanded={isOpen.value}
          onClick={() => {
            isOpen.value = !isOpen.value
          }}
        >
          <PriorityBadge priority={first.priority} cleared={false} />
          <CallMark calls={waiting.length > 0} />
          <span class="case-words">
            <span class="case-line">
              <strong>
                {type} <span class="count">{group.cases.length}</span>
              </strong>
              <span class={waiting.length > 0 ? 'case-calls' : 'secondary'}>
                {t('flood.waiting', { n: waiting.length })}
              </span>
            </span>
            <span class="secondary">{cell}</span>
          </span>
        </button>
        {mayAct && waiting.length > 0 && (
          <button
            type="button"
            aria-label={t('action.of', { act: acknowledgeWords, name: `${type} ${cell}` })}
            onClick={() => void acknowledgeAll()}
          >
            {acknowledgeWords}
          </button>
        )}
      </div>
      {isOpen.value && (
        <ul>
          {group.cases.map((one) => (
            <CaseRow key={one.id} case={one} />
          ))}
        </ul>
      )}
    </li>
  )
}
