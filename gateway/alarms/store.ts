import { type Alarm, AlarmState, AlarmType, Priority } from '../contracts/alarm.ts'
import type { Database, Tx } from '../storage/database.ts'
import { stripIdentity } from './identity-fields.ts'
import { MAX_MESSAGE_BYTES, type NormalAlarm } from './normalise.ts'

/** An alarm with its place, ready to be stored. */
export interface NewAlarm extends NormalAlarm {
  id: string
  sourceId: string
  cellCode: string
  receivedAt: Date
}

interface AlarmRow {
  id: string
  sourceId: string
  sourceKey: string
  type: string
  priority: number
  cellCode: string
  cameraId: string | null
  occurredAt: Date
  receivedAt: Date
  state: string
  text: string
  occurrences: number
  caseId: string | null
  strippedFields: number
}

export function toAlarm(row: AlarmRow): Alarm {
  return {
    id: row.id,
    sourceId: row.sourceId,
    sourceKey: row.sourceKey,
    type: AlarmType.parse(row.type),
    priority: Priority.parse(row.priority),
    cellCode: row.cellCode,
    ...(row.cameraId === null ? {} : { cameraId: row.cameraId }),
    occurredAt: row.occurredAt.toISOString(),
    receivedAt: row.receivedAt.toISOString(),
    state: AlarmState.parse(row.state),
    text: row.text,
    occurrences: row.occurrences,
    ...(row.caseId === null ? {} : { caseId: row.caseId }),
    ...(row.strippedFields === 0 ? {} : { strippedFields: row.strippedFields }),
    times: { device: row.occurredAt.toISOString(), gateway: row.receivedAt.toISOString() },
  }
}

function rowOf(alarm: NewAlarm & { caseId: string }): AlarmRow & { dataJson: string | null } {
  const { data, sequence: _, ...rest } = alarm
  return {
    ...rest,
    cameraId: alarm.cameraId ?? null,
    dataJson: data === undefined ? null : JSON.stringify(data),
    occurrences: 1,
  }
}

const COLUMNS = [
  'id',
  'sourceId',
  'sourceKey',
  'type',
  'priority',
  'cellCode',
  'cameraId',
  'occurredAt',
  'receivedAt',
  'state',
  'text',
  'dataJson',
  'strippedFields',
  'caseId',
] as const

const POSTGRESQL_TYPES: Partial<Record<(typeof COLUMNS)[number], string>> = {
  priority: 'integer',
  strippedFields: 'integer',
  occurredAt: 'timestamp(3)',
  receivedAt: 'timestamp(3)',
}

const columnList = COLUMNS.map((name) => `"${name}"`).join(', ')

/** All rows as one JSON argument: a tenth of the cost of one statement a row. */
const INSERT_OR_IGNORE = {
  sqlite: `INSERT INTO "Alarm" (${columnList})
    SELECT ${COLUMNS.map((name) => `value ->> '${name}'`).join(', ')} FROM json_each(?) WHERE true
    ON CONFLICT ("sourceId", "sourceKey") DO NOTHING RETURNING "id"`,
  postgresql: `INSERT INTO "Alarm" (${columnList})
    SELECT ${columnList} FROM jsonb_to_recordset($1::jsonb)
    AS "new" (${COLUMNS.map((name) => `"${name}" ${POSTGRESQL_TYPES[name] ?? 'text'}`).join(', ')})
    ON CONFLICT ("sourceId", "sourceKey") DO NOTHING RETURNING "id"`,
} as const satisfies Record<Database['provider'], string>

