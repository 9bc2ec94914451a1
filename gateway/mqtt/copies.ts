import { hash } from 'node:crypto'

/** The queue of a broker brings a message at once where nothing waits in it. */
const PATIENCE_MS = 200
/** A copy may come after its message, by as much as two sockets of one broker differ. */
const MEMORY_MS = 2000
const MAX_REMEMBERED = 20_000
/** More do not wait here; they come in their order. */
const MAX_WAITING = 10_000
const MAX_WAITING_BYTES = 16 * 1024 * 1024

export interface Copy {
  topic: string
  payload: Buffer
}

/**
 * Which messages the broker holds back: a second session tells of every message at once, and what the first has not
 * brought a moment later waits in its queue there. A message is known by its topic and content, so one that says what the
 * first brought within the last seconds counts as brought.
 */
export class Copies {
  readonly #waiting = new Map<string, Copy & { sinceMs: number }>()
  #waitingBytes = 0
  /** When the first session brought it; the oldest first. */
  readonly #brought = new Map<string, number>()

  get size(): number {
    return this.#waiting.size
  }

  /** The second session tells of a message. */
  tell(topic: string, payload: Buffer, nowMs: number): void {
    const name = nameOf(topic, payload)
    const broughtMs = this.#brought.get(name)
    if (broughtMs !== undefined && nowMs - broughtMs < MEMORY_MS) return
    if (this.#waiting.has(name) || this.#waiting.size >= MAX_WAITING) return
    if (this.#waitingBytes + payload.length > MAX_WAITING_BYTES) return
    this.#waitingBytes += payload.length
    this.#waiting.set(name, { topic, payload, sinceMs: nowMs })
  }

  /** The first session brings a message. */
  bring(topic: string, payload: Buffer, nowMs: number): void {
    const name = nameOf(topic, payload)
    const copy = this.#waiting.get(name)
    if (copy !== undefined) this.#drop(name, copy)
    this.#brought.delete(name)
    this.#brought.set(name, nowMs)
    for (const [oldest, broughtMs] of this.#brought) {
      if (nowMs - broughtMs < MEMORY_MS && this.#brought.size <= MAX_REMEMBERED) break
      this.#brought.delete(oldest)
    }
  }

  /** Takes out those that the first session did not bring in time. */
  due(nowMs: number): Copy[] {
    const due: Copy[] = []
    for (const [name, copy] of this.#waiting) {
      if (nowMs - copy.sinceMs < PATIENCE_MS) break
      this.#drop(name, copy)
      due.push(copy)
    }
    return due
  }

  #drop(name: string, { payload }: Copy): void {
    this.#waiting.delete(name)
    this.#waitingBytes -= payload.length
  }
}

const nameOf = (topic: string, payload: Buffer): string => `${topic} ${hash('sha256', payload, 'base64')}`
