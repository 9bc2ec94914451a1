import { availableParallelism } from 'node:os'
import type { Clock } from '../clock.ts'
import { SlabPool } from '../cmaf/slab.ts'
import type { Dialer } from '../dial.ts'
import type { StreamSource } from '../rtsp/session.ts'
import { FfmpegRunner } from './ffmpeg.ts'
import { Relay } from './relay.ts'
import { type RelayHealth, TICK_MS } from './relay-health.ts'
import { type OpenFigures, type StreamMeasures, StreamRecord } from './stream-record.ts'
import { TranscodeRelay } from './transcode-relay.ts'

export type { StreamSource } from '../rtsp/session.ts'

export interface RelayLease {
  readonly relay: Relay
  /** More calls do nothing. */
  release(): void
}

export interface TranscodeLease {
  readonly relay: TranscodeRelay
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
  /** Pictures transcoded at once; by default one a core. */
  maxTranscodes?: number
  onState?(streamId: string, health: RelayHealth): void
  /** In [0, 1). */
  random?(): number
}

const LINGER_MS = 30_000
/** A transcode costs too much to be kept long for nobody. */
const TRANSCODE_LINGER_MS = 5_000
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

interface Entry<Carried = Relay> {
  relay: Carried
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
  readonly #transcodes = new Map<string, Entry<TranscodeRelay>>()
  /** Relays that were ended and still say goodbye to their camera. */
  readonly #leaving = new Set<Promise<void>>()
  readonly #records = new Map<string, StreamRecord>()
  readonly #closing = new AbortController()
  #ticking: Promise<void> | undefined

  constructor(options: RelayPoolOptions) {
    this.#options = options
  }

  /**
   * @param source asked at every connection attempt, so a changed password is taken up
   * @param sound  true where the link covers it; else the camera is not asked for it
   */
  acquire(streamId: string, source: () => Promise<StreamSource>, { sound = false } = {}): RelayLease {
    if (this.#closing.signal.aborted) throw new Error('the relay pool is closed')
    const entry = this.#entries.get(streamId) ?? this.#start(streamId, source)
    if (sound) entry.relay.wantSound()
    return this.#lease(entry, this.#lingerMs, () => this.#entries.get(streamId) === entry && this.end(streamId))
  }

  /**
   * The same stream, its picture made into H.264; shared as well.
   * @returns undefined where as many as may are transcoded already
   */
  transcoded(
    streamId: string,
    source: () => Promise<StreamSource>,
    options = { sound: false },
  ): TranscodeLease | undefined {
    if (this.#closing.signal.aborted) throw new Error('the relay pool is closed')
    const known = this.#transcodes.get(streamId)
    if (known === undefined && !this.#hasRoom()) return undefined
    const entry = known ?? this.#startTranscode(streamId, source, options)
    const lingerMs = Math.min(TRANSCODE_LINGER_MS, this.#lingerMs)
    return this.#lease(entry, lingerMs, () => this.#transcodes.get(streamId) === entry && this.#endTranscode(streamId))
  }

  /** Pictures that are transcoded now. */
  get transcodes(): number {
    return this.#transcodes.size
  }

  get #lingerMs(): number {
    return this.#options.lingerMs ?? LINGER_MS
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
    for (const { relay } of this.#transcodes.values()) bytes += relay.windowBytes
    return bytes
  }

  /** Memory taken for media, in use or kept free. */
  get slabBytes(): number {
    return this.#slabs.usedBytes + this.#slabs.freeBytes
  }

  /** Ends a stream now, whoever watches: its camera was deleted or its address changed. */
  end(streamId: string): void {
    this.#endTranscode(streamId)
    const entry = this.#entries.get(streamId)
    this.#entries.delete(streamId)
    if (entry !== undefined) this.#leave(entry)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const streamId of [...this.#transcodes.keys()]) this.#endTranscode(streamId)
    for (const streamId of [...this.#entries.keys()]) this.end(streamId)
    await Promise.all(this.#leaving)
    await this.#ticking
  }

  /** All streams in one go: a timer for each would cost more than what it is for. */
  async #tickUntilClosed(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#options.clock.sleep(TICK_MS, signal).catch(() => undefined) // abort ends the loop
      for (const { relay } of this.#entries.values()) relay.tick()
      for (const { relay } of this.#transcodes.values()) relay.tick()
    }
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
    this.#ticking ??= this.#tickUntilClosed()
    return entry
  }

  #startTranscode(
    streamId: string,
    source: () => Promise<StreamSource>,
    options: { sound: boolean },
  ): Entry<TranscodeRelay> {
    const { clock, listedSeconds } = this.#options
    const base = this.acquire(streamId, source, options)
    const relay = new TranscodeRelay({
      source: base.relay,
      clock,
      slabs: this.#slabs,
      ...(listedSeconds === undefined ? {} : { listedSeconds }),
    })
    const abort = new AbortController()
    const done = relay.run(abort.signal).finally(() => base.release())
    const entry = { relay, leases: 0, abort, done, linger: undefined }
    this.#transcodes.set(streamId, entry)
    return entry
  }

  /** One that nobody watches any more makes room. */
  #hasRoom(): boolean {
    const limit = this.#options.maxTranscodes ?? availableParallelism()
    const idle = [...this.#transcodes].find(([, { leases }]) => leases === 0)
    if (this.#transcodes.size >= limit && idle !== undefined) this.#endTranscode(idle[0])
    return this.#transcodes.size < limit
  }

  #endTranscode(streamId: string): void {
    const entry = this.#transcodes.get(streamId)
    this.#transcodes.delete(streamId)
    if (entry !== undefined) this.#leave(entry)
  }

  #leave({ linger, abort, done }: Pick<Entry, 'linger' | 'abort' | 'done'>): void {
    linger?.abort()
    abort.abort()
    this.#leaving.add(done)
    void done.then(() => this.#leaving.delete(done))
  }

  /** @param end called when nobody has held it for `lingerMs` */
  #lease<Carried>(entry: Entry<Carried>, lingerMs: number, end: () => void): { relay: Carried; release(): void } {
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
        if (entry.leases === 0) void this.#lingerOn(entry, lingerMs, end)
      },
    }
  }

  #recordOf(streamId: string): StreamRecord {
    const record = this.#records.get(streamId) ?? new StreamRecord()
    this.#records.delete(streamId) // to the end: the least recently fetched go first
    this.#records.set(streamId, record)
    const [oldest] = this.#records.keys()
    if (this.#records.size > MAX_RECORDS && oldest !== undefined) this.#records.delete(oldest)
    return record
  }

  async #lingerOn(entry: Pick<Entry, 'linger' | 'abort'>, lingerMs: number, end: () => void): Promise<void> {
    if (entry.abort.signal.aborted) return
    const linger = new AbortController()
    entry.linger = linger
    await this.#options.clock.sleep(lingerMs, linger.signal).catch(() => undefined) // wanted again
    if (!linger.signal.aborted) end()
  }
}
