import { AlarmType, Priority } from '../contracts/alarm.ts'
import { CasePhase } from '../contracts/case.ts'
import { townshipTime } from '../contracts/common.ts'
import { type Handover, HandoverMatters } from '../contracts/handover.ts'
import type { Principal, User } from '../contracts/identity.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { numberOf } from './number.ts'
import { isOver } from './steps.ts'

/** More open cases or dead feeds than a shift can read are named by the first so many. */
const MAX_NAMED = 500

const OPEN_PHASES = CasePhase.options.filter((phase) => !isOver(phase))

/** What is open in these cells now. @param cellCodes undefined: all */
export async function mattersOf(tx: Tx, cellCodes: readonly string[] | undefined): Promise<HandoverMatters> {
  const inCells = cellCodes === undefined ? {} : { cellCode: { in: [...cellCodes] } }
  const cases = await tx.case.findMany({
    where: { ...inCells, phase: { in: OPEN_PHASES } },
    orderBy: [{ priority: 'asc' }, { openedAt: 'asc' }],
    take: MAX_NAMED,
  })
  const cameras = await tx.camera.findMany({
    where: { ...inCells, removedAt: null, state: { in: ['offline', 'stalled'] } },
    select: { id: true, name: true, cellCode: true, stateSince: true },
    orderBy: { stateSince: 'asc' },
    take: MAX_NAMED,
  })
  return {
    openCases: cases.map((row) => ({
      id: row.id,
      number: numberOf.text(row.number),
      year: row.year,
      cellCode: row.cellCode,
      priority: Priority.parse(row.priority),
      type: AlarmType.parse(row.type),
      phase: CasePhase.parse(row.phase),
      text: row.text,
      openedAt: row.openedAt.toISOString(),
      // A due time that is no escalation is the end of a shelving.
      ...(row.dueAt === null || row.phase === 'dispatched' ? {} : { shelvedUntil: row.dueAt.toISOString() }),
    })),
    deadFeeds: cameras.map(({ stateSince, ...camera }) => ({ ...camera, since: stateSince.toISOString() })),
  }
}

type Signed = { id: string; at: Date; outgoing: Principal; incoming: User; notes: string | undefined }

export async function insertHandover(tx: Tx, { id, at, outgoing, incoming, notes }: Signed): Promise<Handover> {
  const matters = await mattersOf(tx, outgoing.cellCodes)
  const row = await tx.handover.create({
    data: {
      id,
      at,
      outgoingId: outgoing.id,
      outgoingName: outgoing.name,
      incomingId: incoming.id,
      incomingName: incoming.displayName,
      notes: notes ?? null,
      mattersJson: JSON.stringify(matters),
    },
  })
  return toHandover(row)
}

/** Newest first. */
export async function listHandovers(tx: Tx, before: Date | undefined, limit: number): Promise<Handover[]> {
  const rows = await tx.handover.findMany({
    where: before === undefined ? {} : { at: { lt: before } },
    orderBy: { at: 'desc' },
    take: limit,
  })
  return rows.map(toHandover)
}

/** A handover is spoken of by its time and the two who signed. */
export async function handoverNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const select = { id: true, at: true, outgoingName: true, incomingName: true }
  const rows = await tx.handover.findMany({ where: { id: { in: [...ids] } }, select })
  return rows.map(({ id, at, outgoingName, incomingName }) => ({
    id,
    name: `${townshipTime(at)} ${outgoingName} → ${incomingName}`,
  }))
}

function toHandover(row: Prisma.HandoverGetPayload<object>): Handover {
  return {
    id: row.id,
    at: row.at.toISOString(),
    outgoing: { id: row.outgoingId, name: row.outgoingName },
    incoming: { id: row.incomingId, name: row.incomingName },
    ...(row.notes === null ? {} : { notes: row.notes }),
    matters: HandoverMatters.parse(JSON.parse(row.mattersJson)),
  }
}
