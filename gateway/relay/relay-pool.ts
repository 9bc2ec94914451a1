import type { Clock } from '../clock.ts'
import { SlabPool } from '../cmaf/slab.ts'
import type { Dialer } from '../dial.ts'
import type { StreamSource } from '../rtsp/session.ts'
import { FfmpegRunner } from './ffmpeg.ts'
import { Relay, type RelayHealth } from './relay.ts'
import { type OpenFigures, type StreamMeasures, StreamRecord } from './stream-record.ts'

export type { StreamSource } from '../rtsp/session.ts'

export interface RelayLease {
  readonly relay: Relay
  /** More calls do nothing. */
  release(): void
}

export interface RelayPoolOptions {
  dialer: Dialer
  clock: Clock
  /** How long a relay outlives its last viewer, ms. */
  lingerMs?: number
  /** Media listed in playlists, seconds; never less than six. */
  listedSeconds?: number
  onState?(streamId: string, health: RelayHealth): void
  /** In [0, 1). */
  random?(): number
}

const LINGER_MS = 30_000
/** Of more streams than any gateway carries, the oldest records go. */
const MAX_RECORDS = 20_000

export interface StreamFigures {
  reconnects: number
  receivedPackets: number
  lostPackets: number
  opens: OpenFigures
  /** As they were when it was last fetched; of the present, see `now`. */
  measures: StreamMeasures
  /** Only while the stream is fetched. */
  now?: RelayHealth
}

interface Entry {
  relay: Relay
  leases: number
  abort: AbortController
  done: Promise<void>
  linger: AbortController | undefined
}

/** One relay a stream, started on demand and shared by all who watch it. */
export class RelayPool {
  readonly #options: RelayPoolOptions
  readonly #slabs = new SlabPool()
  readonly #ffmpeg = new FfmpegRunner()
  readonly #entries = new Map<string, Entry>()
  /** Relays that were ended and still say goodbye to their camera. */
  readonly #leaving = new Set<Promise<void>>()
  readonly #records = new Map<string, StreamRecord>()
  #closed = false

  constructor(options: RelayPoolOptions) {
    this.#options = options
  }

  /**
   * @param source asked at every connection attempt, so a changed password is taken up
   * @param sound  true where the link covers it; else the camera is not asked for it
   */
  acquire(streamId: string, source: () => Promise<StreamSource>, { sound = false } = {}): RelayLease {
    if (this.#closed) throw new Error('the relay pool is closed')
    const entry = this.#entries.get(streamId) ?? this.#start(streamId, source)
    if (sound) entry.relay.wantSound()
    entry.leases++
    entry.linger?.abort()
    entry.linger = undefined
    let held = true
    return {
      relay: entry.relay,
      release: () => {
        if (!held) return
        held = false
        entry.leases--
        if (entry.leases === 0) void this.#lingerOn(streamId, entry)
      },
    }
  }

  *running(): Iterable<[string, Relay]> {
    for (const [streamId, { relay }] of this.#entries) yield [streamId, relay]
  }

  /** What is known of a stream since the gateway started; undefined if it was never fetched. */
  figures(streamId: string): StreamFigures | undefined {
    const record = this.#records.get(streamId)
    if (record === undefined) return undefined
    const now = this.#entries.get(streamId)?.relay.health()
    const { reconnects, receivedPackets, lostPackets } = now ?? record
    const { measures } = record
    const opens = record.opens()
    return { reconnects, receivedPackets, lostPackets, opens, measures, ...(now === undefined ? {} : { now }) }
  }

  /** Media held for viewers of all streams. */
  get windowBytes(): number {
    let bytes = 0
    for (const { relay } of this.#entries.values()) bytes += relay.windowBytes
    return bytes
  }

  /** Memory taken for media, in use or kept free. */
  get slabBytes(): number {
    return this.#slabs.usedBytes + this.#slabs.freeBytes
  }

  /** Ends a stream now, whoever watches: its camera was deleted or its address changed. */
  end(streamId: string): void {
    const entry = this.#entries.get(streamId)
    if (entry === undefined) return
    this.#entries.delete(streamId)
    entry.linger?.abort()
    entry.abort.abort()
    this.#leaving.add(entry.done)
    void entry.done.then(() => this.#leaving.delete(entry.done))
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const streamId of [...this.#entries.keys()]) this.end(streamId)
    await Promise.all(this.#leaving)
  }

  #start(streamId: string, source: () => Promise<StreamSource>): Entry {
    const { dialer, clock, listedSeconds, random, onState } = this.#options
    const relay = new Relay({
      source,
      dialer,
      clock,
      slabs: this.#slabs,
      ffmpeg: this.#ffmpeg,
      record: this.#recordOf(streamId),
      ...(listedSeconds === undefined ? {} : { listedSeconds }),
      ...(random === undefined ? {} : { random }),
      ...(onState === undefined ? {} : { onState: (health) => onState(streamId, health) }),
    })
    const abort = new AbortController()
    const entry: Entry = { relay, leases: 0, abort, done: relay.run(abort.signal), linger: undefined }
    this.#entries.set(streamId, entry)
    return entry
  }

  #recordOf(streamId: string): StreamRecord {
    const record = this.#records.get(streamId) ?? new StreamRecord()
    this.#records.delete(streamId) // to the end: the least recently fetched go first
    this.#records.set(streamId, record)
    const [oldest] = this.#records.keys()
    if (this.#records.size > MAX_RECORDS && oldest !== undefined) this.#records.delete(oldest)
    return record
  }

  async #lingerOn(streamId: string, entry: Entry): Promise<void> {
    const linger = new AbortController()
    entry.linger = linger
    await this.#options.clock.sleep(this.#options.lingerMs ?? LINGER_MS, linger.signal).catch(() => undefined) // wanted again
    if (!linger.signal.aborted && this.#entries.get(streamId) === entry) this.end(streamId)
  }
}
