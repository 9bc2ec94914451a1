import { checkInit, checkPart } from './container-rules.ts'
import type { Fault } from './fault.ts'
import type { ListedPart, MediaList } from './media-list.ts'
import { checkMediaList, listedS } from './media-rules.ts'
import { checkDelta, checkUpdate } from './update-rules.ts'

/** Reads below the media playlist's own folder; undefined where the server has it no longer. */
export type Read = (uri: string) => Promise<Buffer | undefined>

/** Durations are written with five decimals; that of a part's last frame is foretold. */
const DURATION_TOLERANCE_S = 0.1

interface Promised {
  uri: string
  untilMs: number
}

/**
 * Follows one media playlist through its versions: each by itself, each against the one before, delta updates against
 * the full list, and everything that was listed for as long as it must be there to load (§6.2.2).
 */
export class Observer {
  readonly faults: Fault[] = []
  versions = 0
  loads = 0
  list: MediaList | undefined
  readonly #read: Read
  /** Segments by URI: when each came, and the longest list it stood in. */
  readonly #segments = new Map<string, { atMs: number; durationS: number; longestS: number }>()
  #seenMs: number | undefined
  readonly #parts = new Map<string, number | undefined>()

  readonly #clockMs: () => number

  /** @param clockMs of the media */
  constructor(read: Read, clockMs: () => number) {
    this.#read = read
    this.#clockMs = clockMs
  }

  /** @param delta the answer to `_HLS_skip=YES` at the same moment */
  async see(full: string, delta: string): Promise<void> {
    const nowMs = this.#clockMs()
    const { list, faults } = checkMediaList(full)
    const skipping = checkMediaList(delta)
    faults.push(...skipping.faults, ...checkDelta(list, skipping.list))
    if (this.list !== undefined) faults.push(...checkUpdate(this.list, list))
    this.versions++
    this.list = list
    this.faults.push(...faults)
    // What is new or gone now was so at some time since the last look: the earliest is what can be demanded.
    this.#remember(list, this.#seenMs ?? nowMs)
    this.#seenMs = nowMs
    for (const owed of [...this.#owed(list)]) if (nowMs <= owed.untilMs) await this.#load(owed)
  }

  /**
   * A segment is what its parts are, one behind the other; both are on offer for a while. Their boxes say what the
   * playlist says of them, and one part goes on where the one before it ended.
   */
  async compare(): Promise<void> {
    let end: { dsn: number; ticks: number } | undefined
    for (const segment of this.list?.segments ?? []) {
      const { uri, parts, map, dsn } = segment
      if (uri === undefined || parts.length === 0) continue
      const bytes = await Promise.all(parts.map((part) => this.#read(part.uri)))
      const whole = await this.#read(uri)
      if (whole === undefined || !Buffer.concat(bytes.map((part) => part ?? Buffer.alloc(0))).equals(whole))
        this.faults.push({ rule: '4.4.4.9', why: `${uri} is not what its parts are` })
      const init = await this.#read(map ?? '')
      if (init === undefined) continue
      const { timescale } = checkInit(init, this.faults)
      for (const [i, part] of parts.entries()) {
        const ticks = this.#look(part, bytes[i], timescale, end?.dsn === dsn ? end.ticks : undefined)
        end = { dsn, ticks }
      }
    }
  }

  /** Bits a second of the busiest segment that is listed now; one of less than half a target duration says nothing (§4.4.6.2). */
  async peakBps(): Promise<number> {
    const leastS = (this.list?.targetS ?? 0) / 2
    const rates = (this.list?.segments ?? []).map(async ({ uri, durationS = 0 }) =>
      uri === undefined || durationS < leastS ? 0 : (((await this.#read(uri))?.length ?? 0) * 8) / durationS,
    )
    return Math.max(0, ...(await Promise.all(rates)))
  }

  /** @returns where it ends */
  #look(part: ListedPart, bytes: Buffer | undefined, timescale: number, before: number | undefined): number {
    const { faults } = this
    if (bytes === undefined) return Number.NaN
    const { startTicks, durationTicks, endTicks, gapTicks, startsWithSync } = checkPart(bytes, part.uri, faults)
    const bad = (rule: string, why: string): void => void faults.push({ rule, why: `${part.uri}: ${why}` })
    if (part.independent !== startsWithSync)
      bad('4.4.4.9', `INDEPENDENT is ${part.independent}, it begins with ${startsWithSync ? 'a' : 'no'} sync sample`)
    const lastsS = durationTicks / timescale
    if (Math.abs(lastsS - part.durationS) > DURATION_TOLERANCE_S)
      bad('4.4.4.9', `said to last ${part.durationS} s, its samples last ${lastsS.toFixed(3)}`)
    const gapS = before === undefined ? 0 : (startTicks - before) / timescale
    if (Math.abs(gapS) > DURATION_TOLERANCE_S) bad('apple: continuous time stamps', `begins ${gapS.toFixed(3)} s off`)
    if (gapTicks / timescale > DURATION_TOLERANCE_S)
      bad('apple: continuous time stamps', `chunks ${(gapTicks / timescale).toFixed(3)} s off each other`)
    return endTicks
  }

  #remember(list: MediaList, nowMs: number): void {
    const longS = listedS(list.segments)
    for (const { uri, durationS } of list.segments) {
      if (uri === undefined || durationS === undefined) continue
      const known = this.#segments.get(uri)
      if (known === undefined) this.#segments.set(uri, { atMs: nowMs, durationS, longestS: longS })
      else known.longestS = Math.max(known.longestS, longS)
    }
    const listed = new Set(list.segments.flatMap(({ parts }) => parts.map((part) => part.uri)))
    for (const uri of listed) this.#parts.set(uri, undefined)
    for (const [uri, goneMs] of this.#parts) if (!listed.has(uri) && goneMs === undefined) this.#parts.set(uri, nowMs)
  }

  /** §6.2.2: the segment its Availability Duration long, a part for three target durations after it left the list. */
  *#owed(list: MediaList): Iterable<Promised> {
    for (const [uri, { atMs, durationS, longestS }] of this.#segments)
      yield { uri, untilMs: atMs + (durationS + longestS) * 1000 }
    for (const [uri, goneMs] of this.#parts)
      yield { uri, untilMs: goneMs === undefined ? Number.POSITIVE_INFINITY : goneMs + 3000 * list.targetS }
  }

  async #load({ uri, untilMs }: Promised): Promise<void> {
    this.loads++
    const bytes = await this.#read(uri)
    const nowMs = this.#clockMs()
    if (bytes !== undefined || nowMs > untilMs) return
    this.faults.push({ rule: '6.2.2', why: `${uri} is gone already, at ${nowMs} ms` })
    this.#segments.delete(uri)
    this.#parts.delete(uri)
  }
}
