import { type Case, CaseActionName } from '../../../gateway/contracts/case.ts'

/** Nobody has acknowledged it, and it is not on the shelf. */
export const isWaiting = ({ phase, shelvedUntil }: Case): boolean => phase === 'collected' && shelvedUntil === undefined

/** What moves a case on; a shelf only holds it. */
const STEPS = CaseActionName.exclude(['shelve'])

/** Whoever was sent cannot go or did not answer, and nobody else was left: the centre has it again. */
export const isBack = ({ phase, shelvedUntil, timeline }: Case): boolean => {
  if (phase !== 'opened' || shelvedUntil !== undefined) return false
  const last = timeline.findLast(({ action }) => STEPS.safeParse(action).success)?.action
  return last === 'decline' || last === 'escalate'
}

/** It is the centre's turn, and nobody there has done anything yet. */
export const callsCentre = (one: Case): boolean => isWaiting(one) || isBack(one)

/** Those that call the centre first, then by urgency, then the oldest. */
export const byUrgency = (a: Case, b: Case): number =>
  Number(callsCentre(b)) - Number(callsCentre(a)) || a.priority - b.priority || a.openedAt.localeCompare(b.openedAt)

/** Sent to somebody, and neither the page nor a provider has it: the centre must call. */
export const isUndelivered = ({ phase, assignee, notifications }: Case): boolean => {
  if (phase !== 'dispatched') return false
  const own = notifications.filter(({ toId }) => toId === assignee?.id)
  if (own.length === 0) return assignee === undefined
  return own.every(({ state }) => state === 'undelivered')
}
