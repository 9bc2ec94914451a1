import { AlarmType, Priority } from '../contracts/alarm.ts'
import {
  type Case,
  CaseActionName,
  CasePhase,
  Notification,
  NotificationState,
  TimelineAction,
} from '../contracts/case.ts'
import { ChannelFault } from '../contracts/channel.ts'
import { toInstant } from '../contracts/common.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { numberOf } from './number.ts'
import { legalActions, STEP_OF } from './steps.ts'

/** A case names this many of its alarms, the newest; the list of alarms has them all. */
export const ALARM_IDS_NAMED = 20

const WITH_TIMELINE = {
  actions: { orderBy: { version: 'asc' } },
  notifications: { orderBy: { at: 'asc' } },
} as const satisfies Prisma.CaseInclude
export type CaseRow = Prisma.CaseGetPayload<{ include: typeof WITH_TIMELINE }>

const instant = (at: Date): string => toInstant(at.getTime())

export function toCase(row: CaseRow, alarmIds: readonly string[]): Case {
  const phase = CasePhase.parse(row.phase)
  const due = row.dueAt === null ? undefined : instant(row.dueAt)
  return {
    id: row.id,
    number: numberOf.text(row.number),
    year: row.year,
    step: STEP_OF[phase],
    phase,
    legal: legalActions(phase),
    priority: Priority.parse(row.priority),
    type: AlarmType.parse(row.type),
    cellCode: row.cellCode,
    ...(row.cameraId === null ? {} : { cameraId: row.cameraId }),
    text: row.text,
    occurrences: row.occurrences,
    alarmIds: [...alarmIds],
    openedAt: instant(row.openedAt),
    lastAlarmAt: instant(row.lastAlarmAt),
    ...(row.ownerId === null ? {} : { owner: { id: row.ownerId, name: row.ownerName ?? '' } }),
    ...(row.assigneeId === null ? {} : { assignee: { id: row.assigneeId, name: row.assigneeName ?? '' } }),
    ...(due === undefined ? {} : phase === 'dispatched' ? { escalatesAt: due } : { shelvedUntil: due }),
    ...(row.closedAt === null ? {} : { closedAt: instant(row.closedAt) }),
    ...responseOf(row),
    times: timesOf(row),
    version: row.version,
    timeline: row.actions.map(({ at, deviceAt, action, byName, text }) => ({
      at: instant(at),
      ...(deviceAt === null ? {} : { deviceAt: instant(deviceAt) }),
      action: TimelineAction.parse(action),
      by: byName,
      ...(text === null ? {} : { text }),
    })),
    notifications: row.notifications.map(toNotification),
  }
}

function responseOf({ openedAt, respondBy, respondedAt, overdueAt }: CaseRow): Pick<Case, 'response'> {
  if (respondBy === null) return {}
  const answered = respondedAt === null ? undefined : respondedAt > respondBy ? 'late' : 'met'
  return {
    response: {
      targetSeconds: Math.round((respondBy.getTime() - openedAt.getTime()) / 1000),
      dueAt: instant(respondBy),
      state: answered ?? (overdueAt === null ? 'running' : 'overdue'),
      ...(respondedAt === null ? {} : { respondedAt: instant(respondedAt) }),
    },
  }
}

function timesOf({ occurredAt, openedAt, shownAt, acknowledgedAt, notifications }: CaseRow): Case['times'] {
  const receipts = notifications.flatMap(({ channelId, receivedAt }) =>
    channelId === null && receivedAt !== null ? receivedAt.getTime() : [],
  )
  return {
    ...(occurredAt === null ? {} : { device: instant(occurredAt) }),
    gateway: instant(openedAt),
    ...(shownAt === null ? {} : { console: instant(shownAt) }),
    ...(receipts.length === 0 ? {} : { phone: toInstant(Math.min(...receipts)) }),
    ...(acknowledgedAt === null ? {} : { acknowledged: instant(acknowledgedAt) }),
  }
}

