import type { Chunk } from '../cmaf/chunk.ts'
import { TIMESCALE } from '../media.ts'
import { Part } from './part.ts'
import { durationS, PARTS_LISTED_S, type Segment, TARGET_DURATION_S } from './playlist.ts'

/** At least three target durations must be listed (RFC 8216bis §6.2.2). */
const MIN_LISTED_S = 3 * TARGET_DURATION_S
/** A part that left the list must be there for three target durations more (RFC 8216bis §6.2.2). */
const PART_GRACE_TICKS = 3 * TARGET_DURATION_S * TIMESCALE
/** Frames come a little earlier or later than their time stamps say. */
const ARRIVAL_SLACK_TICKS = TIMESCALE / 8
/** What is outdated goes at about the pace new parts come, so that the memory of the one serves the other. */
const PARTS_REMOVED_AT_ONCE = 2
/** Three seconds are four segments at the most, unless the camera's time stamps crawl. */
const MAX_SEGMENTS_WITH_PARTS = 8
/** Whatever a camera sends, its window is not larger. */
const MAX_WINDOW_BYTES = 48 * 1024 * 1024

/** The last segments of a stream: those that are listed and, before them, those that players may still ask for. */
export class SegmentList {
  readonly #listedS: number
  #segments: Segment[] = []
  /** Chunks of the part that grows at the end of the newest segment. */
  #growing: Chunk[] = []
  /** Index of the first listed one; those before it are in grace. */
  #listedFrom = 0
  #nextMsn = 0
  #sizeBytes = 0

  /** @param listedSeconds of media; never less than three target durations */
  constructor(listedSeconds = MIN_LISTED_S) {
    this.#listedS = Math.max(MIN_LISTED_S, listedSeconds)
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get listed(): readonly Segment[] {
    return this.#segments.slice(this.#listedFrom)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The newest chunk that starts with a key frame. */
  get newestKeyChunk(): Chunk | undefined {
    const growing = this.#growing.findLast(startsWithKey)
    if (growing !== undefined) return growing
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const { parts = [] } = this.#segments[i] ?? {}
      for (let at = parts.length - 1; at >= 0; at--) {
        const chunk = parts[at]?.chunks.findLast(startsWithKey)
        if (chunk !== undefined) return chunk
      }
    }
    return undefined
  }

  /** From this one on, each with the segment that it is of. */
  *chunksFrom(first: Chunk): Iterable<[Chunk, Segment]> {
    for (const segment of this.#segments) {
      for (const { chunks } of segment.parts)
        for (const chunk of chunks) if (chunk.facts.id >= first.facts.id) yield [chunk, segment]
    }
    const newest = this.#segments.at(-1)
    if (newest === undefined) return
    for (const chunk of this.#growing) if (chunk.facts.id >= first.facts.id) yield [chunk, newest]
  }

  /** The newest part, as the other rendition's playlist reports it. */
  get edge(): { lastMsn: number; lastPart: number } | undefined {
    const segment = this.#segments.findLast(({ parts }) => parts.length > 0)
    return segment && { lastMsn: segment.msn, lastPart: segment.parts.length - 1 }
  }

  byMsn(msn: number): Segment | undefined {
    return this.#segments[msn - (this.#segments[0]?.msn ?? 0)]
  }

  partById(id: number): Part | undefined {
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const parts = this.#segments[i]?.parts ?? []
      const part = parts[id - (parts[0]?.facts.id ?? 0)]
      if (part !== undefined && part.facts.id === id) return part
    }
    return undefined
  }

  start(facts: { discontinuitySequence: number; startedAtMs: number; initId: number }): void {
    this.#segments.push({
      ...facts,
      msn: this.#nextMsn++,
      parts: [],
      durationTicks: undefined,
      partsTicks: 0,
      wholeAtTicks: undefined,
      isWhole: true,
      longestListTicks: 0,
      hasPartsListed: true,
      partsKeptUntilTicks: 0,
      sizeBytes: 0,
      wording: undefined,
    })
  }

  /** Takes over the caller's hold on the chunk: more of the part that grows. @returns false if no segment is open */
  append(chunk: Chunk): boolean {
    const segment = this.#segments.at(-1)
    if (segment === undefined) return false
    this.#growing.push(chunk)
    segment.sizeBytes += chunk.sizeBytes
    this.#sizeBytes += chunk.sizeBytes
    return true
  }

  /** Lists the part that grew; what need not be there any more goes. @returns false where nothing grew */
  endPart(id: number, durationTicks: number): boolean {
    const segment = this.#segments.at(-1)
    if (segment === undefined || this.#growing.length === 0) return false
    const part = new Part(id, durationTicks, this.#growing)
    this.#growing = []
    segment.parts.push(part)
    segment.partsTicks += part.facts.durationTicks
    this.#evict()
    this.#removeOutdated(part)
    return true
  }

  /** One without parts was never there. @returns true if the list is another one now */
  close(durationTicks: number): boolean {
    const segment = this.#segments.at(-1)
    if (segment === undefined || segment.durationTicks !== undefined) return false
    if (segment.parts.length === 0) {
      this.#segments.pop()
      this.#nextMsn--
      return false
    }
    segment.durationTicks = durationTicks
    this.#evict()
    const { listed } = this
    let listTicks = 0
    for (const { durationTicks: ticks = 0 } of listed) listTicks += ticks
    for (const one of listed) one.longestListTicks = Math.max(one.longestListTicks, listTicks)
    return true
  }

  /** Lets all parts go; numbers go on. */
  clear(): void {
    for (const segment of this.#segments) for (const part of segment.parts) part.release()
    for (const chunk of this.#growing) chunk.release()
    this.#segments = []
    this.#growing = []
    this.#listedFrom = 0
    this.#sizeBytes = 0
  }

  /** Peak over segments, or over a second where they are shorter, and average of all at hand. */
  get bitRates(): { peakBps: number; averageBps: number } {
    let peakBps = 1
    let bytes = 0
    let ticks = 0
    for (const { partsTicks, durationTicks, sizeBytes } of this.#segments) {
      const own = durationTicks ?? partsTicks
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
    const { startTicks, durationTicks, samples } = newest.facts
    const nowTicks = startTicks + durationTicks
    let ageS = 0
    for (let i = this.#segments.length - 1; i >= this.#listedFrom; i--) {
      const segment = this.#segments[i]
      if (segment === undefined) continue
      ageS += durationS(segment)
      // It was whole when the first frame of what follows it came.
      if (segment.durationTicks !== undefined) segment.wholeAtTicks ??= startTicks + durationTicks / samples
      const isRecent = ageS <= PARTS_LISTED_S && this.#segments.length - i <= MAX_SEGMENTS_WITH_PARTS
      if (!segment.hasPartsListed || isRecent) continue
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

  #removeFirst(): void {
    const segment = this.#segments.shift()
    if (segment === undefined) return
    this.#listedFrom--
    this.#sizeBytes -= segment.sizeBytes
    for (const part of segment.parts) part.release()
  }
}

const startsWithKey = ({ facts }: Chunk): boolean => facts.independent

function isOutdated(segment: Segment | undefined, nowTicks: number): boolean {
  if (segment?.durationTicks === undefined) return false
  const untilTicks = (segment.wholeAtTicks ?? 0) + segment.durationTicks + segment.longestListTicks
  return nowTicks > Math.max(untilTicks, segment.partsKeptUntilTicks)
}
