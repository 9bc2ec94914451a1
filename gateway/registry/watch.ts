import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { CameraState } from '../contracts/camera.ts'
import { toInstant } from '../contracts/common.ts'
import type { CameraEvent, NewLiveEvent } from '../contracts/event.ts'
import type { Dialer } from '../dial.ts'
import { answersRtsp, GLANCE_TIMEOUT_MS } from '../probe/rtsp-glance.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Lead } from '../storage/leading-node.ts'
import { Outages, type OutCamera, type OwnAlarms } from './outages.ts'
import { readCamera, type StoredState } from './store.ts'
import type { StreamFigures } from './stream-health.ts'
import { insertStateChange, pruneStateChanges, readWatched, type WatchedDevice } from './watch-store.ts'

export interface WatchDeps {
  database: Database
  dialer: Dialer
  clock: Clock
  log: FastifyBaseLogger
  events: { publish(tx: Tx, event: NewLiveEvent): Promise<unknown> }
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  newId: () => string
  alarms: OwnAlarms
  /** Of the gateways on a database one asks the devices and tells outages. */
  lead: Pick<Lead, 'isHeld'>
  /** What the media plane knows of a stream. */
  streamFigures?: (streamId: string) => StreamFigures | undefined
  /** A device is back: it may be another one. */
  suspect?: (deviceId: string) => void
  /** Every device is asked once in this time. */
  everyMs?: number
}

/** What a relay says of the stream it fetches. */
export interface RelayReport {
  state: 'starting' | 'live' | 'stalled' | 'offline'
  fault?: { code: string; detail: string }
}

const EVERY_MS = 30_000
/** How much longer than a round the devices of a dead switch may take to be found out. */
const GATHER_SLACK_MS = 2 * GLANCE_TIMEOUT_MS
/** Changes of state are asked for over 90 days at the most. */
const KEEP_CHANGES_MS = 100 * 24 * 3_600_000
const PRUNE_EVERY_MS = 3_600_000
/** One lost packet is no outage. */
const FAILURES_TO_OFFLINE = 2
/** How soon a gateway that begins to lead goes on with the watch. */
const REST_MS = 1_000
/** Checks under way at once; with 5 s each a township of dead devices does not hold up the living. */
const MAX_UNDER_WAY = 64
/** A relay that saw a stall and then had no viewer left reports nothing more. */
const STALL_FORGOTTEN_MS = 60_000

/** Why a relay got no picture although the device answers: only a picture proves otherwise. */
const NEEDS_PICTURE: ReadonlySet<string> = new Set([
  'unauthorized',
  'not-found',
  'unsupported-codec',
  'unsupported-transport',
])

const HERE = { ok: true } as const

/** Knows which cameras can be reached: asks each device now and then, and listens to the relays. */
export class Watch {
  readonly #deps: WatchDeps
  readonly #stop = new AbortController()
  readonly #failures = new Map<string, number>()
  readonly #underWay = new Map<string, Promise<void>>()
  /** While this gateway leads. */
  #outages: Outages | undefined
  /** Changes of state that have begun, and that have ended: what is read between them may be either. */
  #begun = 0
  #ended = 0
  #prunedMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> = Promise.resolve()
  #reports: Promise<void> = Promise.resolve()

  constructor(deps: WatchDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#running = this.#run(this.#stop.signal)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await Promise.all(this.#underWay.values())
    await this.#reports
    await this.#outages?.close()
  }

