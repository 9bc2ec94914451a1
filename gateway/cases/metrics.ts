import type { FastifyBaseLogger } from 'fastify'
import { Chore } from '../chore.ts'
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

interface CaseMetricsDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
}

/** How long the steps of cases took within the last day, in seconds, by priority. */
export class CaseMetrics extends Chore {
  readonly #deps: CaseMetricsDeps
  samples: readonly Sample[] = []

  constructor(deps: CaseMetricsDeps) {
    const failed = 'figures of cases could not be counted; trying again'
    super({ ...deps, everyMs: REFRESH_MS, failed }, () => this.#count())
    this.#deps = deps
  }

  async #count(): Promise<void> {
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
