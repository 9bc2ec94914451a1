import { createHash, timingSafeEqual } from 'node:crypto'
import { AlarmSource, AlarmType, type NewAlarmSource, Priority } from '../contracts/alarm.ts'
import { Id } from '../contracts/common.ts'
import type { Database, Tx } from '../storage/database.ts'

/** The gateway itself as a source: what it finds out on its own, such as a source that fell silent. */
export const SYSTEM_SOURCE_ID = '00000000-0000-4000-8000-000000000001'
const SYSTEM_KIND = 'system'

export interface SourceRow {
  id: string
  name: string
  kind: string
  cellCode: string
  cameraId: string | null
  mapping: string | null
  topic: string | null
  device: string | null
  alarmType: string | null
  priority: number | null
  silenceSeconds: number | null
  pausedUntil: Date | null
  pauseReason: string | null
  retiredAt: Date | null
  lastHeardAt: Date | null
  createdAt: Date
}

export function toSource(row: SourceRow, nowMs: number): AlarmSource {
  const { pausedUntil } = row
  return {
    id: row.id,
    name: row.name,
    kind: AlarmSource.shape.kind.parse(row.kind),
    cellCode: row.cellCode,
    ...(row.cameraId === null ? {} : { cameraId: row.cameraId }),
    ...(row.mapping === null ? {} : { mapping: row.mapping }),
    ...(row.topic === null ? {} : { topic: row.topic }),
    ...(row.device === null ? {} : { device: row.device }),
    ...(row.alarmType === null ? {} : { alarmType: AlarmType.parse(row.alarmType) }),
    ...(row.priority === null ? {} : { priority: Priority.parse(row.priority) }),
    ...(row.silenceSeconds === null ? {} : { silenceSeconds: row.silenceSeconds }),
    ...(pausedUntil === null || pausedUntil.getTime() <= nowMs
      ? {}
      : { pause: { until: pausedUntil.toISOString(), reason: row.pauseReason ?? '' } }),
    ...(row.retiredAt === null ? {} : { retiredAt: row.retiredAt.toISOString() }),
    ...(row.lastHeardAt === null ? {} : { lastHeardAt: row.lastHeardAt.toISOString() }),
    createdAt: row.createdAt.toISOString(),
  }
}

/**
 * SHA-256 in hex. The secrets are 256 random bits made here, so a slow hash would add nothing: nobody guesses them.
 */
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

function matches(secret: string, storedHash: string): boolean {
  const [given, stored] = [Buffer.from(hashOf(secret)), Buffer.from(storedHash)]
  return given.length === stored.length && timingSafeEqual(given, stored)
}

/** What a source shows to be let in; stored as hashes alone. */
export interface SourceSecrets {
  mqttPassword: string
  webhookToken: string
}

const hashesOf = ({ mqttPassword, webhookToken }: SourceSecrets): SecretHashes => ({
  mqttPasswordHash: hashOf(mqttPassword),
  webhookTokenHash: hashOf(webhookToken),
})

export async function insertSource(
  tx: Tx,
  source: NewAlarmSource & { id: string; createdAt: Date },
  secrets: SourceSecrets,
): Promise<AlarmSource> {
  const row = await tx.alarmSource.create({
    data: {
      id: source.id,
      name: source.name,
      kind: source.kind,
      cellCode: source.cellCode,
      cameraId: source.cameraId ?? null,
      mapping: source.mapping ?? null,
      topic: source.topic ?? null,
      device: source.device ?? null,
      alarmType: source.alarmType ?? null,
      priority: source.priority ?? null,
      silenceSeconds: source.silenceSeconds ?? null,
      ...hashesOf(secrets),
      createdAt: source.createdAt,
    },
  })
  return toSource(row, source.createdAt.getTime())
}

/** The old ones are worth nothing from the commit on. */
export async function renewSecrets(tx: Tx, id: string, secrets: SourceSecrets): Promise<void> {
  await tx.alarmSource.update({ where: { id }, data: hashesOf(secrets) })
}

