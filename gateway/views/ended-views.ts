import type { FastifyBaseLogger } from 'fastify'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { toInstant } from '../contracts/common.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Principal } from '../contracts/identity.ts'
import type { ViewEnd } from '../contracts/view.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { ViewLinks } from './sources.ts'
import { closeViews, listOpenViews } from './store.ts'

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

/** Ended views of which the viewer is told why; older ones are simply not found. */
const MAX_KEPT = 10_000
/** Ends written in one transaction; between two of them others get their turn. */
const BATCH = 8

export interface EndedViewsDeps {
  database: Database
  log: FastifyBaseLogger
  nodeId: string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  events: { publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<unknown> }
  links: Pick<ViewLinks, 'now'>
}

/** Ends of views: told at once to whoever asks, and written down one after the other. */
export class EndedViews {
  readonly #deps: EndedViewsDeps
  readonly #onFault: () => Promise<void>
  readonly #known = new Map<string, Pick<EndedView, 'sessionId' | 'why'>>()
  #unrecorded: EndedView[] = []
  #recording: Promise<void> = Promise.resolve()

  /** @param onFault called when ends could not be written */
  constructor(deps: EndedViewsDeps, onFault: () => Promise<void>) {
    this.#deps = deps
    this.#onFault = onFault
  }

  /** Closes what the process before this one left open at this node. */
  async takeUp(): Promise<void> {
    const { database, links, nodeId } = this.#deps
    for (;;) {
      const open = await listOpenViews(database.client, nodeId, links.now(), BATCH)
      if (open.length === 0) return
      const nowMs = links.now()
      const ends = open.map((view) => ({
        ...view,
        viewer: undefined,
        why: 'interrupted' as const,
        atMs: Math.min(nowMs, view.expiresMs),
      }))
      await this.#write(ends)
      for (const end of ends) this.#remember(end)
    }
  }

  /** Known from now on; `record` writes it down. */
  add(end: EndedView): void {
    this.#remember(end)
    this.#unrecorded.push(end)
  }

  get(id: string): Pick<EndedView, 'sessionId' | 'why'> | undefined {
    return this.#known.get(id)
  }

  /** Writes the ends that are not written yet. What fails is kept for the next call: the picture is dark already. */
  record(): Promise<void> {
    this.#recording = this.#recording.then(async () => {
      while (this.#unrecorded.length > 0) {
        // SQLite answers without a turn of the event loop: let what was aborted leave first.
        await new Promise(setImmediate)
        const batch = this.#unrecorded.slice(0, BATCH)
        try {
          await this.#write(batch)
        } catch (error) {
          this.#deps.log.error({ err: error, views: batch.length }, 'views: ended, but not yet written down')
          await this.#onFault()
          return
        }
        this.#unrecorded = this.#unrecorded.slice(batch.length)
      }
    })
    return this.#recording
  }

  /** Row, audit entry and the viewer's event of each end, all in one transaction. */
  async #write(ends: readonly EndedView[]): Promise<void> {
    const { database, audit, events } = this.#deps
    await database.transaction(async (tx) => {
      await takeNumbers(tx, 'audit', 0)
      const closed = await closeViews(tx, ends)
      for (const end of closed) await audit.append(tx, endEntry(end))
      await events.publishAll(tx, closed.map(endEvent))
    })
  }

  #remember({ id, sessionId, why }: EndedView): void {
    this.#known.set(id, { sessionId, why })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KEPT && oldest !== undefined) this.#known.delete(oldest)
  }
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
