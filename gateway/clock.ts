import { setTimeout as delay } from 'node:timers/promises'

/** Time as an argument: wall clock for display and consent, monotonic clock for durations. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC; may jump when the host's clock is set. */
  now(): number
  /** Milliseconds that never jump; only differences mean anything. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal })
  },
}
