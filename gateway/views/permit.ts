import { actorOf } from '../contracts/audit.ts'
import type { Principal } from '../contracts/identity.ts'
import type { LinkScope } from '../contracts/link.ts'
import type { ViewReason, ViewRefusal } from '../contracts/view.ts'
import { takeNumbers } from '../storage/counter.ts'
import { decide } from './gate.ts'
import { refusalEntry } from './live-view.ts'
import type { ViewsDeps } from './views.ts'

/** A use of a camera beyond its picture, such as turning it. */
export interface Use {
  principal: Principal
  cameraId: string
  scope: LinkScope
  /** Why the person watches the camera; whoever does not watch it has the routine's reason. */
  reason: ViewReason | undefined
  /** What the trail says of it once it is allowed; nothing for what goes on with an earlier one. */
  detail: Readonly<Record<string, unknown>> | undefined
}

export type Permission = { kind: 'granted' } | { kind: 'refused'; why: ViewRefusal } | { kind: 'no-camera' }

/** May this person do this with the camera, now? Decided and written down in one transaction, as views are. */
export async function permit(
  {
    database,
    cameras,
    links,
    audit,
    timeZone,
  }: Pick<ViewsDeps, 'database' | 'cameras' | 'links' | 'audit' | 'timeZone'>,
  { principal, cameraId, scope, reason = { kind: 'routine' }, detail }: Use,
): Promise<Permission> {
  const camera = await cameras.camera(cameraId)
  if (camera === undefined || camera.removed) return { kind: 'no-camera' }
  return database.transaction(async (tx): Promise<Permission> => {
    await takeNumbers(tx, 'audit', 0)
    const link = await links.linkFor(tx, cameraId)
    const answer = decide({ principal, camera, link, request: { use: scope, reason }, now: links.now(), timeZone })
    if (answer.kind === 'refused') {
      await audit.append(tx, refusalEntry(principal, cameraId, answer.why, { scope, reason }))
      return answer
    }
    if (detail !== undefined) {
      await audit.append(tx, {
        action: 'camera-turned',
        actor: actorOf(principal),
        object: `camera:${cameraId}`,
        result: 'done',
        why: reason.kind,
        ...(answer.consentVersion === undefined ? {} : { consentVersion: answer.consentVersion }),
        detail: { ...detail, linkId: answer.link.id, reason },
      })
    }
    return { kind: 'granted' }
  })
}
