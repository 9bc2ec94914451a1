import type { FastifyBaseLogger } from 'fastify'
import { Chore } from '../chore.ts'
import type { Clock } from '../clock.ts'
import type { AlarmState } from '../contracts/alarm.ts'
import type { Database } from '../storage/database.ts'
import type { Intake } from './intake.ts'
import { DEFAULT_PRIORITY } from './normalise.ts'
import { beatingSources, findSource, openSilences, recordHeard, type SourceRow } from './sources.ts'

/** How often it is written down who was heard, and looked who was not. */
const CHECK_MS = 10_000
/** Three heartbeats at the usual 30 s. */
export const DEFAULT_SILENCE_MS = 90_000

export interface SourceWatchDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  intake: Intake
  silenceMs: number
}

interface Listening {
  /** `lastHeardAt` as last read, to notice that another node heard it. */
  lastHeardAt: number | undefined
  /** Monotonic: setting the host's clock silences nobody. */
  heardMs: number
}

/**
 * Raises `source-silent` for a source that sends heartbeats and stopped, once per silence, and clears it when the
 * source is heard again.
 */
export class SourceWatch extends Chore {
  readonly #deps: SourceWatchDeps
  readonly #listening = new Map<string, Listening>()
  #heard = new Set<string>()
  #beating = new Set<string>()

  constructor(deps: SourceWatchDeps) {
    const failed = 'it could not be checked which alarm sources are silent'
    super({ ...deps, everyMs: CHECK_MS, failed }, () => this.#check())
    this.#deps = deps
  }

  /** A known source sent an alarm. */
  heard(sourceId: string): void {
    this.#heard.add(sourceId)
  }

  /** A known source sent a heartbeat. */
  beat(sourceId: string): void {
    this.#heard.add(sourceId)
    this.#beating.add(sourceId)
  }

  async #check(): Promise<void> {
    const { database, clock, silenceMs } = this.#deps
    await this.#recordHeard()
    const now = clock.monotonicMs()
    const sources = await beatingSources(database, new Date(clock.now()))
    const open = await openSilences(database)
    for (const source of sources) {
      const before = this.#listening.get(source.id)
      const lastHeardAt = source.lastHeardAt?.getTime()
      // A source met for the first time gets the full time: the gateway itself may have been away.
      const isNews = before === undefined || before.lastHeardAt !== lastHeardAt
      const heardMs = isNews ? now : before.heardMs
      this.#listening.set(source.id, { lastHeardAt, heardMs })
      const key = silenceKey(source)
      const limitMs = source.silenceSeconds === null ? silenceMs : source.silenceSeconds * 1000
      if (now - heardMs >= limitMs && !open.some(({ sourceKey }) => sourceKey === key))
        await this.#tell(source, key, 'active')
      for (const { sourceKey } of open) {
        const isOver = sourceKey.startsWith(silencePrefix(source)) && sourceKey !== key
        if (isOver) await this.#tell(source, sourceKey, 'cleared')
      }
    }
    const known = new Set(sources.map(({ id }) => id))
    await this.#forget(open, known)
    for (const id of this.#listening.keys()) if (!known.has(id)) this.#listening.delete(id)
  }

  /** The silence of a source that nobody waits for, since it is paused or retired, is over. */
  async #forget(open: readonly { sourceKey: string }[], known: ReadonlySet<string>): Promise<void> {
    for (const { sourceKey } of open) {
      const [, id] = /^silent:([^:]+):/.exec(sourceKey) ?? []
      if (id === undefined || known.has(id)) continue
      const source = await findSource(this.#deps.database.client, id)
      if (source !== undefined) await this.#tell(source, sourceKey, 'cleared')
    }
  }

  async #recordHeard(): Promise<void> {
    if (this.#heard.size === 0) return
    const [ids, beating] = [[...this.#heard], [...this.#beating]]
    this.#heard = new Set()
    this.#beating = new Set()
    try {
      await recordHeard(this.#deps.database, { ids, beating }, new Date(this.#deps.clock.now()))
    } catch (error) {
      for (const id of ids) this.#heard.add(id)
      for (const id of beating) this.#beating.add(id)
      throw error
    }
  }

  async #tell(source: SourceRow, sourceKey: string, state: AlarmState): Promise<void> {
    await this.#deps.intake.raise({
      sourceKey,
      type: 'source-silent',
      priority: DEFAULT_PRIORITY['source-silent'],
      occurredAt: source.lastHeardAt ?? new Date(this.#deps.clock.now()),
      state,
      text: source.name,
      cellCode: source.cellCode,
      cameraId: source.cameraId ?? undefined,
      data: { sourceId: source.id },
      strippedFields: 0,
    })
  }
}

const silencePrefix = ({ id }: SourceRow): string => `silent:${id}:`

/** One silence, one alarm, whichever node or restart finds it: named after the last time the source was heard. */
const silenceKey = (source: SourceRow): string => `${silencePrefix(source)}${source.lastHeardAt?.getTime() ?? 0}`
