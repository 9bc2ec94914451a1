import type { Case } from '../../../gateway/contracts/case.ts'

/** Nobody has acknowledged it, and it is not on the shelf. */
export const isWaiting = ({ phase, shelvedUntil }: Case): boolean => phase === 'collected' && shelvedUntil === undefined

/** Those nobody has acknowledged first, then by urgency, then the oldest. */
export const byUrgency = (a: Case, b: Case): number =>
  Number(isWaiting(b)) - Number(isWaiting(a)) || a.priority - b.priority || a.openedAt.localeCompare(b.openedAt)

/** Sent to somebody, and neither the page nor a provider has it: the centre must call. */
export const isUndelivered = ({ phase, assignee, notifications }: Case): boolean => {
  if (phase !== 'dispatched') return false
  const own = notifications.filter(({ toId }) => toId === assignee?.id)
  if (own.length === 0) return assignee === undefined
  return own.every(({ state }) => state === 'undelivered')
}
