import type { OutboxEvent } from '../contracts/event.ts'
import type { LinkState } from '../contracts/link.ts'
import type { ViewEnd } from '../contracts/view.ts'
import { Problem } from '../errors.ts'
import type { EndCriteria } from './views.ts'

/** Why nobody watches over a link in this state; of `active` nothing is said. */
const BY_STATE: Partial<Record<LinkState, ViewEnd>> = {
  paused: 'link-paused',
  suspended: 'link-paused',
  revoked: 'link-revoked',
  expired: 'link-expired',
  ended: 'link-ended',
}

export const viewEnded = (why: ViewEnd): Problem =>
  new Problem('view-ended', { zh: `查看已结束：${why}`, en: `the view has ended: ${why}` }, { why })

/** Which views an event puts an end to. Acts of this node have ended them already; other nodes hear of them so. */
export function endOf(event: OutboxEvent): { of: EndCriteria; why: ViewEnd } | undefined {
  if (event.kind === 'camera') {
    return event.data.reason === 'removed' ? { of: { cameraId: event.data.id }, why: 'camera-removed' } : undefined
  }
  if (event.kind !== 'link') return undefined
  const { id: linkId, state, consentVersion } = event.data
  const why = BY_STATE[state]
  if (why !== undefined) return { of: { linkId }, why }
  // A new word of the owner's may be a narrower one: what was granted under those before it is asked for anew.
  return consentVersion === undefined
    ? undefined
    : { of: { linkId, consentBefore: consentVersion }, why: 'rights-changed' }
}
