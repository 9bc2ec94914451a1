import type { Case, Notification, NotificationState } from '../contracts/case.ts'
import type { ChannelFault, ChannelKind, ChannelMessage } from '../contracts/channel.ts'
import type { Database, Tx } from '../storage/database.ts'

/** A page that has not said within this time that it shows the case is taken for silent; the next channel is asked. */
const RECEIPT_MS = 15_000

/** The ways out beside the duty page, in their order; `notify` brings them. */
export interface Channels {
  after(
    tx: Tx,
    cellCode: string,
    previous: string | undefined,
  ): Promise<{ id: string; name: string; kind: ChannelKind } | undefined>
  enqueue(
    tx: Tx,
    channelId: string,
    of: { notificationId: string; caseId: string; toId: string; message: ChannelMessage; at: Date },
  ): Promise<void>
}

/** What a channel says of one of its messages. */
export type Settlement = { state: 'accepted' } | { state: 'undelivered'; fault: ChannelFault } | { state: 'not-needed' }

export interface NewNotification {
  id: string
  caseId: string
  to: { id: string; name: string }
  at: Date
  /** Undefined: the duty page. */
  channel: { id: string; name: string; kind: ChannelKind } | undefined
}

export async function insertNotification(tx: Tx, { id, caseId, to, at, channel }: NewNotification): Promise<void> {
  await tx.notification.create({
    data: {
      id,
      caseId,
      toId: to.id,
      toName: to.name,
      channel: (channel?.kind ?? 'duty-page') satisfies Notification['channel'],
      channelId: channel?.id ?? null,
      channelName: channel?.name ?? null,
      state: 'sent' satisfies NotificationState,
      at,
      dueAt: new Date(at.getTime() + RECEIPT_MS),
    },
  })
}

/** The person's page shows the case, so that no further channel is asked. @returns whether that was news */
export async function markDelivered(tx: Tx, caseId: string, toId: string, now: Date): Promise<boolean> {
  const { count } = await tx.notification.updateMany({
    where: { caseId, toId, channelId: null, state: { not: 'delivered' } },
    data: { state: 'delivered', receivedAt: now, dueAt: null },
  })
  await tx.notification.updateMany({ where: { caseId, toId, dueAt: { not: null } }, data: { dueAt: null } })
  return count > 0
}

/** One notification as the chain of channels needs it. */
export interface Pending {
  id: string
  caseId: string
  toId: string
  toName: string
  channelId: string | undefined
  channelName: string | undefined
  state: string
  /** The next channel has not been asked yet. */
  isDue: boolean
}

export async function findPending(tx: Tx, id: string): Promise<Pending | undefined> {
  const row = await tx.notification.findUnique({ where: { id } })
  if (row === null) return undefined
  const { caseId, toId, toName, state } = row
  const [channelId, channelName] = [row.channelId ?? undefined, row.channelName ?? undefined]
  return { id, caseId, toId, toName, state, channelId, channelName, isDue: row.dueAt !== null }
}

export async function changeNotification(
  tx: Tx,
  id: string,
  change: { state?: NotificationState; receivedAt?: Date; fault?: ChannelFault; dueAt?: null },
): Promise<void> {
  await tx.notification.update({ where: { id }, data: change })
}

export async function dueNotifications(
  database: Database,
  now: Date,
  limit: number,
): Promise<{ id: string; caseId: string }[]> {
  return database.client.notification.findMany({
    where: { dueAt: { lte: now } },
    orderBy: { dueAt: 'asc' },
    take: limit,
    select: { id: true, caseId: true },
  })
}

/** When the first of them is due, wall time; infinite where none is waited for. */
export async function nextNotificationMs({ client }: Database): Promise<number> {
  const where = { dueAt: { not: null } }
  const first = await client.notification.findFirst({ where, orderBy: { dueAt: 'asc' }, select: { dueAt: true } })
  return first?.dueAt?.getTime() ?? Number.POSITIVE_INFINITY
}

/** Of these notifications those whose person is on duty, still has the case unanswered and has not seen it on the page. */
export async function stillNeeded({ client }: Database, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await client.notification.findMany({
    where: { id: { in: [...ids] }, case: { phase: 'dispatched' } },
    select: { id: true, caseId: true, toId: true, at: true, case: { select: { assigneeId: true } } },
  })
  const receipts = await client.notification.findMany({
    where: { caseId: { in: rows.map(({ caseId }) => caseId) }, state: 'delivered' },
    select: { caseId: true, toId: true, receivedAt: true },
  })
  const isSeen = (one: (typeof rows)[number]): boolean =>
    receipts.some(
      ({ caseId, toId, receivedAt }) =>
        caseId === one.caseId && toId === one.toId && receivedAt !== null && receivedAt >= one.at,
    )
  const duties = await client.duty.findMany({ where: { userId: { in: rows.map(({ toId }) => toId) } } })
  const onDuty = new Set(duties.map(({ userId }) => userId))
  const isNeeded = (one: (typeof rows)[number]): boolean =>
    one.case.assigneeId === one.toId && onDuty.has(one.toId) && !isSeen(one)
  return new Set(rows.filter(isNeeded).map(({ id }) => id))
}

/** What a message tells of a case. */
export function messageOf(one: Case, to: string): ChannelMessage {
  const { id, year, number, priority, type, cellCode, text, openedAt } = one
  return { caseId: id, number: `${year}-${number}`, priority, type, cellCode, text, openedAt, to }
}
