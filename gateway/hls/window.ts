import { randomBytes } from 'node:crypto'
import type { Chunk } from '../cmaf/chunk.ts'
import { inFewest } from '../cmaf/neighbours.ts'
import type { Ending } from '../ending.ts'
import { type AudioFormat, TIMESCALE, type VideoFormat } from '../media.ts'
import { found, foundText, type MediaAnswer, refused } from './answer.ts'
import {
  mediaPlaylist,
  multivariantPlaylist,
  type RenditionReport,
  type Segment,
  type SoundRendition,
  TARGET_DURATION_S,
} from './playlist.ts'
import { SegmentList } from './segment-list.ts'
import { Waiters } from './waiters.ts'

const HELD_MS = 3 * TARGET_DURATION_S * 1000
const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl'
const MEDIA_CACHE_S = 3600

export interface Init {
  id: number
  bytes: Buffer
  format: VideoFormat | AudioFormat
}

/** Takes chunks as they are finished, which is before their part is. A chunk kept past the call must be retained. */
export interface LiveSink {
  init(init: Init): void
  /** @param isPast a newer one follows at once: the stream had gone further before this sink came */
  chunk(chunk: Chunk, isPast: boolean): void
  /** Nothing more will come. */
  end(): void
}

export interface ReadQuery {
  msn?: number
  part?: number
  skip?: boolean
  /** The reader may have the sound: playlists then name it. */
  sound?: boolean
}

export interface WindowOptions {
  /** What it holds: names its playlist. */
  kind?: 'video' | 'sound'
  /** The sound beside a picture, while there is some. */
  sound?(): SoundRendition | undefined
  /** The other rendition, as seen from this one's playlist. */
  sibling?(): RenditionReport | undefined
  /** Media listed, seconds; never less than three target durations. */
  listedSeconds?: number
  monotonicMs(): number
}

/** The last seconds of a stream as parts and segments, and the playlists that list them (RFC 8216bis). */
export class Window {
  /** Differs for every muxing session, so that no cache mixes two. */
  readonly prefix = randomBytes(9).toString('base64url')
  readonly #kind: 'video' | 'sound'
  readonly #options: WindowOptions
  readonly #monotonicMs: () => number
  readonly #waiters = new Waiters()
  readonly #sinks = new Set<LiveSink>()
  readonly #inits = new Map<number, Init>()
  readonly #segments: SegmentList
  #nextInitId = 0
  #nextPartId = 0
  #partTargetTicks = 0
  #frameTicks = 1
  /** Playlists of the list as it is: whole, as a delta update, and both of them with sound. */
  #rendered: MediaAnswer[] = []
  #closed = false

  constructor(options: WindowOptions) {
    this.#kind = options.kind ?? 'video'
    this.#options = options
    this.#segments = new SegmentList(options.listedSeconds)
    this.#monotonicMs = options.monotonicMs
  }

  get sizeBytes(): number {
    return this.#segments.sizeBytes
  }

  get init(): Init | undefined {
    return this.#inits.get(this.#nextInitId - 1)
  }

  get segments(): readonly Segment[] {
    return this.#segments.all
  }

  /** What the newest segment holds so far. */
  get growing(): { sizeBytes: number; parts: number } {
    const segment = this.#segments.all.at(-1)
    return { sizeBytes: segment?.sizeBytes ?? 0, parts: segment?.parts.length ?? 0 }
  }

  get newestKeyChunk(): Chunk | undefined {
    return this.#segments.newestKeyChunk
  }

  get edge(): { lastMsn: number; lastPart: number } | undefined {
    return this.#segments.edge
  }

  get bitRates(): { peakBps: number; averageBps: number } {
    return this.#segments.bitRates
  }

