import { z } from 'zod'
import type { Principal } from '../contracts/identity.ts'
import { Party } from '../contracts/link.ts'
import type { Tx } from '../storage/database.ts'
import { CellCodes, Roles } from './store.ts'

/** A session ends when nobody has used it for so long, and at the end of a shift in any case. */
const IDLE_LIMIT_MS = 8 * 60 * 60_000
export const SHIFT_LIMIT_MS = 12 * 60 * 60_000

/** `lastSeenAt` is written at most this often, so that a wall of tiles does not become a stream of writes. */
export const SEEN_INTERVAL_MS = 60_000

/** Ended sessions are of no use but to tell apart what an old audit entry names. */
const KEEP_ENDED_MS = 30 * 24 * 60 * 60_000

const Row = z.object({
  id: z.string(),
  createdAt: z.date(),
  lastSeenAt: z.date(),
  expiresAt: z.date(),
  endedAt: z.date().nullable(),
  userId: z.string().nullable(),
  displayName: z.string().nullable(),
  unit: z.string().nullable(),
  rolesJson: z.string().nullable(),
  cellCodesJson: z.string().nullable(),
  disabledAt: z.date().nullable(),
  linkId: z.string().nullable(),
  invitationExpiresAt: z.date().nullable(),
  partyJson: z.string().nullable(),
})
type Row = z.infer<typeof Row>

export interface LiveSession {
  principal: Principal
  lastSeenMs: number
  /** When it is over if nobody uses it again. */
  expiresMs: number
}

/** The session behind a cookie, with the rights of this very moment; one query, all of it by index. */
export async function findLiveSession(client: Tx, tokenHash: string, nowMs: number): Promise<LiveSession | undefined> {
  const rows = await client.$queryRaw<unknown[]>`
    SELECT s."id", s."createdAt", s."lastSeenAt", s."expiresAt", s."endedAt", s."userId",
      u."displayName", u."unit", u."rolesJson", u."cellCodesJson", u."disabledAt",
      i."linkId", i."expiresAt" AS "invitationExpiresAt", l."partyJson"
    FROM "Session" s
    LEFT JOIN "User" u ON u."id" = s."userId"
    LEFT JOIN "OwnerInvitation" i ON i."id" = s."invitationId"
    LEFT JOIN "Link" l ON l."id" = i."linkId"
    WHERE s."tokenHash" = ${tokenHash}`
  return rows[0] === undefined ? undefined : toLiveSession(Row.parse(rows[0]), nowMs)
}

function toLiveSession(row: Row, nowMs: number): LiveSession | undefined {
  const lastSeenMs = row.lastSeenAt.getTime()
  const expiresMs = Math.min(row.expiresAt.getTime(), lastSeenMs + IDLE_LIMIT_MS)
  if (row.endedAt !== null || expiresMs <= nowMs) return undefined
  const principal = userPrincipal(row) ?? ownerPrincipal(row, nowMs)
  return principal && { principal, lastSeenMs, expiresMs }
}

function userPrincipal(row: Row): Principal | undefined {
  if (row.userId === null || row.rolesJson === null || row.disabledAt !== null) return undefined
  return {
    kind: 'user',
    id: row.userId,
    name: row.displayName ?? row.userId,
    ...(row.unit === null ? {} : { unit: row.unit }),
    roles: Roles.parse(JSON.parse(row.rolesJson)),
    cellCodes: row.cellCodesJson === null ? undefined : CellCodes.parse(JSON.parse(row.cellCodesJson)),
    sessionId: row.id,
  }
}

function ownerPrincipal(row: Row, nowMs: number): Principal | undefined {
  if (row.linkId === null || row.partyJson === null) return undefined
  if (row.invitationExpiresAt === null || row.invitationExpiresAt.getTime() <= nowMs) return undefined
  return {
    kind: 'owner',
    id: row.id,
    name: Party.parse(JSON.parse(row.partyJson)).name,
    roles: ['feed-owner'],
    cellCodes: [],
    sessionId: row.id,
    linkIds: [row.linkId],
  }
}

export interface NewSession {
  id: string
  tokenHash: string
  holder: { kind: 'user'; userId: string } | { kind: 'owner'; invitationId: string }
}

export async function insertSession(tx: Tx, { id, tokenHash, holder }: NewSession, nowMs: number): Promise<void> {
  const now = new Date(nowMs)
  await tx.session.create({
    data: {
      id,
      tokenHash,
      kind: holder.kind,
      ...(holder.kind === 'user' ? { userId: holder.userId } : { invitationId: holder.invitationId }),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(nowMs + SHIFT_LIMIT_MS),
    },
  })
}

export async function markSeen(client: Tx, id: string, nowMs: number): Promise<void> {
  await client.session.updateMany({ where: { id, endedAt: null }, data: { lastSeenAt: new Date(nowMs) } })
}

/** @returns whether it was open until now */
export async function endSession(tx: Tx, id: string, nowMs: number): Promise<boolean> {
  const { count } = await tx.session.updateMany({ where: { id, endedAt: null }, data: { endedAt: new Date(nowMs) } })
  return count > 0
}

/** Ends every session of a user but the one named. */
export async function endSessionsOf(
  tx: Tx,
  userId: string,
  exceptId: string | undefined,
  nowMs: number,
): Promise<void> {
  await tx.session.updateMany({
    where: { userId, endedAt: null, ...(exceptId === undefined ? {} : { id: { not: exceptId } }) },
    data: { endedAt: new Date(nowMs) },
  })
}

/** Ends what has run out by time and forgets what ended long ago. @returns the ids that were ended */
export async function endOverdueSessions(tx: Tx, nowMs: number): Promise<string[]> {
  const now = new Date(nowMs)
  const overdue = await tx.session.findMany({
    where: {
      endedAt: null,
      OR: [
        { expiresAt: { lte: now } },
        { lastSeenAt: { lte: new Date(nowMs - IDLE_LIMIT_MS) } },
        { invitation: { expiresAt: { lte: now } } },
      ],
    },
    select: { id: true },
  })
  const ids = overdue.map(({ id }) => id)
  if (ids.length > 0) await tx.session.updateMany({ where: { id: { in: ids } }, data: { endedAt: now } })
  await tx.session.deleteMany({ where: { endedAt: { lt: new Date(nowMs - KEEP_ENDED_MS) } } })
  return ids
}