/** The row that alarms of the gateway itself belong to; it has no password that could match. */
export async function ensureSystemSource(database: Database, now: Date): Promise<void> {
  await database.transaction(async (tx) => {
    const row = { name: 'Gridlight', kind: SYSTEM_KIND, cellCode: '', mqttPasswordHash: '', webhookTokenHash: '' }
    await tx.alarmSource.upsert({
      where: { id: SYSTEM_SOURCE_ID },
      create: { ...row, id: SYSTEM_SOURCE_ID, createdAt: now },
      update: {},
    })
  })
}

/** A registered source, in use or retired. */
export async function findSource(
  client: Database['client'] | Tx,
  id: string,
): Promise<(SourceRow & SecretHashes) | undefined> {
  if (!Id.safeParse(id).success) return undefined
  const row = await client.alarmSource.findUnique({ where: { id } })
  return row === null || row.kind === SYSTEM_KIND ? undefined : row
}

/** The same, as long as it is in use. */
async function findUsed(database: Database, id: string): Promise<(SourceRow & SecretHashes) | undefined> {
  const row = await findSource(database.client, id)
  return row?.retiredAt === null ? row : undefined
}

interface SecretHashes {
  mqttPasswordHash: string
  webhookTokenHash: string
}

export async function isMqttPassword(database: Database, sourceId: string, password: string): Promise<boolean> {
  const source = await findUsed(database, sourceId)
  return source !== undefined && matches(password, source.mqttPasswordHash)
}

export async function isWebhookToken(database: Database, sourceId: string, token: string): Promise<boolean> {
  const source = await findUsed(database, sourceId)
  return source !== undefined && matches(token, source.webhookTokenHash)
}

/** What a registration says of the alarms of a source. */
export interface SourcePlace {
  cellCode: string
  cameraId: string | undefined
  priority: Priority | undefined
  pausedUntil: Date | undefined
}

/** Where the alarms of these sources belong; sources that are not, or not any more, are absent. */
export async function placesOf(tx: Tx, ids: readonly string[]): Promise<Map<string, SourcePlace>> {
  const rows = await tx.alarmSource.findMany({
    where: { id: { in: [...ids] }, kind: { not: SYSTEM_KIND }, retiredAt: null },
    select: { id: true, cellCode: true, cameraId: true, priority: true, pausedUntil: true },
  })
  return new Map(
    rows.map(({ id, cellCode, cameraId, priority, pausedUntil }) => [
      id,
      {
        cellCode,
        cameraId: cameraId ?? undefined,
        priority: Priority.safeParse(priority).data,
        pausedUntil: pausedUntil ?? undefined,
      },
    ]),
  )
}

export async function listSources(
  database: Database,
  { cellCodes, isRetired, nowMs }: { cellCodes: readonly string[] | undefined; isRetired: boolean; nowMs: number },
  after: string | undefined,
  limit: number,
): Promise<AlarmSource[]> {
  const rows = await database.client.alarmSource.findMany({
    where: {
      kind: { not: SYSTEM_KIND },
      retiredAt: isRetired ? { not: null } : null,
      ...(cellCodes === undefined ? {} : { cellCode: { in: [...cellCodes] } }),
      ...(after === undefined ? {} : { id: { gt: after } }),
    },
    orderBy: { id: 'asc' },
    take: limit,
  })
  const silent = new Set((await openSilences(database)).map(({ sourceKey }) => sourceKey.split(':')[1]))
  return rows.map((row) => {
    const source = toSource(row, nowMs)
    const isSilent = silent.has(source.id) && source.lastHeardAt !== undefined
    return isSilent ? { ...source, silentSince: source.lastHeardAt } : source
  })
}

