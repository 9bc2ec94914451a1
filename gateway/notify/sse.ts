import { PassThrough } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Principal, Role } from '../contracts/identity.ts'
import type { Database } from '../storage/database.ts'
import type { Words } from '../words.ts'
import type { EventReader } from './event-reader.ts'
import { eventSpan, readEvents, type StoredEvent } from './store.ts'
import { maySee } from './visibility.ts'

/** Proxies and dead peers show themselves by it. */
const HEARTBEAT_MS = 15_000
/** Whoever missed more reads its lists again. */
export const MAX_REPLAY_EVENTS = 10_000
/** A page of the largest events stays below the backlog that cuts a reader. */
const REPLAY_PAGE_EVENTS = 100
export const MAX_CONNECTIONS_PER_SESSION = 6
const MAX_CONNECTIONS = 2000
/** A reader this far behind is cut; it comes back with its Last-Event-ID. */
export const MAX_BACKLOG_BYTES = 256 * 1024
/** Who may listen is asked again at every connection, so no connection lives for ever. */
const MAX_CONNECTION_MS = 10 * 60_000
/** What a browser waits before it comes back. */
const RETRY_MS = 1000

export interface LiveConnectionsDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  reader: EventReader
}

interface Connection {
  principal: Principal
  stream: PassThrough
  openedMs: number
  /** While old events are read, new ones wait here; undefined afterwards. */
  waiting: StoredEvent[] | undefined
}

export type Opened = { kind: 'opened'; stream: PassThrough } | { kind: 'refused'; why: Words }

/** Server-sent events (WHATWG HTML §9.2): who listens, what they missed, and their end. */
export class LiveConnections {
  readonly #deps: LiveConnectionsDeps
  readonly #open = new Set<Connection>()
  readonly #stop = new AbortController()
  #beating: Promise<void> = Promise.resolve()
  #unlisten: () => void = () => {}

  constructor(deps: LiveConnectionsDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#unlisten = this.#deps.reader.listen((events) => this.#deliver(events))
    this.#beating = this.#beat()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#unlisten()
    this.endAll()
    await this.#beating
  }

