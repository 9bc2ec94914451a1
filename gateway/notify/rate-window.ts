/** Over which providers count. */
export const WINDOW_MS = 60_000

/** Messages of the last minute against the provider's limit. Times are wall clock, ms, so that they can be stored. */
export class RateWindow {
  #times: number[]

  constructor(times: readonly number[]) {
    this.#times = [...times]
  }

  /** When the next message may go: now, or the time at which the oldest of a full window is a minute old. */
  freeAt(nowMs: number, limit: number): number {
    // A wall clock that was set back must not hold messages for longer than a window.
    this.#times = this.#times.filter((at) => at > nowMs - WINDOW_MS && at <= nowMs)
    const blocking = this.#times.at(-limit)
    return blocking === undefined ? nowMs : blocking + WINDOW_MS
  }

  take(nowMs: number): void {
    this.#times.push(nowMs)
  }
}
