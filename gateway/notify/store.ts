import { z } from 'zod'
import { type NewLiveEvent, OutboxEvent } from '../contracts/event.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'

/** One row of the outbox. Numbers are in the order of commits, so a reader that has seen N misses nothing below N. */
export interface StoredEvent {
  number: bigint
  event: OutboxEvent
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

/** @returns why not, for a row that another release wrote or that slipped through */
function toStoredEvent(row: EventRow): StoredEvent | { number: bigint; fault: string } {
  const read = OutboxEvent.safeParse({ kind: row.kind, data: JSON.parse(row.dataJson) })
  if (!read.success) return { number: row.id, fault: `${row.kind}: ${z.prettifyError(read.error)}` }
  const { dataJson, cellCode, sessionId } = row
  return { number: row.id, event: read.data, dataJson, cellCode, sessionId: sessionId ?? undefined }
}

/** A stretch of the outbox. */
export interface EventPage {
  events: StoredEvent[]
  /** What could not be read: it is passed over, for whatever comes after it must not wait for it. */
  faults: { number: bigint; fault: string }[]
  /** Number of the last row, readable or not; undefined when there was none. */
  last: bigint | undefined
  /** There may be more. */
  isFull: boolean
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
): Promise<EventPage> {
  const rows = await database.client.event.findMany({
    where: { id: { gt: range.after, ...(range.upTo === undefined ? {} : { lte: range.upTo }) } },
    orderBy: { id: 'asc' },
    take: limit,
  })
  const read = rows.map(toStoredEvent)
  return {
    events: read.filter((row) => 'event' in row),
    faults: read.filter((row) => 'fault' in row),
    last: rows.at(-1)?.id,
    isFull: rows.length === limit,
  }
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