  open(principal: Principal, lastSeen: bigint | undefined): Opened {
    if (this.#stop.signal.aborted)
      return { kind: 'refused', why: { zh: '网关正在停止', en: 'the gateway is stopping' } }
    if (this.#open.size >= MAX_CONNECTIONS) {
      const why = { zh: `已有 ${MAX_CONNECTIONS} 个连接`, en: `${MAX_CONNECTIONS} connections are open` }
      return { kind: 'refused', why }
    }
    const mine = [...this.#open].filter((other) => other.principal.sessionId === principal.sessionId)
    if (mine.length >= MAX_CONNECTIONS_PER_SESSION) {
      const why = {
        zh: `本次登录已有 ${MAX_CONNECTIONS_PER_SESSION} 个事件连接`,
        en: `this session has ${MAX_CONNECTIONS_PER_SESSION} event connections already`,
      }
      return { kind: 'refused', why }
    }
    const stream = new PassThrough()
    const connection: Connection = {
      principal,
      stream,
      openedMs: this.#deps.clock.monotonicMs(),
      waiting: lastSeen === undefined ? undefined : [],
    }
    this.#open.add(connection)
    stream.on('close', () => this.#open.delete(connection))
    stream.on('error', () => this.#open.delete(connection))
    const { position } = this.#deps.reader
    // An id without data moves the browser's Last-Event-ID and shows nothing.
    stream.write(`retry: ${RETRY_MS}\n${lastSeen === undefined ? `id: ${position}\n` : ''}\n`)
    if (lastSeen !== undefined) void this.#replay(connection, lastSeen, position)
    return { kind: 'opened', stream }
  }

  endSessions(ended: { sessionId?: string; principalId?: string }): void {
    for (const connection of this.#open) {
      const { principal } = connection
      if (principal.sessionId === ended.sessionId || principal.id === ended.principalId) this.#end(connection)
    }
  }

  /** People of a role who listen now. */
  count(role: Role): number {
    const people = [...this.#open].flatMap(({ principal }) =>
      principal.kind === 'user' && principal.roles.includes(role) ? principal.id : [],
    )
    return new Set(people).size
  }

  endAll(): void {
    for (const connection of this.#open) this.#end(connection)
  }

  #end(connection: Connection): void {
    this.#open.delete(connection)
    connection.stream.end()
  }

  #deliver(events: readonly StoredEvent[]): void {
    for (const event of events) {
      const frame = frameOf(event)
      for (const connection of this.#open) {
        if (!maySee(connection.principal, event)) continue
        if (connection.waiting === undefined) this.#write(connection, frame)
        else if (connection.waiting.length < MAX_REPLAY_EVENTS) connection.waiting.push(event)
        else this.#drop(connection)
      }
    }
  }

  #write(connection: Connection, frame: string): void {
    const { stream } = connection
    if (stream.writableEnded || stream.destroyed) return
    stream.write(frame)
    if (stream.writableLength + stream.readableLength > MAX_BACKLOG_BYTES) this.#drop(connection)
  }

  /** Cut without an end: what is buffered is lost and will be replayed. */
  #drop(connection: Connection): void {
    this.#open.delete(connection)
    connection.stream.destroy()
    this.#deps.log.warn({ principal: connection.principal.id }, 'a reader of live events was too slow and was cut')
  }

  /** Sends what lies after `lastSeen` and up to `upTo`, then what arrived meanwhile. */
  async #replay(connection: Connection, lastSeen: bigint, upTo: bigint): Promise<void> {
    try {
      const { oldest, newest } = await eventSpan(this.#deps.database)
      const isGone = lastSeen > newest || (lastSeen < upTo && (oldest === undefined || oldest > lastSeen + 1n))
      if (isGone || upTo - lastSeen > BigInt(MAX_REPLAY_EVENTS)) {
        this.#write(connection, `id: ${upTo}\nevent: reset\ndata: {}\n\n`)
      } else {
        await this.#replayPages(connection, lastSeen, upTo)
      }
      const arrived = connection.waiting ?? []
      connection.waiting = undefined
      for (const event of arrived) if (event.number > lastSeen) this.#write(connection, frameOf(event))
    } catch (error) {
      this.#deps.log.error({ err: error }, 'missed events could not be read')
      this.#drop(connection)
    }
  }

  async #replayPages(connection: Connection, lastSeen: bigint, upTo: bigint): Promise<void> {
    for (let after = lastSeen; after < upTo; ) {
      const { events, last } = await readEvents(this.#deps.database, { after, upTo }, REPLAY_PAGE_EVENTS)
      if (last === undefined) return
      for (const event of events) {
        if (maySee(connection.principal, event)) this.#write(connection, frameOf(event))
      }
      after = last
      if (!(await this.#drained(connection))) return
    }
  }

  /** Waits for the reader between pages of a replay, as long as one heartbeat. @returns whether it is still there */
  async #drained({ stream }: Connection): Promise<boolean> {
    if (stream.destroyed || stream.writableEnded) return false
    if (!stream.writableNeedDrain) return true
    const timer = new AbortController()
    const drained = new Promise<void>((resolve) => {
      stream.once('drain', resolve)
      stream.once('close', resolve)
    })
    const slept = this.#deps.clock.sleep(HEARTBEAT_MS, AbortSignal.any([timer.signal, this.#stop.signal]))
    await Promise.race([drained, slept.catch(() => {})])
    timer.abort()
    return !stream.destroyed
  }

  /** Carries the position too, so that events this reader may not see are not searched again for it. */
  #heartbeat({ waiting }: Connection): string {
    return waiting === undefined ? `: heartbeat\nid: ${this.#deps.reader.position}\n\n` : ': heartbeat\n\n'
  }

  async #beat(): Promise<void> {
    const { clock } = this.#deps
    const { signal } = this.#stop
    while (!signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, signal).catch(() => {})
      const now = clock.monotonicMs()
      for (const connection of this.#open) {
        if (now - connection.openedMs >= MAX_CONNECTION_MS) this.#end(connection)
        else this.#write(connection, this.#heartbeat(connection))
      }
    }
  }
}

const frameOf = ({ number, event, dataJson }: StoredEvent): string =>
  `id: ${number}\nevent: ${event.kind}\ndata: ${dataJson}\n\n`
