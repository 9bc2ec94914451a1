import type { Case } from '../../../gateway/contracts/case.ts'
import { byUrgency, isWaiting } from '../state/urgency.ts'

/** A slot has nothing more to show of a case that is over or on the shelf. */
const isOver = ({ closedAt, shelvedUntil }: Case): boolean => closedAt !== undefined || shelvedUntil !== undefined

/**
 * Which case stands in which alarm slot. What is shown stays until it is over: nothing moves under the eyes of whoever
 * looks. Only when no slot is free does a waiting case take the place of one that somebody is already working on, or an
 * urgent one the place of the least urgent.
 * @param shown case ids of the slots until now
 * @param cases open ones
 */
export function fillSlots(shown: readonly (string | undefined)[], cases: readonly Case[]): (string | undefined)[] {
  const byId = new Map(cases.map((one) => [one.id, one]))
  const slots = shown.map((id) => {
    const present = id === undefined ? undefined : byId.get(id)
    return present === undefined || isOver(present) ? undefined : present
  })
  const coming = cases
    .filter((one) => one.cameraId !== undefined && isWaiting(one) && !slots.includes(one))
    .sort(byUrgency)
  for (const one of coming) {
    const free = slots.indexOf(undefined)
    const at = free >= 0 ? free : weakest(slots, one)
    if (at === undefined) break
    slots[at] = one
  }
  return slots.map((one) => one?.id)
}

/** The slot whose case gives way to this one, if any does. */
function weakest(slots: readonly (Case | undefined)[], coming: Case): number | undefined {
  const ranked = slots
    .flatMap((one, at) => (one === undefined ? [] : [{ one, at }]))
    .sort((a, b) => byUrgency(b.one, a.one))
  const [last] = ranked
  if (last === undefined) return undefined
  const givesWay = !isWaiting(last.one) || last.one.priority > coming.priority
  return givesWay ? last.at : undefined
}
