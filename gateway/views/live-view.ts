import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { type Ownership, toInstant } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import type { LinkScope } from '../contracts/link.ts'
import type { View, ViewEnd, ViewReason, ViewRefusal } from '../contracts/view.ts'
import type { RelayLease } from './sources.ts'
import type { ViewUses } from './view-uses.ts'

/** A grant in memory: without it no byte leaves. */
export interface LiveView {
  readonly id: string
  readonly cameraId: string
  readonly cellCode: string
  readonly linkId: string
  readonly ownership: Ownership
  readonly consentVersion: number | undefined
  readonly principal: Principal
  readonly reason: ViewReason
  readonly scopes: readonly LinkScope[]
  readonly stream: 'main' | 'sub'
  readonly expiresAtMs: number
  /** The same moment on the monotonic clock, so that setting the clock back prolongs nothing. */
  readonly expiresMonotonicMs: number
  readonly endsWhy: ViewEnd
  usedMonotonicMs: number
  /** Aborted when the view ends, and then only. */
  readonly end: AbortController
  readonly uses: ViewUses
  lease: RelayLease | undefined
  mimeType: string | undefined
  /** Of the sound, where the camera sends some and the link covers it. */
  soundMimeType: string | undefined
  /** The trail has it that this viewer listens. */
  isHeard: boolean
}

/** What the viewer is told of it; undefined until its relay has a picture. */
export function shownView({
  id,
  cameraId,
  stream,
  mimeType,
  soundMimeType,
  scopes,
  expiresAtMs,
}: LiveView): View | undefined {
  if (mimeType === undefined) return undefined
  return {
    id,
    cameraId,
    stream,
    hlsUrl: `/live/${id}/index.m3u8`,
    mimeType,
    ...(soundMimeType === undefined ? {} : { soundMimeType }),
    scopes: [...scopes],
    expiresAt: toInstant(expiresAtMs),
  }
}

export function grantEntry(view: LiveView): NewAuditEntry {
  return {
    action: 'view-granted',
    actor: actorOf(view.principal),
    object: `camera:${view.cameraId}`,
    result: 'done',
    why: view.reason.kind,
    ...(view.consentVersion === undefined ? {} : { consentVersion: view.consentVersion }),
    detail: { viewId: view.id, linkId: view.linkId, reason: view.reason, stream: view.stream },
  }
}

/** That a viewer began to listen; once a view. */
export function heardEntry(view: LiveView): NewAuditEntry {
  const { consentVersion, principal, reason } = view
  return {
    action: 'view-heard',
    actor: actorOf(principal),
    object: `camera:${view.cameraId}`,
    result: 'done',
    why: reason.kind,
    ...(consentVersion === undefined ? {} : { consentVersion }),
    detail: { viewId: view.id, linkId: view.linkId, reason },
  }
}

export const refusalEntry = (
  principal: Principal,
  cameraId: string,
  why: ViewRefusal,
  detail: Readonly<Record<string, unknown>>,
): NewAuditEntry => ({
  action: 'view-refused',
  actor: actorOf(principal),
  object: `camera:${cameraId}`,
  result: 'refused',
  why,
  detail,
})
