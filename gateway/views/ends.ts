import type { LiveEvent } from '../contracts/event.ts'
import type { LinkState } from '../contracts/link.ts'
import type { ViewEnd } from '../contracts/view.ts'

/** Why nobody watches over a link in this state; of `active` nothing is said. */
const BY_STATE: Partial<Record<LinkState, ViewEnd>> = {
  paused: 'link-paused',
  suspended: 'link-paused',
  revoked: 'link-revoked',
  expired: 'link-expired',
  ended: 'link-ended',
}

/** Which views an event puts an end to. Acts of this node have ended them already; other nodes hear of them so. */
export function endOf(event: LiveEvent): { of: { linkId: string } | { cameraId: string }; why: ViewEnd } | undefined {
  if (event.kind === 'camera') {
    return event.data.reason === 'removed' ? { of: { cameraId: event.data.id }, why: 'camera-removed' } : undefined
  }
  if (event.kind !== 'link') return undefined
  const why = BY_STATE[event.data.state]
  return why && { of: { linkId: event.data.id }, why }
}