/** Notes when sources were last heard, and that these of them send heartbeats. */
export async function recordHeard(
  database: Database,
  heard: { ids: readonly string[]; beating: readonly string[] },
  at: Date,
): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.alarmSource.updateMany({ where: { id: { in: heard.ids.toSorted() } }, data: { lastHeardAt: at } })
    await tx.alarmSource.updateMany({
      where: { id: { in: heard.beating.toSorted() }, sendsHeartbeats: false },
      data: { sendsHeartbeats: true },
    })
  })
}

/**
 * Notes the highest number of each counting source. A step back is a new beginning if it is 0 or 1, and otherwise an old
 * message that came again or late.
 * @returns the numbers that were jumped over
 */
export async function countSequences(
  tx: Tx,
  numbers: readonly { sourceId: string; sequence: number }[],
): Promise<{ sourceId: string; from: number; to: number }[]> {
  const bySource = Map.groupBy(numbers, ({ sourceId }) => sourceId)
  const gaps: { sourceId: string; from: number; to: number }[] = []
  // In one order on all nodes: two that count the same sources would otherwise wait for each other.
  for (const sourceId of [...bySource.keys()].sort()) {
    const row = await tx.alarmSource.findUnique({ where: { id: sourceId }, select: { lastSequence: true } })
    const before = row?.lastSequence ?? undefined
    let last = before === undefined ? undefined : Number(before)
    for (const { sequence } of bySource.get(sourceId) ?? []) {
      if (last !== undefined && sequence > last + 1) gaps.push({ sourceId, from: last + 1, to: sequence - 1 })
      if (last === undefined || sequence > last || sequence <= 1) last = sequence
    }
    if (last === undefined || (before !== undefined && BigInt(last) === before)) continue
    await tx.alarmSource.update({ where: { id: sourceId }, data: { lastSequence: BigInt(last) } })
  }
  return gaps
}

/** The parts of a gap that are really missing. @param held numbers that are here and not stored yet */
export function withoutHeld<T extends { from: number; to: number }>(gap: T, held: readonly number[]): T[] {
  const parts: T[] = []
  let { from } = gap
  for (const number of held.filter((one) => one >= gap.from && one <= gap.to).sort((a, b) => a - b)) {
    if (number > from) parts.push({ ...gap, from, to: number - 1 })
    from = Math.max(from, number + 1)
  }
  if (from <= gap.to) parts.push({ ...gap, from, to: gap.to })
  return parts
}

/** Sources whose silence means something now. */
export async function beatingSources(database: Database, now: Date): Promise<SourceRow[]> {
  return database.client.alarmSource.findMany({
    where: {
      kind: { not: SYSTEM_KIND },
      retiredAt: null,
      AND: [
        { OR: [{ sendsHeartbeats: true }, { silenceSeconds: { not: null } }] },
        { OR: [{ pausedUntil: null }, { pausedUntil: { lte: now } }] },
      ],
    },
  })
}

/** Silences that have not ended yet. */
export async function openSilences(database: Database): Promise<{ sourceKey: string }[]> {
  return database.client.alarm.findMany({
    where: { sourceId: SYSTEM_SOURCE_ID, state: 'active', type: 'source-silent' },
    select: { sourceKey: true },
  })
}

export interface OpenAlarm {
  sourceId: string
  sourceKey: string
  type: AlarmType
  cellCode: string
}

/** A source has some open; beyond this many together only a restart of the gateway would meet them. */
const MAX_OPEN = 1_000

/** Alarms of these sources that have not been cleared, newest first. */
export async function openAlarmsOf(database: Database, sourceIds: readonly string[]): Promise<OpenAlarm[]> {
  const rows = await database.client.alarm.findMany({
    where: { sourceId: { in: [...sourceIds] }, state: 'active' },
    select: { sourceId: true, sourceKey: true, type: true, cellCode: true },
    orderBy: { receivedAt: 'desc' },
    take: MAX_OPEN,
  })
  return rows.map(({ type, ...row }) => ({ ...row, type: AlarmType.parse(type) }))
}

export const sourceNames = (tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> =>
  tx.alarmSource.findMany({ where: { id: { in: [...ids] } }, select: { id: true, name: true } })
