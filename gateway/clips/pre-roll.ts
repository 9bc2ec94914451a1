import { TIMESCALE } from '../media.ts'
import type { ClipChunk, ClipLease } from './sources.ts'

/** Whatever a camera sends, its last seconds are not larger. */
const MAX_HELD_BYTES = 32 * 1024 * 1024

interface Held {
  chunk: ClipChunk
  init: Buffer
  /** When it was there, by the monotonic clock: its last frame was taken about then. */
  atMs: number
}

/** Chunks that follow each other under one header, from a key frame on. */
export interface Stretch {
  init: Buffer
  chunks: readonly ClipChunk[]
  /** Monotonic, ms. */
  fromMs: number
  toMs: number
}

/**
 * The last seconds of one camera, in memory alone, so that a clip can begin before its alarm. Media are shared with those
 * who watch; nothing is copied.
 */
export class PreRoll {
  readonly #lease: ClipLease
  readonly #keepMs: number
  readonly #monotonicMs: () => number
  readonly #unsubscribe: () => void
  #held: Held[] = []
  #heldBytes = 0
  /** Clips under way need what came since then; older chunks may go. */
  readonly #wanted = new Set<{ sinceMs: number }>()
  #init: Buffer | undefined
  mimeType: string | undefined
  hasEnded = false

  /** @param keepMs how much is kept while no clip is under way */
  constructor(lease: ClipLease, keepMs: number, monotonicMs: () => number) {
    this.#lease = lease
    this.#keepMs = keepMs
    this.#monotonicMs = monotonicMs
    this.#unsubscribe = lease.relay.subscribe({
      init: ({ bytes }) => {
        this.#init = bytes
      },
      chunk: (chunk) => this.#take(chunk),
      end: () => {
        this.hasEnded = true
      },
    })
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Keeps what comes from `sinceMs` on until the answer is called. */
  want(sinceMs: number): () => void {
    const want = { sinceMs }
    this.#wanted.add(want)
    return () => this.#wanted.delete(want)
  }

  /**
   * What was shown between two moments (monotonic, ms), from the last key frame before the first on; where the header
   * changed in between, the stretch that reaches furthest. Undefined where there is nothing. The chunks are retained for
   * the caller.
   */
  take(fromMs: number, toMs: number): Stretch | undefined {
    const until = this.#held.filter(({ atMs }) => atMs <= toMs)
    const last = until.at(-1)
    if (last === undefined || last.atMs < fromMs) return undefined
    const same = until.filter(({ init }) => init.equals(last.init))
    const begins = same.findLastIndex(({ chunk, atMs }) => chunk.facts.independent && beganMs(chunk, atMs) <= fromMs)
    const first = begins === -1 ? same.findIndex(({ chunk }) => chunk.facts.independent) : begins
    const taken = first === -1 ? [] : same.slice(first)
    const [head, tail] = [taken[0], taken.at(-1)]
    if (head === undefined || tail === undefined) return undefined
    for (const { chunk } of taken) chunk.retain()
    return {
      init: last.init,
      chunks: taken.map(({ chunk }) => chunk),
      fromMs: beganMs(head.chunk, head.atMs),
      toMs: tail.atMs,
    }
  }

  close(): void {
    this.#unsubscribe()
    this.#lease.release()
    for (const { chunk } of this.#held) chunk.release()
    this.#held = []
    this.#heldBytes = 0
  }

  #take(chunk: ClipChunk): void {
    if (this.#init === undefined) return
    chunk.retain()
    const nowMs = this.#monotonicMs()
    this.#held.push({ chunk, init: this.#init, atMs: nowMs })
    this.#heldBytes += chunk.sizeBytes
    const sinceMs = Math.min(nowMs - this.#keepMs, ...[...this.#wanted].map((want) => want.sinceMs))
    // The list begins with a key frame that lies at or before what is wanted.
    const keep = this.#held.findLastIndex(
      (held) => held.chunk.facts.independent && beganMs(held.chunk, held.atMs) <= sinceMs,
    )
    this.#drop(keep)
    while (this.#heldBytes > MAX_HELD_BYTES && this.#held.length > 1) this.#drop(1)
  }

  #drop(count: number): void {
    for (const { chunk } of this.#held.splice(0, Math.max(0, count))) {
      this.#heldBytes -= chunk.sizeBytes
      chunk.release()
    }
  }
}

const durationMs = (ticks: number): number => (ticks * 1000) / TIMESCALE

const beganMs = ({ facts }: ClipChunk, atMs: number): number => atMs - durationMs(facts.durationTicks)
