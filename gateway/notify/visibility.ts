import { ALARM_READERS } from '../contracts/alarm.ts'
import type { Principal } from '../contracts/identity.ts'
import { coversCell, hasRole } from '../identity/rights.ts'
import type { StoredEvent } from './store.ts'

/**
 * Whether this person is told of this event. What gateways tell each other is for nobody; an event for one session goes
 * to nobody else; an owner hears of own links only; staff hear of their cells, and of alarms, cases and floods if their
 * role reads alarms.
 */
export function maySee(
  principal: Principal,
  { event, cellCode, sessionId }: Pick<StoredEvent, 'event' | 'cellCode' | 'sessionId'>,
): boolean {
  if (event.kind === 'session-ended' || event.kind === 'first-view') return false
  if (sessionId !== undefined || event.kind === 'view-ended') return sessionId === principal.sessionId
  if (principal.kind === 'owner') return event.kind === 'link' && (principal.linkIds ?? []).includes(event.data.id)
  if (!coversCell(principal, cellCode)) return false
  return (
    (event.kind !== 'alarm' && event.kind !== 'case' && event.kind !== 'flood') || hasRole(principal, ...ALARM_READERS)
  )
}
