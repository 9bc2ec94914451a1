import { type AlarmType, Priority } from '../contracts/alarm.ts'
import { type Case, CasePhase, GATEWAY_NAME } from '../contracts/case.ts'
import type { Database, Tx } from '../storage/database.ts'
import { numberOf } from './number.ts'
import { ALARM_IDS_NAMED, type CaseRow, readCases, toCase } from './store.ts'

/** An alarm about to be stored, as far as a case needs to know it. */
export interface CollectedAlarm {
  id: string
  sourceId: string
  type: AlarmType
  priority: Priority
  cellCode: string
  cameraId: string | undefined
  text: string
  /** By the clock of its device. */
  occurredAt: Date
  receivedAt: Date
}

/** A case that alarms of one batch belong to: one there is already, or one to be opened. */
export interface Place {
  caseId: string
  groupKey: string | null
  isKnown: boolean
  /** How it stood when it was shelved, where it is on the shelf. */
  shelved?: { phase: CasePhase; priority: Priority }
}

/** An urgent alarm is a case of its own; others join the open case of their source, type and cell. */
const groupKeyOf = ({ priority, sourceId, type, cellCode }: CollectedAlarm): string | null =>
  priority === 1 ? null : `${sourceId} ${type} ${cellCode}`

const FIND = {
  sqlite: `SELECT "id", "groupKey", "phase", "priority", "dueAt" FROM "Case"
    WHERE "groupKey" IN (SELECT value FROM json_each(?))`,
  // Locked, so that nobody closes a case while alarms join it; in one order on all nodes.
  postgresql: `SELECT "id", "groupKey", "phase", "priority", "dueAt" FROM "Case"
    WHERE "groupKey" IN (SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY "groupKey" FOR UPDATE`,
} as const satisfies Record<Database['provider'], string>

/** Two nodes that hear of the same trouble at once open one case: the second waits here and then finds it. */
const LOCK_POSTGRESQL = `SELECT pg_advisory_xact_lock(hashtext("key"))
  FROM (SELECT jsonb_array_elements_text($1::jsonb) AS "key" ORDER BY 1) AS "keys"`

/** Which case each alarm belongs to, before it is known which of the alarms are new. One query for a batch that opens no case. */
export async function placesInCases(
  tx: Tx,
  provider: Database['provider'],
  newId: () => string,
  alarms: readonly CollectedAlarm[],
): Promise<Map<string, Place>> {
  const open = new Map<string, Place>()
  const find = async (keys: readonly string[]): Promise<string[]> => {
    if (keys.length === 0) return []
    const rows = await tx.$queryRawUnsafe<FoundCase[]>(FIND[provider], JSON.stringify(keys))
    for (const row of rows) open.set(row.groupKey, placeIn(row))
    return keys.filter((key) => !open.has(key))
  }
  const missing = await find([...new Set(alarms.map(groupKeyOf).filter((key) => key !== null))])
  if (provider === 'postgresql' && missing.length > 0) {
    await tx.$executeRawUnsafe(LOCK_POSTGRESQL, JSON.stringify(missing))
    await find(missing)
  }
  const places = new Map<string, Place>()
  for (const alarm of alarms) {
    const groupKey = groupKeyOf(alarm)
    const place = (groupKey === null ? undefined : open.get(groupKey)) ?? { caseId: newId(), groupKey, isKnown: false }
    if (groupKey !== null) open.set(groupKey, place)
    places.set(alarm.id, place)
  }
  return places
}

interface FoundCase {
  id: string
  groupKey: string
  phase: string
  priority: number | bigint
  dueAt: unknown
}

function placeIn({ id, groupKey, phase, priority, dueAt }: FoundCase): Place {
  const place = { caseId: id, groupKey, isKnown: true }
  // A due time of a dispatch is that of its answer.
  if (dueAt === null || phase === 'dispatched') return place
  return { ...place, shelved: { phase: CasePhase.parse(phase), priority: Priority.parse(Number(priority)) } }
}

/** A case on the shelf that an alarm joins which is more urgent than what was shelved. */
export interface Outgrown {
  caseId: string
  phase: CasePhase
  was: Priority
  priority: Priority
  /** Of the most urgent alarm. */
  text: string
}

export function outgrown(places: ReadonlyMap<string, Place>, stored: readonly CollectedAlarm[]): Outgrown[] {
  const most = new Map<string, Outgrown>()
  for (const { id, priority, text } of stored) {
    const { caseId, shelved } = places.get(id) ?? {}
    if (caseId === undefined || shelved === undefined) continue
    if (priority >= (most.get(caseId)?.priority ?? shelved.priority)) continue
    most.set(caseId, { caseId, phase: shelved.phase, was: shelved.priority, priority, text })
  }
  return [...most.values()]
}

