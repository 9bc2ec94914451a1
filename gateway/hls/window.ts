import { randomBytes } from 'node:crypto'
import type { Part } from '../cmaf/part.ts'
import { type AudioFormat, TIMESCALE, type VideoFormat } from '../media.ts'
import { found, type MediaAnswer, refused } from './answer.ts'
import {
  durationS,
  mediaPlaylist,
  multivariantPlaylist,
  PARTS_LISTED_S,
  type RenditionReport,
  type Segment,
  type SoundRendition,
  TARGET_DURATION_S,
} from './playlist.ts'
import { Waiters } from './waiters.ts'

/** At least three target durations must be listed (RFC 8216bis §6.2.2). */
const MIN_LISTED_S = 3 * TARGET_DURATION_S
/** A part that left the list must be there for three target durations more (RFC 8216bis §6.2.2). */
const PART_GRACE_TICKS = 3 * TARGET_DURATION_S * TIMESCALE
/** Frames come a little earlier or later than their time stamps say. */
const ARRIVAL_SLACK_TICKS = TIMESCALE / 8
/** What is outdated goes at the pace new parts come: given back all at once, slabs would be more than the pool keeps. */
const PARTS_REMOVED_AT_ONCE = 2
/** Whatever a camera sends, its window is not larger. */
const MAX_WINDOW_BYTES = 48 * 1024 * 1024
const HELD_MS = 3 * TARGET_DURATION_S * 1000
const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl'
const MEDIA_CACHE_S = 3600

export interface Init {
  id: number
  bytes: Buffer
  format: VideoFormat | AudioFormat
}

/** Takes parts as they are finished. A part kept past the call must be retained. */
export interface LiveSink {
  init(init: Init): void
  part(part: Part): void
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
  readonly #listedS: number
  readonly #monotonicMs: () => number
  readonly #waiters = new Waiters()
  readonly #sinks = new Set<LiveSink>()
  readonly #inits = new Map<number, Init>()
  #segments: Segment[] = []
  /** Index of the first listed one; those before it are in grace. */
  #listedFrom = 0
  #nextMsn = 0
  #nextInitId = 0
  #nextPartId = 0
  #partTargetTicks = 0
  #frameTicks = 1
  #sizeBytes = 0
  #rendered = new Map<string, Buffer>()
  #closed = false

