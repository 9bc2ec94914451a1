import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Database } from '../storage/database.ts'
import { Quiet } from '../storage/quiet.ts'
import { eventSpan, readEvents, type StoredEvent } from './store.ts'

/** Another node's events arrive without a wake-up; they may tell of a link that was revoked, so they are asked for often. */
const POLL_MS = { sqlite: 1000, postgresql: 250 } as const satisfies Record<Database['provider'], number>
const PAGE_EVENTS = 500

export interface EventReaderDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
}

/** The one reader of new events: a query per commit at the most, however many listen. */
export class EventReader {
  readonly #deps: EventReaderDeps
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>()
  readonly #stop = new AbortController()
  readonly #quiet: Quiet
  #position = 0n
  #wake = Promise.withResolvers<void>()
  #running: Promise<void> = Promise.resolve()

  constructor(deps: EventReaderDeps) {
    this.#deps = deps
    this.#quiet = new Quiet(deps.database)
  }

  /** Number of the last event that was handed to the listeners. */
  get position(): bigint {
    return this.#position
  }

  /** Begins after the newest event there is. */
  async start(): Promise<void> {
    this.#position = (await eventSpan(this.#deps.database)).newest
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Something was committed. */
  wake(): void {
    this.#wake.resolve()
  }

  /** @returns a function that ends the listening */
  listen(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const full = await this.#readOnce()
        if (full) continue
      } catch (error) {
        this.#deps.log.error({ err: error }, 'live events could not be read; trying again')
      }
      await this.#waitForWork()
    }
  }

  async #readOnce(): Promise<boolean> {
    // Renewed before the query: a commit during it wakes the next round.
    this.#wake = Promise.withResolvers<void>()
    const { clock, database, log } = this.#deps
    if (!this.#quiet.isOver(clock.now())) return false
    const { events, faults, last, isFull } = await readEvents(database, { after: this.#position }, PAGE_EVENTS)
    for (const { number, fault } of faults)
      log.error({ number: number.toString(), fault }, 'a live event is passed over')
    if (last === undefined) {
      this.#quiet.begin()
      return false
    }
    this.#position = last
    if (events.length > 0) for (const listener of this.#listeners) listener(events)
    return isFull
  }

  async #waitForWork(): Promise<void> {
    const { clock, database } = this.#deps
    await waitOrWake(clock, POLL_MS[database.provider], this.#wake.promise, this.#stop.signal)
  }
}

/** Ends after `ms`, when `woken` resolves, or on abort, whichever is first; leaves no timer behind. */
export async function waitOrWake(clock: Clock, ms: number, woken: Promise<void>, signal: AbortSignal): Promise<void> {
  const timer = new AbortController()
  const slept = clock.sleep(ms, AbortSignal.any([signal, timer.signal])).catch(() => {})
  await Promise.race([slept, woken])
  timer.abort('over') // without a reason it would be given one: an error with its stack
}
