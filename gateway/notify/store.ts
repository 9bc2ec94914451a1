import { type LiveEvent, LiveEvent as LiveEventSchema, type NewLiveEvent } from '../contracts/event.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'

/** One row of the outbox. Numbers are in the order of commits, so a reader that has seen N misses nothing below N. */
export interface StoredEvent {
  number: bigint
  event: LiveEvent
  /** `event.data` as stored, so that nobody serialises it again. */
  dataJson: string
  cellCode: string
  sessionId: string | undefined
}

interface EventRow {
  id: bigint
  kind: string
  cellCode: string
  sessionId: string | null
  dataJson: string
}

function toStoredEvent(row: EventRow): StoredEvent {
  return {
    number: row.id,
    event: LiveEventSchema.parse({ kind: row.kind, data: JSON.parse(row.dataJson) }),
    dataJson: row.dataJson,
    cellCode: row.cellCode,
    sessionId: row.sessionId ?? undefined,
  }
}

/** Writes events in the caller's transaction, in the order given. */
export async function insertEvents(tx: Tx, events: readonly NewLiveEvent[], at: Date): Promise<void> {
  if (events.length === 0) return
  const first = await takeNumbers(tx, 'event', events.length)
  await tx.event.createMany({
    data: events.map(({ kind, cellCode, sessionId, data }, offset) => ({
      id: first + BigInt(offset),
      kind,
      cellCode,
      sessionId: sessionId ?? null,
      dataJson: JSON.stringify(data),
      at,
    })),
  })
}

export async function readEvents(
  database: Database,
  range: { after: bigint; upTo?: bigint },
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await database.client.event.findMany({
    where: { id: { gt: range.after, ...(range.upTo === undefined ? {} : { lte: range.upTo }) } },
    orderBy: { id: 'asc' },
    take: limit,
  })
  return rows.map(toStoredEvent)
}

/** Numbers of the oldest event that is kept and of the newest ever given. */
export async function eventSpan(database: Database): Promise<{ oldest: bigint | undefined; newest: bigint }> {
  const [first, counter] = await Promise.all([
    database.client.event.findFirst({ orderBy: { id: 'asc' }, select: { id: true } }),
    database.client.counter.findUniqueOrThrow({ where: { name: 'event' } }),
  ])
  return { oldest: first?.id, newest: counter.value }
}

export async function readCursor(database: Database, destination: string): Promise<bigint> {
  const row = await database.client.destination.findUnique({ where: { name: destination } })
  return row?.deliveredEventId ?? 0n
}

/** A cursor never moves back, whoever writes last. */
export async function writeCursor(database: Database, destination: string, delivered: bigint): Promise<void> {
  await database.transaction(async (tx) => {
    const { count } = await tx.destination.updateMany({
      where: { name: destination, deliveredEventId: { lt: delivered } },
      data: { deliveredEventId: delivered },
    })
    if (count > 0) return
    const known = await tx.destination.findUnique({ where: { name: destination } })
    if (known === null) await tx.destination.create({ data: { name: destination, deliveredEventId: delivered } })
  })
}

/**
 * Forgets events that every destination has and that are older than `deliveredBefore`; those older than
 * `anywayBefore` go even if a destination never came for them.
 * @returns how many are gone
 */
export async function pruneEvents(
  database: Database,
  limits: { deliveredBefore: Date; anywayBefore: Date },
): Promise<number> {
  const { _min } = await database.client.destination.aggregate({ _min: { deliveredEventId: true } })
  const delivered = _min.deliveredEventId
  const { count } = await database.client.event.deleteMany({
    where: {
      OR: [
        { at: { lt: limits.anywayBefore } },
        { at: { lt: limits.deliveredBefore }, ...(delivered === null ? {} : { id: { lte: delivered } }) },
      ],
    },
  })
  return count
}
