import type { Ending } from '../ending.ts'

/** Held requests of one stream; more is an attack. */
const MAX_WAITERS = 10_000

export type WaitOutcome = 'there' | 'timeout' | 'too-many-waiters' | 'aborted' | 'stream-ended'

interface Waiter {
  there: () => boolean
  deadlineMs: number
  end: (outcome: WaitOutcome) => void
}

/** Requests held until something exists. All of them are looked at in one pass when the stream grows. */
export class Waiters {
  readonly #waiters = new Set<Waiter>()

  /** @param deadlineMs monotonic time at which `expire` ends the wait */
  wait(there: () => boolean, deadlineMs: number, ending: Ending): WaitOutcome | Promise<WaitOutcome> {
    if (there()) return 'there'
    if (ending.aborted) return 'aborted'
    if (this.#waiters.size >= MAX_WAITERS) return 'too-many-waiters'
    return new Promise((resolve) => {
      const onAbort = (): void => waiter.end('aborted')
      const waiter: Waiter = {
        there,
        deadlineMs,
        end: (outcome) => {
          this.#waiters.delete(waiter)
          ending.removeEventListener('abort', onAbort)
          resolve(outcome)
        },
      }
      ending.addEventListener('abort', onAbort)
      this.#waiters.add(waiter)
    })
  }

  wake(): void {
    for (const waiter of this.#waiters) if (waiter.there()) waiter.end('there')
  }

  expire(nowMs: number): void {
    for (const waiter of this.#waiters) if (nowMs >= waiter.deadlineMs) waiter.end('timeout')
  }

  endAll(): void {
    for (const waiter of this.#waiters) waiter.end('stream-ended')
  }
}