  setInit(bytes: Buffer, format: Init['format']): number {
    const init = { id: this.#nextInitId++, bytes, format }
    this.#inits.set(init.id, init)
    for (const sink of this.#sinks) sink.init(init)
    return init.id
  }

  /**
   * How long frames and parts are. Players want the part target to stay as it was first told (RFC 8216bis §6.2.1), so
   * the segmenter makes a larger one only where a frame would not fit.
   */
  setPace(frameTicks: number, partTargetTicks: number): void {
    this.#frameTicks = frameTicks
    this.#partTargetTicks = partTargetTicks
  }

  startSegment(facts: { discontinuitySequence: number; startedAtMs: number }): void {
    this.#segments.start({ ...facts, initId: this.#nextInitId - 1 })
  }

  /** Takes over the caller's hold on the chunk. */
  append(chunk: Chunk): void {
    if (this.#closed || !this.#segments.append(chunk)) {
      chunk.release()
      return
    }
    for (const sink of this.#sinks) sink.chunk(chunk, false)
  }

  /** What was appended since the last one is a part. */
  endPart(durationTicks: number): void {
    if (!this.#segments.endPart(this.#nextPartId, durationTicks)) return
    this.#nextPartId++
    const oldest = this.segments[0]?.initId ?? 0
    if (this.#inits.size > 1) for (const id of this.#inits.keys()) if (id < oldest) this.#inits.delete(id)
    this.#changed()
  }

  closeSegment(durationTicks: number): void {
    if (this.#segments.close(durationTicks)) this.#changed()
  }

  /** Waits until there is a segment, without which players take no playlist. */
  async begun(ending: Ending): Promise<void> {
    const there = (): boolean => this.segments.some(({ durationTicks }) => durationTicks !== undefined)
    await this.#waiters.wait(there, this.#monotonicMs() + HELD_MS, ending)
  }

  /** Lets all parts go; numbers go on. */
  clear(): void {
    this.#segments.clear()
    this.#rendered = []
  }

  /** Ends held requests whose time is over. */
  expire(): void {
    this.#waiters.expire(this.#monotonicMs())
  }

  /** Drops everything; readers that hold parts keep them until they release. */
  close(): void {
    this.#closed = true
    this.#waiters.endAll()
    for (const sink of this.#sinks) sink.end()
    this.#sinks.clear()
    this.clear()
  }

  /** Init first, then every chunk from the newest key frame on. @returns ends the subscription */
  subscribe(sink: LiveSink): () => void {
    if (this.#closed) {
      sink.end()
      return () => {}
    }
    const key = this.newestKeyChunk
    const recent = key === undefined ? [] : [...this.#segments.chunksFrom(key)]
    const init = this.#inits.get(recent[0]?.[1].initId ?? this.#nextInitId - 1)
    if (init !== undefined) sink.init(init)
    for (const [at, [chunk]] of recent.entries()) sink.chunk(chunk, at < recent.length - 1)
    this.#sinks.add(sink)
    return () => this.#sinks.delete(sink)
  }

  /**
   * What is there is answered at once; a playlist or a hinted part that is not there yet is waited for.
   * @param path below the view's base
   */
  read(path: string, query: ReadQuery, ending: Ending): MediaAnswer | Promise<MediaAnswer> {
    if (this.#closed) return refused(503, 'stream-ended')
    if (path === 'index.m3u8') return this.#multivariant(query)
    if (!path.startsWith(`${this.prefix}/`)) return refused(404, 'not-found')
    const file = path.slice(this.prefix.length + 1)
    if (file === `${this.#kind}.m3u8`) return this.#playlist(query, ending)
    const [, kind = '', digits = ''] = /^(init-|s|p)(\d{1,15})\.(?:mp4|m4s)$/.exec(file) ?? []
    const id = Number(digits)
    if (kind === 'p') return this.#part(id, ending)
    if (kind === 's') return this.#segment(id)
    if (kind === 'init-') return this.#initAnswer(id)
    return refused(404, 'not-found')
  }

  #multivariant({ sound }: ReadQuery): MediaAnswer {
    const format = this.init?.format
    if (format === undefined || this.#nextPartId === 0) return refused(503, 'not-ready')
    if (format.codec === 'aac') return refused(404, 'not-found')
    const { codecString, width, height } = format
    const text = multivariantPlaylist({
      mediaUri: `${this.prefix}/video.m3u8`,
      codecString,
      width,
      height,
      ...this.bitRates,
      frameRate: TIMESCALE / this.#frameTicks,
      sound: sound === true ? this.#options.sound?.() : undefined,
    })
    return foundText(PLAYLIST_TYPE, text)
  }

  #playlist(query: ReadQuery, ending: Ending): MediaAnswer | Promise<MediaAnswer> {
    const { msn, part } = query
    if (this.segments.length === 0) return refused(503, 'not-ready')
    if (msn === undefined) return part === undefined ? this.#rendering(query) : refused(400, 'part-without-msn')
    if (!isCount(msn) || (part !== undefined && !isCount(part))) return refused(400, 'bad-reload-request')
    if (this.#isTooFarAhead(msn, part ?? 0)) return refused(400, 'too-far-ahead')
    return this.#onceThere(
      () => this.#has(msn, part),
      () => this.#rendering(query),
      ending,
    )
  }

  #onceThere(there: () => boolean, answer: () => MediaAnswer, ending: Ending): MediaAnswer | Promise<MediaAnswer> {
    const outcome = this.#waiters.wait(there, this.#monotonicMs() + HELD_MS, ending)
    if (outcome instanceof Promise) return outcome.then((known) => (known === 'there' ? answer() : refused(503, known)))
    return outcome === 'there' ? answer() : refused(503, outcome)
  }

  /** One text for all who ask before the list changes. */
  #rendering({ skip = false, sound = false }: ReadQuery): MediaAnswer {
    const kind = (skip ? 1 : 0) + (sound ? 2 : 0)
    const known = this.#rendered[kind]
    if (known !== undefined) return known
    const text = mediaPlaylist(
      {
        segments: this.#segments.listed,
        partTargetTicks: this.#partTargetTicks,
        nextPartId: this.#nextPartId,
        sibling: sound ? this.#options.sibling?.() : undefined,
      },
      skip,
    )
    const rendered = foundText(PLAYLIST_TYPE, text)
    this.#rendered[kind] = rendered
    return rendered
  }

  /** More than two past the last whole segment, or past the Advance Part Limit (RFC 8216bis §6.2.5.2). */
  #isTooFarAhead(msn: number, part: number): boolean {
    const open = this.segments.at(-1)
    if (open === undefined || msn > open.msn + (open.durationTicks === undefined ? 1 : 2)) return true
    const limit = Math.ceil((3 * TIMESCALE) / Math.min(this.#partTargetTicks, TIMESCALE))
    return msn >= open.msn && part >= limit + (msn === open.msn ? open.parts.length : 0)
  }

  /** A part past the end of its segment means the first of the next one (RFC 8216bis §6.2.5.2). */
  #has(msn: number, part: number | undefined): boolean {
    const last = this.segments.at(-1)
    if (last === undefined || msn < (this.segments[0]?.msn ?? 0)) return true
    const segment = this.#segments.byMsn(msn)
    if (segment === undefined) return false
    if (part === undefined) return segment.durationTicks !== undefined
    if (segment.parts.length > part) return true
    return segment.durationTicks !== undefined && last.msn > msn && (last.msn > msn + 1 || last.parts.length > 0)
  }

  #part(id: number, ending: Ending): MediaAnswer | Promise<MediaAnswer> {
    if (id > this.#nextPartId) return refused(404, 'not-found')
    const listed = (): MediaAnswer => {
      const part = this.#segments.partById(id)
      return part === undefined
        ? refused(404, 'not-found')
        : found(this.#mediaType, MEDIA_CACHE_S, part.buffers, [part])
    }
    if (id < this.#nextPartId) return listed()
    return this.#onceThere(() => this.#nextPartId > id, listed, ending)
  }

  #segment(msn: number): MediaAnswer {
    const segment = this.#segments.byMsn(msn)
    if (segment?.durationTicks === undefined || !segment.isWhole) return refused(404, 'not-found')
    const buffers = inFewest(segment.parts.flatMap((part) => part.buffers))
    return found(this.#mediaType, MEDIA_CACHE_S, buffers, [...segment.parts]) // the segment lets its parts go one by one
  }

  #initAnswer(id: number): MediaAnswer {
    const init = this.#inits.get(id)
    return init === undefined ? refused(404, 'not-found') : found(this.#mediaType, MEDIA_CACHE_S, [init.bytes])
  }

  get #mediaType(): string {
    return this.#kind === 'sound' ? 'audio/mp4' : 'video/mp4'
  }

  #changed(): void {
    this.#rendered = []
    this.#waiters.wake()
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
