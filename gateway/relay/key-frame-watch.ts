import type { Clock } from '../clock.ts'

/** How far key frames are apart; `atLeast` where the next one was not waited for. */
export interface KeyFrames {
  intervalMs: number
  atLeast: boolean
}

const TICKS_PER_MS = 90

/** Sees the pictures of a stream from PLAY on, and measures the way from one key frame to the next. */
export class KeyFrameWatch {
  readonly #clock: Clock
  readonly #second = Promise.withResolvers<void>()
  #pictures = 0
  #firstTicks: number | undefined
  #firstAtMs = 0
  #intervalMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Pictures of any kind so far. */
  get pictures(): number {
    return this.#pictures
  }

  /** @param ticks 90 kHz */
  take(ticks: number, isKey: boolean): void {
    this.#pictures += 1
    if (!isKey || this.#intervalMs !== undefined) return
    if (this.#firstTicks === undefined) {
      this.#firstTicks = ticks
      this.#firstAtMs = this.#clock.monotonicMs()
    } else {
      // Of twins with one timestamp the second is no next one.
      if (ticks <= this.#firstTicks) return
      this.#intervalMs = Math.round((ticks - this.#firstTicks) / TICKS_PER_MS)
      this.#second.resolve()
    }
  }

  /** Waits for the next key frame after the first, up to `limitMs`. Rejects only with the signal's reason. */
  async measure(limitMs: number, signal: AbortSignal): Promise<KeyFrames> {
    const done = new AbortController()
    const late = this.#clock.sleep(limitMs, AbortSignal.any([signal, done.signal]))
    late.catch(() => {}) // the next key frame came, or the signal says so below
    await Promise.race([this.#second.promise, late])
    done.abort()
    if (this.#intervalMs !== undefined) return { intervalMs: this.#intervalMs, atLeast: false }
    return { intervalMs: Math.round(this.#clock.monotonicMs() - this.#firstAtMs), atLeast: true }
  }
}
