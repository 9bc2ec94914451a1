/** What waits for its commit. */
export interface WaitingMessage {
  sourceId: string
  isUrgent: boolean
}

/** Taken messages that a queue still holds; moving the rest for each of them would cost more than the disk. */
const MAX_TAKEN_HELD = 1000

/** First in, first out. */
class Queue<T> {
  #items: T[] = []
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#taken++]
    if (this.size === 0 || this.#taken > MAX_TAKEN_HELD) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#items.slice(this.#taken)
  }
}

/**
 * Messages on their way to the disk: the urgent ones first, then one of each source in turn. A flood of one source
 * holds up nobody else, and what a source sends stays in its order.
 */
export class WaitingMessages<T extends WaitingMessage> {
  readonly #urgent = new Queue<T>()
  /** The first is served next; a source without messages is not here. */
  readonly #bySource = new Map<string, Queue<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(message: T): void {
    this.#size++
    const { sourceId, isUrgent } = message
    const own = isUrgent ? this.#urgent : (this.#bySource.get(sourceId) ?? new Queue<T>())
    own.push(message)
    if (!isUrgent) this.#bySource.set(sourceId, own)
  }

  /** Takes the next ones, `max` at the most. */
  take(max: number): T[] {
    const taken: T[] = []
    while (taken.length < max && this.#size > 0) {
      const message = this.#urgent.shift() ?? this.#next()
      if (message === undefined) break
      taken.push(message)
      this.#size--
    }
    return taken
  }

  /** Takes out all of a source that are not urgent, in their order. */
  takeOf(sourceId: string): T[] {
    const taken = [...this.of(sourceId)]
    this.#bySource.delete(sourceId)
    this.#size -= taken.length
    return taken
  }

  /** Those of a source that are not urgent and still to be taken. */
  of(sourceId: string): Iterable<T> {
    return this.#bySource.get(sourceId) ?? []
  }

  #next(): T | undefined {
    for (const [sourceId, own] of this.#bySource) {
      const message = own.shift()
      this.#bySource.delete(sourceId)
      // Behind the others: it has had its turn.
      if (own.size > 0) this.#bySource.set(sourceId, own)
      return message
    }
    return undefined
  }
}
