/**
 * Messages of one connection on their way to the store. As long as it takes them they go side by side and share its
 * commits. What it did not take is tried again in the order of arrival, and whatever came later waits for it: a door
 * that opened, closed and opened again is open, and no number seems missing.
 */
export class Arrivals {
  /** Not taken yet though it was tried, by the number of its arrival. */
  readonly #refused = new Map<number, PromiseWithResolvers<void>>()
  #count = 0

  /**
   * Stores a message, trying until it is taken.
   * @param pause waits before the next attempt; `failures` is at least 1
   * @returns false when nobody waits for it any more
   */
  async store(
    attempt: () => Promise<unknown>,
    isWanted: () => boolean,
    pause: (failures: number) => Promise<void>,
  ): Promise<boolean> {
    const number = this.#count++
    let failures = 0
    try {
      while (isWanted()) {
        const before = this.#refusedBefore(number)
        if (before !== undefined) {
          await before
          continue
        }
        try {
          await attempt()
          return true
        } catch {
          // The intake has logged it.
          failures++
          if (!this.#refused.has(number)) this.#refused.set(number, Promise.withResolvers())
          await pause(failures)
        }
      }
      return false
    } finally {
      this.#refused.get(number)?.resolve()
      this.#refused.delete(number)
    }
  }

  /** Settles when the oldest of those that were refused before this one is through. */
  #refusedBefore(number: number): Promise<void> | undefined {
    const oldest = Math.min(...this.#refused.keys())
    return oldest < number ? this.#refused.get(oldest)?.promise : undefined
  }
}
