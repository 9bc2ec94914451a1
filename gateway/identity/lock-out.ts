/** How often a name or an address has failed, and until when it is locked. */
export interface Failures {
  failures: number
  lockedUntilMs: number | undefined
}

export const NO_FAILURES: Failures = { failures: 0, lockedUntilMs: undefined }

/** Tries before the first lock: of one account, and of one client address (many people may share one). */
export const FREE_TRIES_OF_NAME = 5
export const FREE_TRIES_OF_ADDRESS = 20

const FIRST_LOCK_MS = 30_000
const MAX_LOCK_MS = 15 * 60_000
/** So long after a lock has ended the count begins anew. */
const FORGET_AFTER_MS = 60 * 60_000

/** The count after one more failure: 30 s at the last free try, twice as long at each further one, 15 min at most. */
export function afterFailure({ failures, lockedUntilMs }: Failures, freeTries: number, nowMs: number): Failures {
  const isForgotten = lockedUntilMs !== undefined && nowMs - lockedUntilMs > FORGET_AFTER_MS
  const count = (isForgotten ? 0 : failures) + 1
  if (count < freeTries) return { failures: count, lockedUntilMs: undefined }
  const lockMs = Math.min(FIRST_LOCK_MS * 2 ** (count - freeTries), MAX_LOCK_MS)
  return { failures: count, lockedUntilMs: nowMs + lockMs }
}

/** Zero if not locked. A lock that is longer than any we set comes from a clock that was set back, and is none. */
export function lockedForMs({ lockedUntilMs }: Failures, nowMs: number): number {
  const leftMs = (lockedUntilMs ?? nowMs) - nowMs
  return leftMs > 0 && leftMs <= MAX_LOCK_MS ? leftMs : 0
}

/** Failures by key in memory, bounded: beyond `maxKeys` the key that failed longest ago is forgotten. */
export class FailureMemory {
  readonly #byKey = new Map<string, Failures>()
  readonly #freeTries: number
  readonly #maxKeys: number

  constructor(freeTries: number, maxKeys: number) {
    this.#freeTries = freeTries
    this.#maxKeys = maxKeys
  }

  of(key: string): Failures {
    return this.#byKey.get(key) ?? NO_FAILURES
  }

  add(key: string, nowMs: number): Failures {
    const next = afterFailure(this.of(key), this.#freeTries, nowMs)
    this.#byKey.delete(key)
    this.#byKey.set(key, next)
    const [oldest] = this.#byKey.keys()
    if (this.#byKey.size > this.#maxKeys && oldest !== undefined) this.#byKey.delete(oldest)
    return next
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }
}
