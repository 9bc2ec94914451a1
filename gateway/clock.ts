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
  // By hand: that of `node:timers/promises` makes three times as many objects, and every stream sleeps twice a second.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal.addEventListener('abort', onAbort)
    }),
}
