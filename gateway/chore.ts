import type { Clock } from './clock.ts'

export interface ChoreOptions {
  clock: Clock
  log: { error(facts: { err: unknown }, message: string): void }
  everyMs: number
  /** Said in the log when a round fails. */
  failed: string
  /** The first round comes `everyMs` after the start, as those after it come after each other. */
  restsFirst?: boolean
}

/** Work that comes round again until it is closed. A round that fails is told, and the next one tries again. */
export class Chore {
  readonly #options: ChoreOptions
  readonly #round: (signal: AbortSignal) => Promise<void>
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  /** @param round begins at the start unless it rests first, then again `everyMs` after it ended; a long one heeds the signal */
  constructor(options: ChoreOptions, round: (signal: AbortSignal) => Promise<void>) {
    this.#options = options
    this.#round = round
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Resolves when the round under way has ended. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, log, everyMs, failed, restsFirst = false } = this.#options
    const { signal } = this.#stop
    const rest = (): Promise<void> => clock.sleep(everyMs, signal).catch(() => {}) // ends early on abort
    if (restsFirst) await rest()
    while (!signal.aborted) {
      try {
        await this.#round(signal)
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, failed)
      }
      await rest()
    }
  }
}
