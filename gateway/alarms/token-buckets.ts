import type { Clock } from '../clock.ts'

/** Keys remembered; a full bucket needs no memory, so forgetting the oldest is generous, never strict. */
const MAX_KEYS = 10_000

/** A token bucket for each key. */
export class TokenBuckets {
  readonly #clock: Clock
  readonly #rate: { perSecond: number; burst: number }
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(clock: Clock, rate: { perSecond: number; burst: number }) {
    this.#clock = clock
    this.#rate = rate
  }

  /** Takes one token. @returns whether there was one */
  take(key: string): boolean {
    const { perSecond, burst } = this.#rate
    const atMs = this.#clock.monotonicMs()
    const before = this.#buckets.get(key) ?? { tokens: burst, atMs }
    const tokens = Math.min(burst, before.tokens + ((atMs - before.atMs) / 1000) * perSecond)
    const isGranted = tokens >= 1
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: isGranted ? tokens - 1 : tokens, atMs })
    const oldest = this.#buckets.size > MAX_KEYS ? this.#buckets.keys().next().value : undefined
    if (oldest !== undefined) this.#buckets.delete(oldest)
    return isGranted
  }
}