function toNotification(row: CaseRow['notifications'][number]): Notification {
  const fault = ChannelFault.safeParse(row.fault)
  return {
    id: row.id,
    toId: row.toId,
    to: row.toName,
    channel: Notification.shape.channel.parse(row.channel),
    ...(row.channelName === null ? {} : { channelName: row.channelName }),
    state: NotificationState.parse(row.state),
    at: instant(row.at),
    ...(row.receivedAt === null ? {} : { receivedAt: instant(row.receivedAt) }),
    ...(fault.success ? { fault: fault.data } : {}),
  }
}

const NEWEST_ALARMS = {
  sqlite: `SELECT "cases".value AS "caseId", (SELECT json_group_array("id") FROM (SELECT "id" FROM "Alarm"
    WHERE "caseId" = "cases".value ORDER BY "receivedAt" DESC LIMIT ${ALARM_IDS_NAMED})) AS "alarmIds"
    FROM json_each(?) AS "cases"`,
  postgresql: `SELECT "caseId", (SELECT json_agg("id")::text FROM (SELECT "id" FROM "Alarm"
    WHERE "Alarm"."caseId" = "cases"."caseId" ORDER BY "receivedAt" DESC LIMIT ${ALARM_IDS_NAMED}) AS "newest")
    AS "alarmIds" FROM jsonb_array_elements_text($1::jsonb) AS "cases" ("caseId")`,
} as const satisfies Record<Database['provider'], string>

async function withAlarms(tx: Tx, provider: Database['provider'], rows: readonly CaseRow[]): Promise<Case[]> {
  if (rows.length === 0) return []
  const found = await tx.$queryRawUnsafe<{ caseId: string; alarmIds: string | null }[]>(
    NEWEST_ALARMS[provider],
    JSON.stringify(rows.map(({ id }) => id)),
  )
  const alarmIds = new Map(found.map((row) => [row.caseId, JSON.parse(row.alarmIds ?? '[]') as string[]])) // our own SQL
  return rows.map((row) => toCase(row, alarmIds.get(row.id) ?? []))
}

/** Cases as they stand in this transaction, in the order of their opening. */
export async function readCases(tx: Tx, provider: Database['provider'], ids: readonly string[]): Promise<Case[]> {
  const rows = await tx.case.findMany({
    where: { id: { in: [...ids] } },
    include: WITH_TIMELINE,
    orderBy: [{ openedAt: 'asc' }, { id: 'asc' }],
  })
  return withAlarms(tx, provider, rows)
}

export async function readCase(tx: Tx, provider: Database['provider'], id: string): Promise<Case | undefined> {
  const [found] = await readCases(tx, provider, [id])
  return found
}

export interface CaseFilter {
  phases: readonly CasePhase[] | undefined
  priority: number | undefined
  cellCodes: readonly string[] | undefined
  /** Owned by this person, or given to this person. */
  mineId: string | undefined
}

/** Place in a list that runs from the newest to the oldest. */
export interface CasePlace {
  at: Date
  id: string
}

export async function listCases(
  { client, provider }: Database,
  filter: CaseFilter,
  before: CasePlace | undefined,
  limit: number,
): Promise<Case[]> {
  const { phases, priority, cellCodes, mineId } = filter
  const rows = await client.case.findMany({
    where: {
      AND: [
        phases === undefined ? {} : { phase: { in: [...phases] } },
        priority === undefined ? {} : { priority },
        cellCodes === undefined ? {} : { cellCode: { in: [...cellCodes] } },
        mineId === undefined ? {} : { OR: [{ ownerId: mineId }, { assigneeId: mineId }] },
        before === undefined
          ? {}
          : { OR: [{ openedAt: { lt: before.at } }, { openedAt: before.at, id: { lt: before.id } }] },
      ],
    },
    include: WITH_TIMELINE,
    orderBy: [{ openedAt: 'desc' }, { id: 'desc' }],
    take: limit,
  })
  return withAlarms(client, provider, rows)
}

/** Holds the case until the transaction ends, so that whoever comes second sees what the first has done. */
export async function lockCase(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.case.updateMany({ where: { id }, data: { version: { increment: 1 } } })
  return count > 0
}

