import type { FastifyBaseLogger } from 'fastify'
import { Chore } from '../chore.ts'
import type { Clock } from '../clock.ts'
import { type AlarmLoad, AlarmType, StoredAlarmLoad } from '../contracts/alarm.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Database, Tx } from '../storage/database.ts'
import { type ListeningOperatorsDeps, operatorsEverywhere } from './listening-operators.ts'

/** ISA-18.2 (IEC 62682) counts what is put before an operator in ten minutes: more than this is a flood … */
const FLOOD_BEGINS_ABOVE = 10
/** … and it is over below this, so that it does not flicker. */
const FLOOD_ENDS_BELOW = 5
const FLOOD_WINDOW_MS = 600_000
/** An alarm that comes so often within a minute chatters. */
export const CHATTERS_FROM = 3
const CHATTER_WINDOW_MS = 60_000
/** The noisiest are named; more at once are a flood anyway. */
const MAX_NAMED = 20
const CHECK_MS = 10_000
/** A gateway that has said nothing for so long is gone, and its operators with it. */
const NODE_MS = 3 * CHECK_MS
const SETTING = 'alarm-load'

export interface LoadWatchDeps extends ListeningOperatorsDeps {
  clock: Clock
  log: FastifyBaseLogger
  events: { publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<void> }
  /** What is put before operators: alarms of one trouble are one case. */
  casesOpened(since: Date): Promise<number>
  /** Operators who listen now, at this gateway. */
  operators(): number
}

/** Tells when more comes than operators can judge, and which sources chatter. Nothing is dropped for it. */
export class LoadWatch extends Chore {
  readonly #deps: LoadWatchDeps

  constructor(deps: LoadWatchDeps) {
    const failed = 'it could not be checked whether alarms flood'
    // Operators come back after a restart before it is judged how many there are.
    super({ ...deps, everyMs: CHECK_MS, failed, restsFirst: true }, async () => void (await this.look()))
    this.#deps = deps
  }

  /** How things stand now; written down, and told, where they changed. */
  async look(): Promise<AlarmLoad> {
    const { database, clock, casesOpened, operators, events } = this.#deps
    const now = clock.now()
    const people = Math.max(1, await operatorsEverywhere(this.#deps, operators(), { nowMs: now, forMs: NODE_MS }))
    const [cases, chattering] = await Promise.all([
      casesOpened(new Date(now - FLOOD_WINDOW_MS)),
      chatteringSources(database, new Date(now - CHATTER_WINDOW_MS)),
    ])
    const perOperator = cases / people
    return database.transaction(async (tx) => {
      const before = await readStored(tx)
      const limit = before?.state === 'flood' ? FLOOD_ENDS_BELOW - 1 : FLOOD_BEGINS_ABOVE
      const state = perOperator > limit ? 'flood' : 'normal'
      const since = before?.state === state ? before.since : new Date(now).toISOString()
      const load: AlarmLoad = {
        state,
        since,
        at: new Date(now).toISOString(),
        casesInWindow: cases,
        operators: people,
        perOperator: Math.round(perOperator * 10) / 10,
        limitPerOperator: FLOOD_BEGINS_ABOVE,
        windowMinutes: FLOOD_WINDOW_MS / 60_000,
        chattering,
      }
      const names = chattering.map(({ sourceId, type }) => `${sourceId} ${type}`).sort()
      const stored: StoredAlarmLoad = { state, since, chattering: names }
      const isNews = before === undefined ? state === 'flood' || names.length > 0 : !isSame(before, stored)
      if (!isNews) return load
      const value = JSON.stringify(stored)
      await tx.setting.upsert({ where: { name: SETTING }, create: { name: SETTING, value }, update: { value } })
      // Told to those who see the whole township: it names sources of every cell.
      await events.publishAll(tx, [{ kind: 'flood', cellCode: '', data: load }])
      return load
    })
  }
}

async function readStored(tx: Tx): Promise<StoredAlarmLoad | undefined> {
  const row = await tx.setting.findUnique({ where: { name: SETTING } })
  return row === null ? undefined : StoredAlarmLoad.parse(JSON.parse(row.value))
}

const isSame = (a: StoredAlarmLoad, b: StoredAlarmLoad): boolean =>
  a.state === b.state && a.chattering.join('\n') === b.chattering.join('\n')

async function chatteringSources(database: Database, since: Date): Promise<AlarmLoad['chattering']> {
  const rows = await database.client.alarm.groupBy({
    by: ['sourceId', 'type', 'cellCode'],
    where: { receivedAt: { gt: since } },
    having: { sourceId: { _count: { gte: CHATTERS_FROM } } },
    _count: { sourceId: true },
    orderBy: { _count: { sourceId: 'desc' } },
    take: MAX_NAMED,
  })
  const names = await database.client.alarmSource.findMany({
    where: { id: { in: rows.map(({ sourceId }) => sourceId) } },
    select: { id: true, name: true },
  })
  return rows.map(({ sourceId, type, cellCode, _count }) => ({
    sourceId,
    sourceName: names.find(({ id }) => id === sourceId)?.name ?? '',
    type: AlarmType.parse(type),
    cellCode,
    perMinute: _count.sourceId,
  }))
}
