import type { Database } from './database.ts'

/**
 * Spares questions that are asked again and again: while nothing is committed, by whomever, the answer stays as it was until
 * the time at which it was said to change. Where the database does not tell of commits, each question is asked.
 */
export class Quiet {
  readonly #database: Pick<Database, 'commits'>
  /** Read before the question, so that what is committed during it ends the quiet. */
  #asked: number | undefined
  #since: number | undefined
  #untilMs = 0

  constructor(database: Pick<Database, 'commits'>) {
    this.#database = database
  }

  /** Whether to ask; the answer must be one to what is asked after this. @param nowMs wall time */
  isOver(nowMs: number): boolean {
    const commits = this.#database.commits?.()
    if (commits !== undefined && commits === this.#since && nowMs < this.#untilMs) return false
    this.#asked = commits
    this.#since = undefined
    return true
  }

  /** Nothing was found, and without a commit nothing will be before this wall time. */
  begin(untilMs = Number.POSITIVE_INFINITY): void {
    this.#since = this.#asked
    this.#untilMs = untilMs
  }
}
