import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import { type Ownership, toInstant } from '../contracts/common.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Principal } from '../contracts/identity.ts'
import type { OwnerView } from '../contracts/link.ts'
import type { NewView, View, ViewEnd, ViewReason, ViewRefusal } from '../contracts/view.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'
import { EndedViews } from './ended-views.ts'
import { decide, type GateCamera, missingRight } from './gate.ts'
import { localTimeOfDayMs } from './hours.ts'
import { grantEntry, heardEntry, type LiveView, refusalEntry, shownView } from './live-view.ts'
import { readyToPlay } from './ready-to-play.ts'
import type { Cameras, RelayFault, RelayPool, StreamSource, ViewLinks } from './sources.ts'
import { countViewsSince, findServingNode, insertView, listLedger, markHeard, unitOf } from './store.ts'
import { type ViewUse, ViewUses } from './view-uses.ts'

/** A wall of 64 tiles is the largest there is. */
const MAX_VIEWS_PER_SESSION = 64
const READY_MS = 15_000
const IDLE_MS = 30_000
/** A viewer who only receives is cut so long after the end of the consent at the latest; promised is a second. */
const SWEEP_MS = 250
/** How often the trail is tried while private feeds are watched: what cannot be written down is not shown. */
const AUDIT_CHECK_MS = 5_000

export interface ViewsDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** Of this gateway; others may serve views from the same database. */
  nodeId: string
  audit: {
    append(tx: Tx, entry: NewAuditEntry): Promise<unknown>
    /** Whether an entry could be written now. */
    canWrite(): Promise<boolean>
  }
  events: { publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<unknown> }
  cameras: Cameras
  links: ViewLinks
  relays: RelayPool
  /** IANA zone in which hours are meant, such as `Asia/Shanghai`. */
  timeZone: string
}

/** Which views to end; a view must meet all that is given, and nothing given meets none. */
export interface EndCriteria {
  cameraId?: string | undefined
  linkId?: string | undefined
  sessionId?: string | undefined
  principalId?: string | undefined
  /** Granted under an earlier version of the consent than this. */
  consentBefore?: number
  ownership?: Ownership
}

export type OpenResult =
  | { kind: 'open'; view: View }
  | { kind: 'refused'; why: ViewRefusal }
  | { kind: 'no-camera' }
  | { kind: 'no-stream' }
  | { kind: 'too-many' }
  | { kind: 'ended'; why: ViewEnd }
  | RelayFault

export type FoundView = { kind: 'live'; view: LiveView } | { kind: 'ended'; why: ViewEnd } | { kind: 'unknown' }

type Grant = { kind: 'granted'; view: LiveView } | Exclude<OpenResult, { kind: 'open' }>

/** Who watches what, now: grants, and their ends. */
export class Views {
  readonly #deps: ViewsDeps
  readonly #live = new Map<string, LiveView>()
  readonly #ended: EndedViews
  #auditCheckedMs = 0
  readonly #closing = new AbortController()
  #sweeping: Promise<void> = Promise.resolve()

  constructor(deps: ViewsDeps) {
    this.#deps = deps
    this.#ended = new EndedViews(deps, () => this.#checkAudit())
  }

  /** Closes what the process before this one left open at this node, and begins to end views by time. */
  async start(): Promise<void> {
    await this.#ended.takeUp()
    this.#sweeping = this.#sweepUntilClosed()
  }