const JOIN = {
  sqlite: `UPDATE "Case" SET "occurrences" = "occurrences" + (value ->> 'count'), "version" = "version" + 1,
    "lastAlarmAt" = MAX("lastAlarmAt", value ->> 'lastAlarmAt'), "priority" = MIN("priority", value ->> 'priority'),
    "respondBy" = MIN(COALESCE("respondBy", "openedAt" + (value ->> 'respondMs')), "openedAt" + (value ->> 'respondMs'))
    FROM json_each(?) WHERE "Case"."id" = value ->> 'id'`,
  postgresql: `UPDATE "Case" SET "occurrences" = "occurrences" + "new"."count", "version" = "version" + 1,
    "lastAlarmAt" = GREATEST("Case"."lastAlarmAt", "new"."lastAlarmAt"),
    "priority" = LEAST("Case"."priority", "new"."priority"),
    "respondBy" = LEAST("Case"."respondBy", "Case"."openedAt" + "new"."respondMs" * interval '1 millisecond')
    FROM jsonb_to_recordset($1::jsonb)
    AS "new" ("id" text, "count" integer, "lastAlarmAt" timestamp(3), "priority" integer, "respondMs" integer)
    WHERE "Case"."id" = "new"."id"`,
} as const satisfies Record<Database['provider'], string>

/** Numbers for new cases, in the order of each cell; the row stays locked until the transaction ends. */
const TAKE_NUMBERS = {
  sqlite: `INSERT INTO "CaseNumber" ("cellCode", "year", "value")
    SELECT value ->> 'cellCode', value ->> 'year', value ->> 'count' FROM json_each(?) WHERE true
    ON CONFLICT ("cellCode", "year") DO UPDATE SET "value" = "value" + excluded."value"
    RETURNING "cellCode", "year", "value"`,
  postgresql: `INSERT INTO "CaseNumber" ("cellCode", "year", "value")
    SELECT "cellCode", "year", "count" FROM jsonb_to_recordset($1::jsonb)
    AS "new" ("cellCode" text, "year" integer, "count" integer)
    ON CONFLICT ("cellCode", "year") DO UPDATE SET "value" = "CaseNumber"."value" + excluded."value"
    RETURNING "cellCode", "year", "value"`,
} as const satisfies Record<Database['provider'], string>

/** As Prisma writes times: milliseconds in SQLite (unixepoch-ms), UTC without a zone in PostgreSQL. */
const time = (provider: Database['provider'], at: Date): number | string =>
  provider === 'sqlite' ? at.getTime() : at.toISOString()

/**
 * Writes the cases of a batch: those there were grow, the others are opened. A handful of statements, whatever the
 * size of the batch.
 * @param stored the alarms that were new, and nothing else
 * @param respondMs how long a case of a priority may wait for somebody on site
 * @returns the cases as they stand now
 */
export async function collect(
  tx: Tx,
  provider: Database['provider'],
  newId: () => string,
  places: ReadonlyMap<string, Place>,
  stored: readonly CollectedAlarm[],
  respondMs: (priority: Priority) => number,
): Promise<Case[]> {
  const grown: Record<string, unknown>[] = []
  const opened: Group[] = []
  for (const [place, alarms] of Map.groupBy(stored, ({ id }) => places.get(id))) {
    if (place === undefined) throw new Error('an alarm was stored without a case')
    const [first] = alarms as [CollectedAlarm, ...CollectedAlarm[]] // groups are never empty
    // The least number is the most urgent; a minimum of priorities is one of them.
    const priority = Math.min(...alarms.map((alarm) => alarm.priority)) as Priority
    const lastAlarmAt = new Date(Math.max(...alarms.map(({ receivedAt }) => receivedAt.getTime())))
    if (place.isKnown) {
      grown.push({
        id: place.caseId,
        count: alarms.length,
        lastAlarmAt: time(provider, lastAlarmAt),
        priority,
        respondMs: respondMs(priority),
      })
    } else opened.push({ place, first, priority, lastAlarmAt, alarmIds: alarms.map(({ id }) => id) })
  }
  const grownIds = grown.map(({ id }) => String(id)).sort()
  if (grown.length > 0) await tx.$executeRawUnsafe(JOIN[provider], JSON.stringify(grown))
  return [
    ...(grown.length > 0 ? await readCases(tx, provider, grownIds) : []),
    ...(opened.length > 0 ? await open(tx, provider, newId, opened, respondMs) : []),
  ]
}

/** Alarms of one batch that open a case. */
interface Group {
  place: Place
  first: CollectedAlarm
  priority: Priority
  lastAlarmAt: Date
  alarmIds: readonly string[]
}

