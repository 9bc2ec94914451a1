import { z } from 'zod'
import { toInstant } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import type { OwnerView } from '../contracts/link.ts'
import { ViewEnd, type ViewReason } from '../contracts/view.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'

export interface NewViewRow {
  id: string
  cameraId: string
  linkId: string
  consentVersion: number | undefined
  stream: 'main' | 'sub'
  /** What is played back; absent for the live picture. */
  recording?: string
  viewer: Principal
  sessionId: string
  nodeId: string
  reason: ViewReason
  startedMs: number
  expiresMs: number
  /** Of a view that is over with its opening. */
  endedWhy?: ViewEnd
}

/** Whom they watch for; their roles where nobody has said. */
export const unitOf = ({ unit, roles }: Principal): string => unit ?? roles.join(', ')

export async function insertView(tx: Tx, view: NewViewRow): Promise<void> {
  await tx.view.create({
    data: {
      id: view.id,
      cameraId: view.cameraId,
      linkId: view.linkId,
      consentVersion: view.consentVersion ?? null,
      stream: view.stream,
      recording: view.recording ?? null,
      viewerId: view.viewer.id,
      viewerName: view.viewer.name,
      unit: unitOf(view.viewer),
      sessionId: view.sessionId,
      nodeId: view.nodeId,
      reasonKind: view.reason.kind,
      reasonCaseId: view.reason.caseId ?? null,
      reasonText: view.reason.text ?? null,
      startedAt: new Date(view.startedMs),
      expiresAt: new Date(view.expiresMs),
      ...(view.endedWhy === undefined ? {} : { endedAt: new Date(view.startedMs), endedWhy: view.endedWhy }),
    },
  })
}

/** Views of a link from a moment on. */
export function countViewsSince(tx: Tx, linkId: string, sinceMs: number): Promise<number> {
  return tx.view.count({ where: { linkId, startedAt: { gte: new Date(sinceMs) } } })
}

/** Whether this session has opened this recording since then. */
export async function wasOpenedSince(
  tx: Tx,
  { recording, sessionId }: { recording: string; sessionId: string },
  sinceMs: number,
): Promise<boolean> {
  const where = { recording, sessionId, startedAt: { gt: new Date(sinceMs) } }
  return (await tx.view.findFirst({ where, select: { id: true } })) !== null
}

/** @returns those that were open; the others were never committed, or have been closed before */
export async function closeViews<T extends { id: string; atMs: number; why: ViewEnd }>(
  tx: Tx,
  ends: readonly T[],
): Promise<T[]> {
  const where = { id: { in: ends.map(({ id }) => id) }, endedAt: null }
  const rows = await tx.view.findMany({ where, select: { id: true } })
  const open = new Set(rows.map(({ id }) => id))
  const closed = ends.filter(({ id }) => open.has(id))
  // Those that ended together are one statement.
  for (const [, group] of Map.groupBy(closed, ({ atMs, why }) => `${atMs} ${why}`)) {
    const [{ atMs, why }] = group as [T, ...T[]] // groups are never empty
    await tx.view.updateMany({
      where: { id: { in: group.map(({ id }) => id) }, endedAt: null },
      data: { endedAt: new Date(atMs), endedWhy: why },
    })
  }
  return closed
}

/** A row that a process which is no more left open. */
export interface OpenView {
  id: string
  cameraId: string
  cellCode: string
  linkId: string
  sessionId: string
  viewerName: string
  expiresMs: number
}

export async function markHeard(tx: Tx, id: string, atMs: number): Promise<void> {
  await tx.view.update({ where: { id }, data: { heardAt: new Date(atMs) } })
}

/** A node that is gone for good cannot close its views; this long after their end any other does. */
const FORSAKEN_MS = 60_000

/** What this node has left open before, and what another should have closed; views that others serve are theirs. */
export async function listOpenViews(client: Tx, nodeId: string, nowMs: number, limit: number): Promise<OpenView[]> {
  const rows = await client.view.findMany({
    where: {
      endedAt: null,
      OR: [{ nodeId }, { nodeId: null }, { expiresAt: { lt: new Date(nowMs - FORSAKEN_MS) } }],
    },
    take: limit,
    include: { camera: { select: { cellCode: true } } },
  })
  return rows.map((row) => ({
    id: row.id,
    cameraId: row.cameraId,
    cellCode: row.camera.cellCode,
    linkId: row.linkId,
    sessionId: row.sessionId,
    viewerName: row.viewerName,
    expiresMs: row.expiresAt.getTime(),
  }))
}

/** Which gateway serves this session's open view. */
export async function findServingNode(client: Tx, id: string, sessionId: string): Promise<string | undefined> {
  const row = await client.view.findFirst({ where: { id, sessionId, endedAt: null }, select: { nodeId: true } })
  return row?.nodeId ?? undefined
}

type ViewRow = Prisma.ViewGetPayload<object>

const EndedWhy = z.union([ViewEnd, z.null()])

function toOwnerView(row: ViewRow, nowMs: number): OwnerView {
  const endedWhy = EndedWhy.parse(row.endedWhy)
  const endMs = row.endedAt?.getTime() ?? Math.min(nowMs, row.expiresAt.getTime())
  return {
    id: row.id,
    viewer: row.viewerName,
    unit: row.unit,
    kind: row.recording === null ? 'live' : 'recording',
    reason: {
      kind: row.reasonKind,
      ...(row.reasonCaseId === null ? {} : { caseId: row.reasonCaseId }),
      ...(row.reasonText === null ? {} : { text: row.reasonText }),
    },
    startedAt: toInstant(row.startedAt.getTime()),
    ...(row.heardAt === null ? {} : { heardAt: toInstant(row.heardAt.getTime()) }),
    ...(row.endedAt === null ? {} : { endedAt: toInstant(row.endedAt.getTime()) }),
    ...(endedWhy === null ? {} : { endedWhy }),
    durationSeconds: Math.max(0, Math.round((endMs - row.startedAt.getTime()) / 1000)),
    watchingNow: row.endedAt === null && row.expiresAt.getTime() > nowMs,
  }
}

/** The owner's ledger of one link, newest first. @param cursor id of the last view of the page before */
export async function listLedger(
  client: Tx,
  linkId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  nowMs: number,
): Promise<{ items: OwnerView[]; nextCursor?: string }> {
  const rows = await client.view.findMany({
    where: { linkId },
    orderBy: [{ startedAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
  })
  const items = rows.slice(0, limit).map((row) => toOwnerView(row, nowMs))
  const last = items.at(-1)
  return { items, ...(rows.length > limit && last !== undefined ? { nextCursor: last.id } : {}) }
}