  /** Stored and told at once, in the order reported; resolves when it is on disk. */
  noteRelayState(streamId: string, { state, fault }: RelayReport): Promise<void> {
    if (state === 'starting' || this.#stop.signal.aborted) return Promise.resolve()
    const stored = state === 'live' ? 'online' : state
    this.#reports = this.#reports.then(() =>
      this.#guarded(async () => {
        const stream = await this.#deps.database.client.stream.findUnique({ where: { id: streamId } })
        if (stream !== null) await this.#move([stream.cameraId], stored, fault?.code)
      }),
    )
    return this.#reports
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, lead } = this.#deps
    while (!signal.aborted) {
      await this.#guarded(() => (lead.isHeld() ? this.#round(signal) : this.#rest(signal)))
      // A database that fails at once must not turn this into a busy loop.
      if (!signal.aborted) await clock.sleep(100, signal).catch(() => {})
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    await this.#outages?.close()
    this.#outages = undefined
    this.#failures.clear()
    await this.#deps.clock.sleep(REST_MS, signal)
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { clock, lead, everyMs = EVERY_MS } = this.#deps
    const devices = await this.#review()
    await this.#prune()
    for (const device of devices) {
      await clock.sleep(everyMs / devices.length, signal)
      if (!lead.isHeld()) return
      if (this.#underWay.has(device.id) || this.#underWay.size >= MAX_UNDER_WAY) continue
      const check = this.#guarded(() => this.#check(device, signal)).finally(() => this.#underWay.delete(device.id))
      this.#underWay.set(device.id, check)
    }
    if (devices.length === 0) await clock.sleep(everyMs, signal)
  }

  /** What is registered now, and outages as the database has them: another gateway's viewers see a camera go, too. */
  async #review(): Promise<WatchedDevice[]> {
    const { database, linkedCameraIds, everyMs = EVERY_MS } = this.#deps
    const changes = this.#begun
    const isQuiet = changes === this.#ended
    const devices = await readWatched(database)
    const offline = devices.flatMap(({ cameras }) => cameras.filter(({ state }) => state === 'offline'))
    const linked = await linkedCameraIds(ids(offline))
    for (const id of this.#failures.keys()) if (!devices.some((device) => device.id === id)) this.#failures.delete(id)
    if (this.#outages === undefined) {
      const outages = new Outages({ ...this.#deps, gatherMs: everyMs + GATHER_SLACK_MS })
      await outages.start(offline)
      this.#outages = outages
    }
    this.#outages.know(devices)
    if (isQuiet && changes === this.#begun) this.#outages.settle(offline.filter(({ id }) => linked.has(id)))
    return devices
  }

  /** A round that fails is told and the next one goes on. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#deps.log.error({ err: error }, 'camera watch')
    }
  }

  async #prune(): Promise<void> {
    const { clock, database } = this.#deps
    if (clock.monotonicMs() - this.#prunedMs < PRUNE_EVERY_MS) return
    this.#prunedMs = clock.monotonicMs()
    await pruneStateChanges(database, new Date(clock.now() - KEEP_CHANGES_MS))
  }

  async #check(device: WatchedDevice, signal: AbortSignal): Promise<void> {
    const answer = this.#sends(device) ? HERE : await answersRtsp(this.#deps.dialer, device.uri, signal)
    if (answer.ok) {
      this.#failures.delete(device.id)
      const now = this.#deps.clock.now()
      const back = device.cameras.filter(
        ({ state, stateReason, stateSince }) =>
          (state === 'offline' && !NEEDS_PICTURE.has(stateReason ?? '')) ||
          (state === 'stalled' && now - stateSince.getTime() > STALL_FORGOTTEN_MS),
      )
      if (back.length > 0) this.#deps.suspect?.(device.id)
      return this.#move(ids(back), 'online', undefined)
    }
    const failures = (this.#failures.get(device.id) ?? 0) + 1
    this.#failures.set(device.id, failures)
    if (failures < FAILURES_TO_OFFLINE) return undefined
    return this.#move(ids(device.cameras.filter(({ state }) => state !== 'offline')), 'offline', answer.why)
  }

  /** Pictures that come are an answer, and a device that sends as many as it can takes no connection for another question. */
  #sends({ cameras }: WatchedDevice): boolean {
    const { streamFigures } = this.#deps
    return cameras.some(({ streamIds }) => streamIds.some((id) => streamFigures?.(id)?.now?.state === 'live'))
  }

  /** Stores a change of reachability with its event; of a camera without link only the register knows. */
  async #move(cameraIds: readonly string[], state: StoredState, reason: string | undefined): Promise<void> {
    if (cameraIds.length === 0) return
    this.#begun++
    try {
      await this.#change(cameraIds, state, reason)
    } finally {
      this.#ended++
    }
  }

  async #change(cameraIds: readonly string[], state: StoredState, reason: string | undefined): Promise<void> {
    const { database, clock, events, linkedCameraIds, newId } = this.#deps
    const linked = await linkedCameraIds(cameraIds)
    const moved = await database.transaction(async (tx) => {
      const cameras: OutCamera[] = []
      const now = new Date(clock.now())
      const told: NewLiveEvent[] = []
      for (const id of cameraIds) {
        const row = await readCamera(tx, id)
        if (row === undefined || row.state === state) continue
        await tx.camera.update({
          where: { id },
          data: {
            state,
            stateSince: now,
            stateReason: reason ?? null,
            ...(state === 'online' ? { lastSeenAt: now } : {}),
          },
        })
        await insertStateChange(tx, { id: newId(), cameraId: id, at: now, fromState: row.state, toState: state })
        const { name, cellCode } = row
        cameras.push({ id, name, cellCode, uri: row.streams[0]?.uri ?? '' })
        if (linked.has(id)) told.push(cameraEvent(row, state, now, reason))
      }
      // Last: whoever changes one of these cameras holds its row and waits for the numbers of events.
      for (const event of told) await events.publish(tx, event)
      return cameras
    })
    // A camera without link is none of the centre's, and so is its outage.
    if (state === 'offline') this.#outages?.wentAway(moved.filter(({ id }) => linked.has(id)))
    else this.#outages?.cameBack(ids(moved))
  }
}

const ids = (cameras: readonly { id: string }[]): string[] => cameras.map(({ id }) => id)

export function cameraData(
  { id, name, cellCode }: { id: string; name: string; cellCode: string },
  state: CameraState,
  since: Date,
  reason: string | undefined,
): CameraEvent {
  return { id, name, cellCode, state, since: toInstant(since.getTime()), ...(reason === undefined ? {} : { reason }) }
}

export function cameraEvent(...[camera, state, since, reason]: Parameters<typeof cameraData>): NewLiveEvent {
  return { kind: 'camera', data: cameraData(camera, state, since, reason), cellCode: camera.cellCode }
}