const COLUMNS = {
  id: 'text',
  cellCode: 'text',
  year: 'integer',
  number: 'integer',
  phase: 'text',
  priority: 'integer',
  type: 'text',
  sourceId: 'text',
  cameraId: 'text',
  text: 'text',
  groupKey: 'text',
  occurrences: 'integer',
  openedAt: 'timestamp(3)',
  lastAlarmAt: 'timestamp(3)',
  occurredAt: 'timestamp(3)',
  respondBy: 'timestamp(3)',
} as const satisfies Partial<Record<keyof CaseRow, string>>
const ENTRY_COLUMNS = {
  id: 'text',
  caseId: 'text',
  version: 'integer',
  action: 'text',
  idempotencyKey: 'text',
  at: 'timestamp(3)',
  byName: 'text',
} as const satisfies Partial<Record<keyof CaseRow['actions'][number], string>>

/** All rows as one JSON argument: a fraction of the cost of bound values. */
function insertOf(table: string, columns: Readonly<Record<string, string>>): Record<Database['provider'], string> {
  const names = Object.keys(columns)
  const list = names.map((name) => `"${name}"`).join(', ')
  const typed = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`)
  return {
    sqlite: `INSERT INTO "${table}" (${list})
      SELECT ${names.map((name) => `value ->> '${name}'`).join(', ')} FROM json_each(?)`,
    postgresql: `INSERT INTO "${table}" (${list})
      SELECT ${list} FROM jsonb_to_recordset($1::jsonb) AS "new" (${typed.join(', ')})`,
  }
}
const INSERT_CASES = insertOf('Case', COLUMNS)
const INSERT_ENTRIES = insertOf('CaseAction', ENTRY_COLUMNS)

async function open(
  tx: Tx,
  provider: Database['provider'],
  newId: () => string,
  groups: readonly Group[],
  respondMs: (priority: Priority) => number,
): Promise<Case[]> {
  const byCell = Map.groupBy(groups, ({ first }) => `${first.cellCode} ${numberOf.year(first.receivedAt)}`)
  const wanted = [...byCell.keys()].sort().map((key) => {
    const [cellCode, year] = key.split(' ')
    return { cellCode, year: Number(year), count: byCell.get(key)?.length ?? 0 }
  })
  const taken = await tx.$queryRawUnsafe<{ cellCode: string; year: number | bigint; value: number | bigint }[]>(
    TAKE_NUMBERS[provider],
    JSON.stringify(wanted),
  )
  const rows = taken.flatMap(({ cellCode, year, value }) => {
    const opened = byCell.get(`${cellCode} ${year}`) ?? []
    return opened.map((group, at) => {
      const number = Number(value) - opened.length + 1 + at
      const row = newCase(group, Number(year), number, newId(), respondMs(group.priority))
      return { row, alarmIds: group.alarmIds }
    })
  })
  const cases = rows.map(({ row: { actions: _, notifications: __, ...row } }) => ({
    ...row,
    openedAt: time(provider, row.openedAt),
    lastAlarmAt: time(provider, row.lastAlarmAt),
    occurredAt: time(provider, row.occurredAt),
    respondBy: time(provider, row.respondBy),
  }))
  const entries = rows.flatMap(({ row }) => row.actions.map((entry) => ({ ...entry, at: time(provider, entry.at) })))
  await tx.$executeRawUnsafe(INSERT_CASES[provider], JSON.stringify(cases))
  await tx.$executeRawUnsafe(INSERT_ENTRIES[provider], JSON.stringify(entries))
  return rows.map(({ row, alarmIds }) => toCase(row, alarmIds.slice(-ALARM_IDS_NAMED).reverse()))
}

function newCase(
  { place, first, priority, lastAlarmAt, alarmIds }: Group,
  year: number,
  number: number,
  id: string,
  respondMs: number,
) {
  const { cellCode, type, sourceId, cameraId, text, occurredAt, receivedAt } = first
  const collected = { action: 'collect', idempotencyKey: 'collect', at: receivedAt, byName: GATEWAY_NAME }
  return {
    id: place.caseId,
    cellCode,
    year,
    number,
    phase: 'collected',
    priority,
    type,
    sourceId,
    cameraId: cameraId ?? null,
    text,
    groupKey: place.groupKey,
    occurrences: alarmIds.length,
    openedAt: receivedAt,
    lastAlarmAt,
    ownerId: null,
    ownerName: null,
    assigneeId: null,
    assigneeName: null,
    dueAt: null,
    closedAt: null,
    occurredAt,
    shownAt: null,
    acknowledgedAt: null,
    respondBy: new Date(receivedAt.getTime() + respondMs),
    respondedAt: null,
    overdueAt: null,
    version: 1,
    actions: [{ ...collected, id, caseId: place.caseId, version: 1, deviceAt: null, byId: null, text: null }],
    notifications: [],
  } satisfies CaseRow
}
