import type { DeadLetter, OutboxState } from '../contracts/outbox.ts'
import type { OutgoingMessage } from '../mqtt/topics.ts'
import type { Database } from '../storage/database.ts'
import { eventSpan } from './store.ts'

/** Enough to see what it was. */
const MAX_PAYLOAD_LENGTH = 4096
/** The newest are kept. */
const KEEP_LETTERS = 10_000

/** Keeps what is passed over; the same again changes nothing. */
export async function insertDeadLetter(
  database: Database,
  letter: {
    id: string
    destination: string
    number: bigint
    message: OutgoingMessage | undefined
    reason: string
    at: Date
  },
): Promise<void> {
  const { id, destination, number: eventId, message, reason, at } = letter
  const topic = message?.topic ?? ''
  const payload = (message?.payload ?? '').slice(0, MAX_PAYLOAD_LENGTH)
  await database.client.deadLetter.upsert({
    where: { destination_eventId: { destination, eventId } },
    create: { id, destination, eventId, topic, payload, reason, at },
    update: {},
  })
}

export async function pruneDeadLetters(database: Database): Promise<void> {
  const [oldest] = await database.client.deadLetter.findMany({ orderBy: { at: 'desc' }, skip: KEEP_LETTERS, take: 1 })
  if (oldest !== undefined) await database.client.deadLetter.deleteMany({ where: { at: { lte: oldest.at } } })
}

/** Newest first. */
export async function listDeadLetters(
  database: Database,
  before: { at: Date; id: string } | undefined,
  limit: number,
): Promise<DeadLetter[]> {
  const rows = await database.client.deadLetter.findMany({
    where: before === undefined ? {} : { OR: [{ at: { lt: before.at } }, { at: before.at, id: { lt: before.id } }] },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: limit,
  })
  return rows.map(({ eventId, at, ...row }) => ({ ...row, event: Number(eventId), at: at.toISOString() }))
}

/** How far each destination is behind. */
export async function outboxStates(database: Database): Promise<Omit<OutboxState, 'lastFault'>[]> {
  const { newest } = await eventSpan(database)
  const destinations = await database.client.destination.findMany({ orderBy: { name: 'asc' } })
  return Promise.all(
    destinations.map(async ({ name, deliveredEventId }) => {
      const [next, deadLetters] = await Promise.all([
        database.client.event.findFirst({ where: { id: { gt: deliveredEventId } }, orderBy: { id: 'asc' } }),
        database.client.deadLetter.count({ where: { destination: name } }),
      ])
      return {
        destination: name,
        waiting: Number(newest - deliveredEventId),
        ...(next === null ? {} : { waitingSince: next.at.toISOString() }),
        deadLetters,
      }
    }),
  )
}
