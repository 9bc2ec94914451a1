import { AlarmType, type NoisiestSources } from '../contracts/alarm.ts'
import type { Database } from '../storage/database.ts'
import { CHATTERS_FROM } from './load-watch.ts'

/** ISA-18.2 looks at the ten most frequent; twenty fit on a page. */
const MAX_LISTED = 20
const DAY_MS = 24 * 3_600_000

export interface NoisiestDeps {
  database: Database
  /** Sources and types whose cases were opened before this and are open still, with how many. */
  openCases(before: Date): Promise<readonly { sourceId: string; type: string; count: number }[]>
}

const CHATTER_MINUTES = {
  sqlite: `SELECT "sourceId", "type", COUNT(*) AS "minutes" FROM (
      SELECT "sourceId", "type" FROM "Alarm"
      WHERE "receivedAt" >= ? AND "sourceId" IN (SELECT value FROM json_each(?))
      GROUP BY "sourceId", "type", "receivedAt" / 60000 HAVING COUNT(*) >= ${CHATTERS_FROM})
    GROUP BY "sourceId", "type"`,
  postgresql: `SELECT "sourceId", "type", COUNT(*) AS "minutes" FROM (
      SELECT "sourceId", "type" FROM "Alarm"
      WHERE "receivedAt" >= $1 AND "sourceId" IN (SELECT jsonb_array_elements_text($2::jsonb))
      GROUP BY "sourceId", "type", date_trunc('minute', "receivedAt") HAVING COUNT(*) >= ${CHATTERS_FROM}) AS "noisy"
    GROUP BY "sourceId", "type"`,
} as const satisfies Record<Database['provider'], string>

/** Which sources made the most alarms in these days, and how. */
export async function noisiestSources(
  { database, openCases }: NoisiestDeps,
  { nowMs, days, cellCodes }: { nowMs: number; days: number; cellCodes: readonly string[] | undefined },
): Promise<NoisiestSources> {
  const { client, provider } = database
  const from = new Date(nowMs - days * DAY_MS)
  const where = {
    receivedAt: { gte: from },
    ...(cellCodes === undefined ? {} : { cellCode: { in: [...cellCodes] } }),
  }
  const [total, rows] = await Promise.all([
    client.alarm.count({ where }),
    client.alarm.groupBy({
      by: ['sourceId', 'type', 'cellCode'],
      where,
      _count: { sourceId: true },
      orderBy: [{ _count: { sourceId: 'desc' } }, { sourceId: 'asc' }],
      take: MAX_LISTED,
    }),
  ])
  const ids = [...new Set(rows.map(({ sourceId }) => sourceId))]
  const [names, chatter, open] = await Promise.all([
    client.alarmSource.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } }),
    client.$queryRawUnsafe<{ sourceId: string; type: string; minutes: number | bigint }[]>(
      CHATTER_MINUTES[provider],
      provider === 'sqlite' ? from.getTime() : from,
      JSON.stringify(ids),
    ),
    openCases(new Date(nowMs - DAY_MS)),
  ])
  return {
    from: from.toISOString(),
    to: new Date(nowMs).toISOString(),
    total,
    items: rows.map(({ sourceId, type, cellCode, _count: { sourceId: count } }) => {
      const isIt = (one: { sourceId: string; type: string }): boolean => one.sourceId === sourceId && one.type === type
      return {
        sourceId,
        sourceName: names.find(({ id }) => id === sourceId)?.name ?? '',
        type: AlarmType.parse(type),
        cellCode,
        count,
        share: total === 0 ? 0 : count / total,
        chatterMinutes: Number(chatter.find(isIt)?.minutes ?? 0),
        stale: open.find(isIt)?.count ?? 0,
      }
    }),
  }
}