/** Stores what is new by (source, key) and leaves the rest alone. @returns the ids that were stored */
export async function insertAlarms(
  tx: Tx,
  provider: Database['provider'],
  alarms: readonly (NewAlarm & { caseId: string })[],
): Promise<Set<string>> {
  if (alarms.length === 0) return new Set()
  // In one order everywhere: two nodes that store the same alarms would otherwise wait for each other.
  const inOrder = alarms.toSorted((a, b) => compare(a.sourceId, b.sourceId) || compare(a.sourceKey, b.sourceKey))
  const rows = inOrder.map(rowOf).map((row) => ({
    ...row,
    // As Prisma writes them: milliseconds in SQLite (unixepoch-ms), UTC without a zone in PostgreSQL.
    occurredAt: provider === 'sqlite' ? row.occurredAt.getTime() : row.occurredAt.toISOString(),
    receivedAt: provider === 'sqlite' ? row.receivedAt.getTime() : row.receivedAt.toISOString(),
  }))
  const stored = await tx.$queryRawUnsafe<{ id: string }[]>(INSERT_OR_IGNORE[provider], JSON.stringify(rows))
  return new Set(stored.map(({ id }) => id))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The alarm that a source calls by this key. */
export async function findAlarm(tx: Tx, key: { sourceId: string; sourceKey: string }): Promise<Alarm | undefined> {
  const row = await tx.alarm.findUnique({ where: { sourceId_sourceKey: key } })
  return row === null ? undefined : toAlarm(row)
}

export async function readAlarm({ client }: Database, id: string): Promise<Alarm | undefined> {
  const row = await client.alarm.findUnique({ where: { id } })
  return row === null ? undefined : toAlarm(row)
}

/** @returns whether it was active until now */
export async function clearAlarm(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.alarm.updateMany({ where: { id, state: 'active' }, data: { state: 'cleared' } })
  return count > 0
}

const CLEAR = {
  sqlite: `UPDATE "Alarm" SET "state" = 'cleared', "sourceKey" = value ->> 'sourceKey' FROM json_each(?)
    WHERE "Alarm"."id" = value ->> 'id' AND "Alarm"."state" = 'active' RETURNING "Alarm"."id"`,
  postgresql: `UPDATE "Alarm" SET "state" = 'cleared', "sourceKey" = "new"."sourceKey"
    FROM jsonb_to_recordset($1::jsonb) AS "new" ("id" text, "sourceKey" text)
    WHERE "Alarm"."id" = "new"."id" AND "Alarm"."state" = 'active' RETURNING "Alarm"."id"`,
} as const satisfies Record<Database['provider'], string>

/** Ends alarms, with other keys from now on. @returns those that were active until now */
export async function clearAlarms(
  tx: Tx,
  provider: Database['provider'],
  alarms: readonly Pick<Alarm, 'id' | 'sourceKey'>[],
): Promise<Set<string>> {
  if (alarms.length === 0) return new Set()
  // In one order everywhere: two nodes that end the same alarms would otherwise wait for each other.
  const inOrder = alarms.toSorted((a, b) => compare(a.id, b.id))
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(CLEAR[provider], JSON.stringify(inOrder))
  return new Set(rows.map(({ id }) => id))
}

/** Alarms that one of these sources calls by one of these keys. */
export async function alarmsByKey(tx: Tx, sourceIds: readonly string[], keys: readonly string[]): Promise<Alarm[]> {
  if (keys.length === 0) return []
  const rows = await tx.alarm.findMany({
    where: { sourceId: { in: [...new Set(sourceIds)] }, sourceKey: { in: [...new Set(keys)] } },
  })
  return rows.map(toAlarm)
}

export async function alarmsOf(tx: Tx, ids: readonly string[]): Promise<Alarm[]> {
  return ids.length === 0 ? [] : (await tx.alarm.findMany({ where: { id: { in: [...ids] } } })).map(toAlarm)
}

/** While a state lasts it has one key, so that telling it again changes nothing. */
export const openKey = (channel: string): string => `${channel}@open`

/** Once it is over the alarm has a key of its own, and the next beginning is another alarm. */
export const endedKey = (channel: string, alarmId: string): string => `${channel}@${alarmId}`

/** The alarm that was told ahead is the one that its state's end will end. */
export async function nameAlarm(tx: Tx, id: string, sourceKey: string): Promise<void> {
  await tx.alarm.updateMany({ where: { id, state: 'active' }, data: { sourceKey } })
}

/** Ends the states of a source that are open, for nobody would hear of their end. @returns the alarms as they are now */
export async function endStates(tx: Tx, provider: Database['provider'], sourceId: string): Promise<Alarm[]> {
  const ahead = await tx.takenAhead.findMany({ where: { sourceId } })
  await tx.takenAhead.deleteMany({ where: { sourceId } })
  const rows = await tx.alarm.findMany({
    where: {
      sourceId,
      state: 'active',
      OR: [{ sourceKey: { endsWith: openKey('') } }, { id: { in: ahead.map(({ alarmId }) => alarmId) } }],
    },
    orderBy: { id: 'asc' },
  })
  const ended = rows.map((row): Alarm => {
    const { sourceKey } = row
    const channel = sourceKey.slice(0, sourceKey.lastIndexOf('@'))
    return { ...toAlarm(row), state: 'cleared', sourceKey: endedKey(channel, row.id) }
  })
  const endedIds = await clearAlarms(tx, provider, ended)
  return ended.filter(({ id }) => endedIds.has(id))
}

export interface AlarmFilter {
  state?: string | undefined
  priority?: number | undefined
  since?: Date | undefined
  cellCodes: readonly string[] | undefined
}

/** Place in a list that runs from the newest to the oldest. */
export interface AlarmPlace {
  at: Date
  id: string
}

export async function listAlarms(
  database: Database,
  filter: AlarmFilter,
  before: AlarmPlace | undefined,
  limit: number,
): Promise<Alarm[]> {
  const rows = await database.client.alarm.findMany({
    where: {
      ...(filter.state === undefined ? {} : { state: filter.state }),
      ...(filter.priority === undefined ? {} : { priority: filter.priority }),
      ...(filter.cellCodes === undefined ? {} : { cellCode: { in: [...filter.cellCodes] } }),
      ...(filter.since === undefined ? {} : { receivedAt: { gte: filter.since } }),
      ...(before === undefined
        ? {}
        : {
            OR: [{ receivedAt: { lt: before.at } }, { receivedAt: before.at, id: { lt: before.id } }],
          }),
    },
    orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
    take: limit,
  })
  return rows.map(toAlarm)
}

/** What could not be taken. Only the beginning of it is kept: a panel gone mad must not fill the disk. */
const MAX_REJECTED_BYTES = 4096

export interface NewRejectedInput {
  id: string
  sourceId: string | undefined
  reason: string
  at: Date
  payload: Uint8Array
}

export async function insertRejected(tx: Tx, inputs: readonly NewRejectedInput[]): Promise<void> {
  if (inputs.length === 0) return
  await tx.rejectedInput.createMany({
    data: inputs.map(({ sourceId, payload, ...input }) => ({
      ...input,
      sourceId: sourceId ?? null,
      payload: new Uint8Array(withoutIdentity(payload).subarray(0, MAX_REJECTED_BYTES)),
    })),
  })
}

/** What can be read is kept without who somebody is; what cannot is kept as it is, for it is not known what it says. */
function withoutIdentity(payload: Uint8Array): Uint8Array {
  if (payload.byteLength > MAX_MESSAGE_BYTES) return payload
  try {
    const json: unknown = JSON.parse(Buffer.from(payload).toString())
    if (typeof json !== 'object' || json === null) return payload
    const stripped = stripIdentity({ payload: json })
    return stripped.ok && stripped.count > 0 ? Buffer.from(JSON.stringify(stripped.data.payload)) : payload
  } catch {
    return payload
  }
}

/** Keeps the newest that are not older than `before`, and of no source so many that they push out those of others. */
export async function pruneRejected(
  { client }: Database,
  keep: { all: number; ofOne: number },
  before: Date,
): Promise<void> {
  const many = await client.rejectedInput.groupBy({
    by: ['sourceId'],
    having: { id: { _count: { gt: keep.ofOne } } },
    _count: { id: true },
  })
  for (const { sourceId } of many) await keepNewest(client, { sourceId }, keep.ofOne)
  await keepNewest(client, {}, keep.all)
  await client.rejectedInput.deleteMany({ where: { at: { lte: before } } })
}

async function keepNewest(client: Database['client'], of: { sourceId?: string | null }, keep: number): Promise<void> {
  const [newestGone] = await client.rejectedInput.findMany({
    where: of,
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    skip: keep,
    take: 1,
  })
  if (newestGone === undefined) return
  const { at, id } = newestGone
  await client.rejectedInput.deleteMany({ where: { ...of, OR: [{ at: { lt: at } }, { at, id: { lte: id } }] } })
}
