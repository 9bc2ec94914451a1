import type { Fault } from './fault.ts'
import type { MediaList } from './media-list.ts'
import { checkMediaList, listedS } from './media-rules.ts'
import { checkDelta, checkUpdate } from './update-rules.ts'

/** Reads below the media playlist's own folder; undefined where the server has it no longer. */
export type Read = (uri: string) => Promise<Buffer | undefined>

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

  /** A segment is what its parts are, one behind the other; both are on offer for a while. */
  async compare(): Promise<void> {
    for (const { uri, parts } of this.list?.segments ?? []) {
      if (uri === undefined || parts.length === 0) continue
      const bytes = await Promise.all(parts.map((part) => this.#read(part.uri)))
      const whole = await this.#read(uri)
      if (whole === undefined || !Buffer.concat(bytes.map((part) => part ?? Buffer.alloc(0))).equals(whole))
        this.faults.push({ rule: '4.4.4.9', why: `${uri} is not what its parts are` })
    }
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
