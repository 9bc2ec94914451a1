import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Database } from '../storage/database.ts'
import { figuresBy, readMeasured } from './figures.ts'

/** Metrics are read without waiting, so they are counted ahead. */
const REFRESH_MS = 60_000
const DAY_MS = 86_400_000
/** Of the last day; more say nothing else. */
const MAX_CASES = 5000

interface Sample {
  labels: Record<string, string>
  value: number
}

/** How long the steps of cases took within the last day, in seconds, by priority. */
export class CaseMetrics {
  readonly #deps: { database: Database; clock: Clock; log: FastifyBaseLogger }
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  samples: readonly Sample[] = []

  constructor(deps: { database: Database; clock: Clock; log: FastifyBaseLogger }) {
    this.#deps = deps
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#deps
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.refresh()
      } catch (error) {
        log.error({ err: error }, 'figures of cases could not be counted; trying again')
      }
      await clock.sleep(REFRESH_MS, signal).catch(() => {})
    }
  }

  async refresh(): Promise<void> {
    const { clock, database } = this.#deps
    const cases = await readMeasured(database, new Date(clock.now() - DAY_MS), MAX_CASES)
    this.samples = figuresBy('priority', cases).flatMap(({ key, steps }) =>
      steps.flatMap(({ moment, p50Ms, p95Ms }) => [
        { labels: { priority: key, step: moment, quantile: '0.5' }, value: p50Ms / 1000 },
        { labels: { priority: key, step: moment, quantile: '0.95' }, value: p95Ms / 1000 },
      ]),
    )
  }
}
