import type { Clock } from '../clock.ts'

/** A timer that is late is made up for up to this much; what a machine slept through is not sent in one burst. */
const CATCH_UP_MS = 100

/** So many a second and not more, whatever each of them takes. */
export class Pace {
  readonly #clock: Clock
  readonly #everyMs: number
  #nextMs: number

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#everyMs = 1000 / perSecond
    this.#nextMs = clock.monotonicMs()
  }

  /** Resolves when it is the next one's turn. Rejects only with the signal's reason. */
  async turn(signal: AbortSignal): Promise<void> {
    const waitMs = this.#nextMs - this.#clock.monotonicMs()
    this.#nextMs = Math.max(this.#nextMs, this.#clock.monotonicMs() - CATCH_UP_MS) + this.#everyMs
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
    else signal.throwIfAborted()
  }
}
