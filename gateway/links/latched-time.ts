import type { Clock } from '../clock.ts'

/** A wall clock this much behind its own monotonic clock is being slewed, not set back. */
const SLEW_MS = 2_000

/**
 * Wall time that never goes back: where the clock was set back, time goes on from the latest moment seen, at the pace of
 * the monotonic clock. A consent that was over stays over, in this process and, through `raise`, after a restart.
 */
export class LatchedTime {
  readonly #clock: Clock
  #latestMs = Number.NEGATIVE_INFINITY
  #monotonicMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes up the latest moment that the store has seen. */
  raise(toMs: number): void {
    this.#latestMs = Math.max(this.now(), toMs)
  }

  /** UTC milliseconds, whole, never less than before. */
  now(): number {
    const [wallMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonicMs()]
    const expectedMs = this.#latestMs + (monotonicMs - this.#monotonicMs)
    const wasSetBack = expectedMs - wallMs > SLEW_MS
    this.#latestMs = Math.round(wasSetBack ? expectedMs : Math.max(this.#latestMs, wallMs))
    this.#monotonicMs = monotonicMs
    return this.#latestMs
  }
}
