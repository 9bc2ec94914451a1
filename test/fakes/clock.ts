import type { Clock } from '../../gateway/clock.ts'

interface Sleeper {
  dueMs: number
  wake: () => void
}

/** A clock that moves only when told; wall and monotonic time move together unless the wall is set. */
export class FakeClock implements Clock {
  #monotonicMs = 0
  #wallOffsetMs: number
  #sleepers: Sleeper[] = []

  constructor(startMs = Date.UTC(2026, 2, 2, 6, 3, 27)) {
    this.#wallOffsetMs = startMs
  }

  now(): number {
    return this.#wallOffsetMs + this.#monotonicMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { dueMs: this.#monotonicMs + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  /** Moves time forward and wakes whoever is due, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonicMs + ms
    for (;;) {
      const next = this.#sleepers.filter(({ dueMs }) => dueMs <= until).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined) break
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1)
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs)
      next.wake()
      await new Promise(setImmediate)
    }
    this.#monotonicMs = until
    await new Promise(setImmediate)
  }

  /** Sets the wall clock, as an operator or NTP would. */
  setWall(ms: number): void {
    this.#wallOffsetMs = ms - this.#monotonicMs
  }
}