  /** Ends every view and stops; for the server's `preClose`, before it waits for requests to end. */
  async endAll(why: ViewEnd): Promise<void> {
    for (const view of this.#live.values()) this.#cut(view, why)
    await this.#ended.record()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#sweeping
    await this.endAll('interrupted')
  }

  /** Decides, writes down, starts the relay and waits for its picture. @param gone aborted when the asker left */
  async open(principal: Principal, input: NewView, gone: AbortSignal): Promise<OpenResult> {
    const { cameras } = this.#deps
    if (this.#closing.signal.aborted) return { kind: 'ended', why: 'interrupted' }
    const camera = await cameras.camera(input.cameraId)
    if (camera === undefined || camera.removed) return { kind: 'no-camera' }
    const source = await cameras.streamSource(camera.id, input.stream, input)
    const grant = await this.#grant(principal, camera, input.reason, source)
    if (grant.kind !== 'granted' || source === undefined)
      return grant.kind === 'granted' ? { kind: 'no-stream' } : grant
    return this.#startRelay(grant.view, source, input.codecs, gone)
  }

  /** The caller's own view; views of others are unknown to them. */
  find(id: string, principal: Principal): FoundView {
    const view = this.#live.get(id)
    if (view === undefined) {
      const ended = this.#ended.get(id)
      return ended?.sessionId === principal.sessionId ? { kind: 'ended', why: ended.why } : { kind: 'unknown' }
    }
    if (view.principal.sessionId !== principal.sessionId) return { kind: 'unknown' }
    if (this.#isOver(view)) this.#cutAndRecord(view, view.endsWhy)
    else if (missingRight(principal, view.cellCode, view.reason) !== undefined)
      this.#cutAndRecord(view, 'rights-changed')
    else return { kind: 'live', view }
    return { kind: 'ended', why: this.#ended.get(id)?.why ?? 'rights-changed' }
  }

  /** The other gateway of this database that serves the view to this session; undefined where none does. */
  async servedElsewhere(id: string, { sessionId }: Principal): Promise<string | undefined> {
    const { database, nodeId } = this.#deps
    const serving = await findServingNode(database.client, id, sessionId)
    return serving === nodeId ? undefined : serving
  }

  /** Marks a use of the view, which ends with it. @returns false when too much is under way already */
  begin(view: LiveView, use: ViewUse): boolean {
    view.usedMonotonicMs = this.#deps.clock.monotonicMs()
    return view.uses.begin(use)
  }

  /** The bytes of a request are on their way; too slow a reader is cut off. */
  beginSending(use: ViewUse): void {
    use.sendingSinceMs = this.#deps.clock.monotonicMs()
  }

  /** Why this session watches the camera now; undefined where it does not. */
  reasonOf({ sessionId }: Principal, cameraId: string): ViewReason | undefined {
    const views = [...this.#live.values()].filter((view) => view.cameraId === cameraId && !this.#isOver(view))
    return views.find((view) => view.principal.sessionId === sessionId)?.reason
  }

  /** What the viewer sees in the list of their own views. */
  ownViews(principal: Principal): View[] {
    return [...this.#live.values()]
      .filter((view) => view.principal.sessionId === principal.sessionId)
      .flatMap((view) => shownView(view) ?? [])
  }

  /** The cut-off: media end before this returns its promise; the promise is for the record of it. Never rejects. */
  async endWhere(criteria: EndCriteria, why: ViewEnd): Promise<void> {
    const { cameraId, linkId, sessionId, principalId, consentBefore, ownership } = criteria
    if ((cameraId ?? linkId ?? sessionId ?? principalId ?? ownership) === undefined) return
    for (const view of this.#live.values()) {
      const isMeant =
        (cameraId === undefined || view.cameraId === cameraId) &&
        (linkId === undefined || view.linkId === linkId) &&
        (sessionId === undefined || view.principal.sessionId === sessionId) &&
        (principalId === undefined || view.principal.id === principalId) &&
        (consentBefore === undefined || (view.consentVersion ?? 0) < consentBefore) &&
        (ownership === undefined || view.ownership === ownership)
      if (isMeant) this.#cut(view, why)
    }
    await this.#ended.record()
  }

  async endOne(view: LiveView, why: ViewEnd): Promise<void> {
    this.#cut(view, why)
    await this.#ended.record()
  }

  /** Who watched over a link, newest first. */
  ledger(
    linkId: string,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<{ items: OwnerView[]; nextCursor?: string }> {
    return listLedger(this.#deps.database.client, linkId, query, this.#deps.links.now())
  }

  /** Writes that a granted view asked for more than its link covers. */
  async recordRefusal(view: LiveView, why: ViewRefusal): Promise<void> {
    const { database, audit } = this.#deps
    const detail = { viewId: view.id, linkId: view.linkId }
    await database.transaction((tx) => audit.append(tx, refusalEntry(view.principal, view.cameraId, why, detail)))
  }

  /** Writes that a view is listened to, the first time, for auditor and owner; not a byte of sound leaves before that. */
  async recordHeard(view: LiveView): Promise<void> {
    if (view.isHeard) return
    const { database, audit, clock } = this.#deps
    await database.transaction(async (tx) => {
      await takeNumbers(tx, 'audit', 0)
      if (view.isHeard) return
      await markHeard(tx, view.id, clock.now())
      await audit.append(tx, heardEntry(view))
    })
    view.isHeard = true
  }

  get liveCount(): number {
    return this.#live.size
  }

  async #grant(
    principal: Principal,
    camera: GateCamera,
    reason: ViewReason,
    source: StreamSource | undefined,
  ): Promise<Grant> {
    const { database, clock, links, audit, newId, nodeId, timeZone } = this.#deps
    const own = [...this.#live.values()].filter((view) => view.principal.sessionId === principal.sessionId)
    if (own.length >= MAX_VIEWS_PER_SESSION) return { kind: 'too-many' }
    let view: LiveView | undefined
    try {
      return await database.transaction(async (tx): Promise<Grant> => {
        // Changes of links wait for this row too: a link is read, judged and written down with nothing in between.
        await takeNumbers(tx, 'audit', 0)
        const link = await links.linkFor(tx, camera.id)
        const nowMs = links.now()
        const answer = decide({ principal, camera, link, request: { use: 'live', reason }, now: nowMs, timeZone })
        if (answer.kind === 'refused') {
          const detail = { reason, ...(link === undefined ? {} : { linkId: link.id }) }
          await audit.append(tx, refusalEntry(principal, camera.id, answer.why, detail))
          return answer
        }
        if (source === undefined) return { kind: 'no-stream' }
        view = {
          id: newId(),
          cameraId: camera.id,
          cellCode: camera.cellCode,
          linkId: answer.link.id,
          ownership: answer.link.ownership,
          consentVersion: answer.consentVersion,
          principal,
          reason,
          scopes: answer.scopes,
          stream: source.role,
          expiresAtMs: answer.expiresAt,
          expiresMonotonicMs: clock.monotonicMs() + answer.expiresAt - nowMs,
          endsWhy: answer.endsWhy,
          usedMonotonicMs: clock.monotonicMs(),
          end: new AbortController(),
          uses: new ViewUses(),
          lease: undefined,
          mimeType: undefined,
          soundMimeType: undefined,
          isHeard: false,
        }
        await insertView(tx, {
          ...view,
          viewer: principal,
          sessionId: principal.sessionId,
          nodeId,
          startedMs: nowMs,
          expiresMs: answer.expiresAt,
        })
        await audit.append(tx, grantEntry(view))
        if (link?.tellsFirstView) await this.#tellFirstView(tx, view, nowMs)
        // Known before the commit: whoever changes the link after this transaction finds the view and ends it.
        this.#live.set(view.id, view)
        return { kind: 'granted', view }
      })
    } catch (error) {
      if (view !== undefined) this.#live.delete(view.id)
      await this.#checkAudit()
      throw error
    }
  }

  /** After the row of the view: it is the first of its day where it is the only one. */
  async #tellFirstView(
    tx: Tx,
    { linkId, cameraId, cellCode, principal, reason }: LiveView,
    nowMs: number,
  ): Promise<void> {
    const { events, timeZone } = this.#deps
    if ((await countViewsSince(tx, linkId, nowMs - localTimeOfDayMs(nowMs, timeZone))) !== 1) return
    const data = { linkId, cameraId, at: toInstant(nowMs), unit: unitOf(principal), reason: reason.kind }
    await events.publishAll(tx, [{ kind: 'first-view', cellCode, data }])
  }

  /** A private feed is watched as long as the trail can be written, and no longer. Never rejects. */
  async #checkAudit(): Promise<void> {
    this.#auditCheckedMs = this.#deps.clock.monotonicMs()
    if (![...this.#live.values()].some(({ ownership }) => ownership === 'private')) return
    if (await this.#deps.audit.canWrite()) return
    this.#deps.log.error('views: the audit trail cannot be written, so nobody watches a private feed')
    for (const view of this.#live.values()) if (view.ownership === 'private') this.#cut(view, 'audit-unavailable')
  }

  async #startRelay(
    view: LiveView,
    source: StreamSource,
    codecs: readonly string[] | undefined,
    gone: AbortSignal,
  ): Promise<OpenResult> {
    const { clock } = this.#deps
    const wait = new AbortController()
    const stop = (): void => wait.abort()
    const ended = (): OpenResult => ({ kind: 'ended', why: this.#ended.get(view.id)?.why ?? 'closed' })
    if (view.end.signal.aborted || gone.aborted) stop()
    view.end.signal.addEventListener('abort', stop, { once: true })
    gone.addEventListener('abort', stop, { once: true })
    // Ends the wait when its time is over; the wait's end ends the timer.
    clock.sleep(READY_MS, wait.signal).then(stop, () => {})
    try {
      if (view.end.signal.aborted) return ended()
      const state = await readyToPlay(this.#deps.relays, view, source, codecs, wait.signal)
      if (view.end.signal.aborted) return ended()
      if (gone.aborted) {
        await this.endOne(view, 'closed')
        return ended()
      }
      if (state.kind === 'failed') {
        await this.endOne(view, 'interrupted')
        return state
      }
      view.mimeType = state.mimeType
      if (view.scopes.includes('audio')) view.soundMimeType = state.soundMimeType
      view.usedMonotonicMs = clock.monotonicMs()
      const shown = shownView(view)
      return shown === undefined ? ended() : { kind: 'open', view: shown }
    } catch (error) {
      await this.endOne(view, 'interrupted')
      throw error
    } finally {
      stop()
      gone.removeEventListener('abort', stop)
    }
  }

  #isOver(view: LiveView, nowMs = this.#deps.links.now(), monotonicMs = this.#deps.clock.monotonicMs()): boolean {
    return nowMs >= view.expiresAtMs || monotonicMs >= view.expiresMonotonicMs
  }

  /** Darkens a view at once; the record follows. */
  #cut(view: LiveView, why: ViewEnd): void {
    if (!this.#live.delete(view.id)) return
    const { id, cameraId, cellCode, linkId, principal } = view
    const { sessionId, name: viewerName } = principal
    const atMs = this.#deps.links.now()
    this.#ended.add({ id, cameraId, cellCode, linkId, sessionId, viewerName, viewer: principal, why, atMs })
    view.end.abort()
    view.uses.abortAll()
    view.lease?.release()
    view.lease = undefined
  }

  #cutAndRecord(view: LiveView, why: ViewEnd): void {
    this.#cut(view, why)
    void this.#ended.record()
  }

  async #sweepUntilClosed(): Promise<void> {
    const { clock } = this.#deps
    const { signal } = this.#closing
    while (!signal.aborted) {
      await clock.sleep(SWEEP_MS, signal).catch(() => {}) // ends early on abort, which the loop sees
      const [nowMs, monotonicMs] = [this.#deps.links.now(), clock.monotonicMs()]
      for (const view of this.#live.values()) {
        if (this.#isOver(view, nowMs, monotonicMs)) this.#cut(view, view.endsWhy)
        else if (monotonicMs - view.usedMonotonicMs > IDLE_MS) this.#cut(view, 'idle')
        view.uses.abortSlow(monotonicMs)
      }
      if (clock.monotonicMs() - this.#auditCheckedMs >= AUDIT_CHECK_MS) await this.#checkAudit()
      await this.#ended.record()
    }
  }
}
