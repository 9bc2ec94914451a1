import type { Writable } from 'node:stream'

/** What may wait for a slow reader, bytes: minutes of a busy gateway at level `info`. */
const MAX_WAITING_BYTES = 1 << 20

/**
 * Where the log goes. Whoever reads it may stand still, and the gateway goes on: beyond a limit lines are dropped,
 * and how many is said once there is room again.
 */
export class LogOutput {
  readonly #stream: Writable
  readonly #maxWaitingBytes: number
  #dropped = 0

  constructor(stream: Writable, maxWaitingBytes = MAX_WAITING_BYTES) {
    this.#stream = stream
    this.#maxWaitingBytes = maxWaitingBytes
    // A reader that has gone away is no reason to end.
    stream.on('error', () => {})
  }

  /** @param line as pino makes it, with its line feed */
  write(line: string): void {
    if (this.#stream.writableLength + line.length > this.#maxWaitingBytes) {
      this.#dropped++
      return
    }
    if (this.#dropped > 0) this.#tellDropped()
    this.#stream.write(line)
  }

  /** Resolves when everything has been read, or `limitMs` later. */
  async flushed(limitMs: number): Promise<void> {
    if (this.#dropped > 0) this.#tellDropped()
    if (this.#stream.writableLength === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limitMs)
    this.#stream.write('', () => resolve())
    await promise
    clearTimeout(timer)
  }

  #tellDropped(): void {
    const told = { level: 40, time: new Date().toISOString(), dropped: this.#dropped, msg: 'the log was not read' }
    this.#dropped = 0
    this.#stream.write(`${JSON.stringify(told)}\n`)
  }
}
