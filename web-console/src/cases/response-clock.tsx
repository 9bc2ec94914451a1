import type { Case } from '../../../gateway/contracts/case.ts'
import { useParts } from '../parts.ts'
import { duration } from '../time.ts'
import './response-clock.css'

/** What is left of the time in which somebody is to be there, or by how much it is over; words, never colour alone. */
export function ResponseClock({ case: { response } }: { case: Case }) {
  const { language, nowMs } = useParts()
  const { t } = language
  if (response === undefined) return null
  const { dueAt, respondedAt, state } = response
  const leftMs = Date.parse(dueAt) - (respondedAt === undefined ? nowMs.value : Date.parse(respondedAt))
  // The clock of this page runs on between two events of the gateway.
  const shown = state === 'running' && leftMs < 0 ? 'overdue' : state
  return (
    <span class={`response response-${shown}`} data-response={shown}>
      {t(`response.${shown}`, { time: duration(Math.abs(leftMs) / 1000) })}
    </span>
  )
}
