import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { toInstant } from '../contracts/common.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Principal } from '../contracts/identity.ts'
import type { ViewEnd } from '../contracts/view.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'
import { closeViews } from './store.ts'

export interface EndedView {
  id: string
  cameraId: string
  cellCode: string
  linkId: string
  sessionId: string
  viewerName: string
  /** Undefined where the process before this one knew the viewer. */
  viewer: Principal | undefined
  why: ViewEnd
  atMs: number
}

export interface RecordDeps {
  database: Database
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  events: { publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<unknown> }
}

/** Row, audit entry and the viewer's event of each end, all in one transaction. */
export async function recordEnds({ database, audit, events }: RecordDeps, ends: readonly EndedView[]): Promise<void> {
  await database.transaction(async (tx) => {
    await takeNumbers(tx, 'audit', 0)
    const closed = await closeViews(tx, ends)
    for (const end of closed) await audit.append(tx, endEntry(end))
    await events.publishAll(tx, closed.map(endEvent))
  })
}

const endEvent = ({ id, cameraId, cellCode, sessionId, why, atMs }: EndedView): NewLiveEvent => ({
  kind: 'view-ended',
  cellCode,
  sessionId,
  data: { id, cameraId, why, at: toInstant(atMs) },
})

function endEntry({ id, cameraId, linkId, viewerName, viewer, why }: EndedView): NewAuditEntry {
  const byViewer = why === 'closed' ? viewer : undefined
  return {
    action: 'view-ended',
    actor: byViewer === undefined ? { kind: 'system', name: 'gridlight' } : actorOf(byViewer),
    object: `camera:${cameraId}`,
    result: 'done',
    why,
    detail: { viewId: id, linkId, viewer: viewerName },
  }
}