  constructor(options: WindowOptions) {
    this.#kind = options.kind ?? 'video'
    this.#options = options
    this.#listedS = Math.max(MIN_LISTED_S, options.listedSeconds ?? MIN_LISTED_S)
    this.#monotonicMs = options.monotonicMs
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get init(): Init | undefined {
    return this.#inits.get(this.#nextInitId - 1)
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  /** The newest part that starts with a key frame. */
  get newestKeyPart(): Part | undefined {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const part = this.#segments[i]?.parts.findLast((candidate) => candidate.facts.independent)
      if (part !== undefined) return part
    }
    return undefined
  }

  /** The newest part, as the other rendition's playlist reports it. */
  get edge(): { lastMsn: number; lastPart: number } | undefined {
    const segment = this.#segments.findLast(({ parts }) => parts.length > 0)
    return segment && { lastMsn: segment.msn, lastPart: segment.parts.length - 1 }
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
    const initId = this.#nextInitId - 1
    this.#segments.push({
      ...facts,
      msn: this.#nextMsn++,
      parts: [],
      durationTicks: undefined,
      wholeAtTicks: undefined,
      isWhole: true,
      longestListTicks: 0,
      hasPartsListed: true,
      partsKeptUntilTicks: 0,
      initId,
      sizeBytes: 0,
    })
  }

  /** Takes over the caller's hold on the part. */
  append(part: Part): void {
    const segment = this.#segments.at(-1)
    if (segment === undefined || this.#closed) {
      part.release()
      return
    }
    segment.parts.push(part)
    segment.sizeBytes += part.sizeBytes
    this.#sizeBytes += part.sizeBytes
    this.#nextPartId = part.facts.id + 1
    this.#evict()
    this.#removeOutdated(part)
    this.#changed()
    for (const sink of this.#sinks) sink.part(part)
  }

  closeSegment(durationTicks: number): void {
    const segment = this.#segments.at(-1)
    if (segment === undefined || segment.durationTicks !== undefined) return
    if (segment.parts.length === 0) {
      this.#segments.pop()
      this.#nextMsn--
      return
    }
    segment.durationTicks = durationTicks
    this.#evict()
    this.#noteListLength()
    this.#changed()
  }

  /** Waits until there is a segment, without which players take no playlist. */
  async begun(signal: AbortSignal): Promise<void> {
    const there = (): boolean => this.#segments.some(({ durationTicks }) => durationTicks !== undefined)
    await this.#waiters.wait(there, this.#monotonicMs() + HELD_MS, signal)
  }

  /** Lets all parts go; numbers go on. */
  clear(): void {
    for (const segment of this.#segments) for (const part of segment.parts) part.release()
    this.#segments = []
    this.#listedFrom = 0
    this.#sizeBytes = 0
    this.#rendered.clear()
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

  /** Init first, then every part from the newest key frame on. @returns ends the subscription */
  subscribe(sink: LiveSink): () => void {
    if (this.#closed) {
      sink.end()
      return () => {}
    }
    const key = this.newestKeyPart
    const holder = this.#segments.findLastIndex((segment) => segment.parts.some((part) => part === key))
    const init = this.#inits.get(this.#segments[holder]?.initId ?? this.#nextInitId - 1)
    if (init !== undefined) sink.init(init)
    if (key !== undefined) {
      for (const segment of this.#segments.slice(holder)) {
        for (const part of segment.parts) if (part.facts.id >= key.facts.id) sink.part(part)
      }
    }
    this.#sinks.add(sink)
    return () => this.#sinks.delete(sink)
  }

  /** @param path below the view's base; a playlist or hinted part that is not there yet is waited for */
  async read(path: string, query: ReadQuery, signal: AbortSignal): Promise<MediaAnswer> {
    if (this.#closed) return refused(503, 'stream-ended')
    if (path === 'index.m3u8') return this.#multivariant(query)
    if (!path.startsWith(`${this.prefix}/`)) return refused(404, 'not-found')
    const file = path.slice(this.prefix.length + 1)
    if (file === `${this.#kind}.m3u8`) return this.#playlist(query, signal)
    const [, kind = '', digits = ''] = /^(init-|s|p)(\d{1,15})\.(?:mp4|m4s)$/.exec(file) ?? []
    const id = Number(digits)
    if (kind === 'p') return this.#part(id, signal)
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
    return found(PLAYLIST_TYPE, 0, [Buffer.from(text)])
  }

  async #playlist({ msn, part, skip, sound }: ReadQuery, signal: AbortSignal): Promise<MediaAnswer> {
    if (this.#segments.length === 0) return refused(503, 'not-ready')
    if (msn === undefined && part !== undefined) return refused(400, 'part-without-msn')
    if (msn !== undefined) {
      if (!isCount(msn) || (part !== undefined && !isCount(part))) return refused(400, 'bad-reload-request')
      if (this.#isTooFarAhead(msn, part ?? 0)) return refused(400, 'too-far-ahead')
      const there = (): boolean => this.#has(msn, part)
      const outcome = await this.#waiters.wait(there, this.#monotonicMs() + HELD_MS, signal)
      if (outcome !== 'there') return refused(503, outcome)
    }
    const key = `${skip === true ? 'delta' : 'full'}${sound === true ? '+' : ''}`
    const known = this.#rendered.get(key)
    if (known !== undefined) return found(PLAYLIST_TYPE, 0, [known])
    const text = mediaPlaylist(
      {
        segments: this.#segments.slice(this.#listedFrom),
        partTargetTicks: this.#partTargetTicks,
        nextPartId: this.#nextPartId,
        sibling: sound === true ? this.#options.sibling?.() : undefined,
      },
      skip === true,
    )
    const bytes = Buffer.from(text)
    this.#rendered.set(key, bytes)
    return found(PLAYLIST_TYPE, 0, [bytes])
  }

  /** More than two past the last whole segment, or past the Advance Part Limit (RFC 8216bis §6.2.5.2). */
  #isTooFarAhead(msn: number, part: number): boolean {
    const open = this.#segments.at(-1)
    if (open === undefined || msn > open.msn + (open.durationTicks === undefined ? 1 : 2)) return true
    const limit = Math.ceil((3 * TIMESCALE) / Math.min(this.#partTargetTicks, TIMESCALE))
    return msn >= open.msn && part >= limit + (msn === open.msn ? open.parts.length : 0)
  }

  /** A part past the end of its segment means the first of the next one (RFC 8216bis §6.2.5.2). */
  #has(msn: number, part: number | undefined): boolean {
    const last = this.#segments.at(-1)
    if (last === undefined || msn < (this.#segments[0]?.msn ?? 0)) return true
    const segment = this.#segments[msn - (this.#segments[0]?.msn ?? 0)]
    if (segment === undefined) return false
    if (part === undefined) return segment.durationTicks !== undefined
    if (segment.parts.length > part) return true
    return segment.durationTicks !== undefined && last.msn > msn && (last.msn > msn + 1 || last.parts.length > 0)
  }

  async #part(id: number, signal: AbortSignal): Promise<MediaAnswer> {
    if (id > this.#nextPartId) return refused(404, 'not-found')
    if (id === this.#nextPartId) {
      const outcome = await this.#waiters.wait(() => this.#nextPartId > id, this.#monotonicMs() + HELD_MS, signal)
      if (outcome !== 'there') return refused(503, outcome)
    }
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const parts = this.#segments[i]?.parts ?? []
      const part = parts[id - (parts[0]?.facts.id ?? 0)]
      if (part !== undefined && part.facts.id === id) return found(this.#mediaType, MEDIA_CACHE_S, part.buffers, [part])
    }
    return refused(404, 'not-found')
  }

  #segment(msn: number): MediaAnswer {
    const segment = this.#segments[msn - (this.#segments[0]?.msn ?? 0)]
    if (segment?.durationTicks === undefined || !segment.isWhole) return refused(404, 'not-found')
    const buffers = segment.parts.flatMap((part) => part.buffers)
    return found(this.#mediaType, MEDIA_CACHE_S, buffers, [...segment.parts]) // the segment lets its parts go one by one
  }

  #initAnswer(id: number): MediaAnswer {
    const init = this.#inits.get(id)
    return init === undefined ? refused(404, 'not-found') : found(this.#mediaType, MEDIA_CACHE_S, [init.bytes])
  }

  get #mediaType(): string {
    return this.#kind === 'sound' ? 'audio/mp4' : 'video/mp4'
  }

  /** Peak over segments, or over a second where they are shorter, and average of all at hand. */
  get bitRates(): { peakBps: number; averageBps: number } {
    let peakBps = 1
    let bytes = 0
    let ticks = 0
    for (const { parts, durationTicks, sizeBytes } of this.#segments) {
      const own = durationTicks ?? parts.reduce((sum, part) => sum + part.facts.durationTicks, 0)
      bytes += sizeBytes
      ticks += own
      if (own > 0) peakBps = Math.max(peakBps, (sizeBytes * 8 * TIMESCALE) / Math.max(own, TIMESCALE))
    }
    return { peakBps, averageBps: Math.min(peakBps, (bytes * 8 * TIMESCALE) / Math.max(ticks, 1)) }
  }

  /**
   * The list keeps its seconds and always starts with a key frame, so a camera with rare key frames has a longer one;
   * the bound in bytes comes before both.
   */
  #evict(): void {
    const segments = this.#segments
    let ahead = 0
    for (let i = this.#listedFrom; i < segments.length; i++) ahead += (segments[i]?.durationTicks ?? 0) / TIMESCALE
    for (let i = this.#listedFrom; i < segments.length - 1; i++) {
      ahead -= (segments[i]?.durationTicks ?? 0) / TIMESCALE
      if (ahead < this.#listedS) break
      if (segments[i + 1]?.parts[0]?.facts.independent === true) this.#listedFrom = i + 1
    }
    while (this.#sizeBytes > MAX_WINDOW_BYTES && this.#segments.length > 1) {
      if (this.#listedFrom === 0) this.#listedFrom = 1
      this.#removeFirst()
    }
  }

  /**
   * A segment stays for its own duration and that of the longest list it stood in, counted from when it was whole, and for
   * three target durations after its parts left the list (RFC 8216bis §6.2.2). Media time is that of arrival here.
   */
  #removeOutdated(newest: Part): void {
    const nowTicks = newest.facts.startTicks + newest.facts.durationTicks
    let ageS = 0
    for (let i = this.#segments.length - 1; i >= this.#listedFrom; i--) {
      const segment = this.#segments[i]
      if (segment === undefined) continue
      ageS += durationS(segment)
      if (segment.durationTicks !== undefined) segment.wholeAtTicks ??= nowTicks
      if (!segment.hasPartsListed || ageS <= PARTS_LISTED_S) continue
      segment.hasPartsListed = false
      segment.partsKeptUntilTicks = nowTicks + PART_GRACE_TICKS
    }
    for (let i = 0; i < PARTS_REMOVED_AT_ONCE; i++) {
      const [first] = this.#segments
      if (first === undefined || this.#listedFrom === 0 || !isOutdated(first, nowTicks - ARRIVAL_SLACK_TICKS)) return
      this.#removeFirstPart(first)
    }
  }

  #removeFirstPart(segment: Segment): void {
    segment.isWhole = false
    const part = segment.parts.shift()
    if (part !== undefined) {
      segment.sizeBytes -= part.sizeBytes
      this.#sizeBytes -= part.sizeBytes
      part.release()
    }
    if (segment.parts.length === 0) this.#removeFirst()
  }

  #noteListLength(): void {
    const listed = this.#segments.slice(this.#listedFrom)
    let listTicks = 0
    for (const { durationTicks = 0 } of listed) listTicks += durationTicks
    for (const segment of listed) segment.longestListTicks = Math.max(segment.longestListTicks, listTicks)
  }

  #removeFirst(): void {
    const segment = this.#segments.shift()
    if (segment === undefined) return
    this.#listedFrom--
    this.#sizeBytes -= segment.sizeBytes
    for (const part of segment.parts) part.release()
    const oldest = this.#segments[0]?.initId ?? 0
    for (const id of this.#inits.keys()) if (id < oldest) this.#inits.delete(id)
  }

  #changed(): void {
    this.#rendered.clear()
    this.#waiters.wake()
  }
}

function isOutdated(segment: Segment | undefined, nowTicks: number): boolean {
  if (segment?.durationTicks === undefined) return false
  const untilTicks = (segment.wholeAtTicks ?? 0) + segment.durationTicks + segment.longestListTicks
  return nowTicks > Math.max(untilTicks, segment.partsKeptUntilTicks)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
