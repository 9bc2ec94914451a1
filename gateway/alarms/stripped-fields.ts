import type { Clock } from '../clock.ts'
import type { Database } from '../storage/database.ts'

/** The sum is taken anew after this long at the earliest: it reads every alarm there is. */
const FRESH_MS = 60_000

/** How many fields of persons were dropped from events, since the beginning. */
export class StrippedFields {
  readonly #database: Database
  readonly #clock: Clock
  #sum = 0
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  async sum(): Promise<number> {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs < this.#untilMs) return this.#sum
    const { _sum } = await this.#database.client.alarm.aggregate({
      _sum: { strippedFields: true },
      where: { strippedFields: { gt: 0 } },
    })
    this.#sum = _sum.strippedFields ?? 0
    this.#untilMs = nowMs + FRESH_MS
    return this.#sum
  }
}