/** What was done under this key, and by whom, if anything. */
export async function findAction(
  tx: Tx,
  caseId: string,
  idempotencyKey: string,
): Promise<{ action: CaseActionName; byId: string | null } | undefined> {
  const row = await tx.caseAction.findUnique({
    where: { caseId_idempotencyKey: { caseId, idempotencyKey } },
    select: { action: true, byId: true },
  })
  return row === null ? undefined : { ...row, action: CaseActionName.parse(row.action) }
}

export interface CaseChange {
  phase?: CasePhase
  /** Null: further alarms open a case of their own. */
  groupKey?: null
  owner?: { id: string; name: string }
  assignee?: { id: string; name: string } | null
  dueAt?: Date | null
  closedAt?: Date
  acknowledgedAt?: Date
  respondedAt?: Date
  overdueAt?: Date
}

export async function changeCase(tx: Tx, id: string, { owner, assignee, ...change }: CaseChange): Promise<void> {
  await tx.case.update({
    where: { id },
    data: {
      ...change,
      ...(owner === undefined ? {} : { ownerId: owner.id, ownerName: owner.name }),
      ...(assignee === undefined ? {} : { assigneeId: assignee?.id ?? null, assigneeName: assignee?.name ?? null }),
    },
  })
}

export interface NewTimelineEntry {
  id: string
  action: TimelineAction
  idempotencyKey: string
  at: Date
  deviceAt: Date | undefined
  byId: string | undefined
  byName: string
  text: string | undefined
}

/** Adds to the timeline, after all that is in it. */
export async function insertAction(tx: Tx, caseId: string, entry: NewTimelineEntry): Promise<void> {
  const last = await tx.caseAction.aggregate({ where: { caseId }, _max: { version: true } })
  await tx.caseAction.create({
    data: {
      ...entry,
      caseId,
      version: (last._max.version ?? 0) + 1,
      deviceAt: entry.deviceAt ?? null,
      byId: entry.byId ?? null,
      text: entry.text ?? null,
    },
  })
}

/** A console of the centre shows the case; the first one counts, and it is no change that others are told of. */
export async function markShown({ client }: Database, id: string, now: Date): Promise<void> {
  await client.case.updateMany({ where: { id, shownAt: null }, data: { shownAt: now } })
}

/** Open cases whose response is due and of which the timeline does not say so yet. */
export async function overdueCases({ client }: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await client.case.findMany({
    where: { overdueAt: null, respondedAt: null, respondBy: { lte: now }, closedAt: null },
    orderBy: { respondBy: 'asc' },
    take: limit,
    select: { id: true },
  })
  return rows.map(({ id }) => id)
}

/** @returns whether it was news */
export async function markOverdue(tx: Tx, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.case.updateMany({
    where: { id, overdueAt: null, respondedAt: null, respondBy: { lte: now }, closedAt: null },
    data: { overdueAt: now },
  })
  return count > 0
}

/** Cases whose dispatch is to be escalated or whose shelving is over. */
export async function dueCases(database: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await database.client.case.findMany({
    where: { dueAt: { lte: now } },
    orderBy: { dueAt: 'asc' },
    take: limit,
    select: { id: true },
  })
  return rows.map(({ id }) => id)
}

/** When the next of the cases is due or overdue, wall time; infinite where none will be. */
export async function nextCaseMs({ client }: Database): Promise<number> {
  const [due, overdue] = await Promise.all([
    client.case.findFirst({ where: { dueAt: { not: null } }, orderBy: { dueAt: 'asc' }, select: { dueAt: true } }),
    client.case.findFirst({
      where: { overdueAt: null, respondedAt: null, closedAt: null, respondBy: { not: null } },
      orderBy: { respondBy: 'asc' },
      select: { respondBy: true },
    }),
  ])
  const times = [due?.dueAt, overdue?.respondBy].map((at) => at?.getTime() ?? Number.POSITIVE_INFINITY)
  return Math.min(...times)
}

/** As people speak of them: year and number in their cell, and what the alarm said. */
export async function caseNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const select = { id: true, year: true, number: true, text: true }
  const rows = await tx.case.findMany({ where: { id: { in: [...ids] } }, select })
  return rows.map(({ id, year, number, text }) => ({ id, name: `${year}-${numberOf.text(number)} ${text}`.trim() }))
}
