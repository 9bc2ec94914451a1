import { z } from 'zod'
import { CellCode, toInstant } from '../contracts/common.ts'
import { Role, type Token, type User } from '../contracts/identity.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { type Failures, NO_FAILURES } from './lock-out.ts'

export const Roles = z.array(Role)
export const CellCodes = z.array(CellCode)

type UserRow = Prisma.UserGetPayload<object>
type TokenRow = Prisma.TokenGetPayload<object>

/** A user with what never leaves the gateway. */
export interface Account {
  user: User
  passwordHash: string
  failures: Failures
}

const rights = (row: { rolesJson: string; cellCodesJson: string | null }): Pick<User, 'roles' | 'cellCodes'> => ({
  roles: Roles.parse(JSON.parse(row.rolesJson)),
  ...(row.cellCodesJson === null ? {} : { cellCodes: CellCodes.parse(JSON.parse(row.cellCodesJson)) }),
})

const cellCodesJson = (cellCodes: readonly string[] | undefined): string | null =>
  cellCodes === undefined ? null : JSON.stringify(cellCodes)

const toUser = (row: UserRow): User => ({
  id: row.id,
  username: row.username,
  displayName: row.displayName,
  ...(row.unit === null ? {} : { unit: row.unit }),
  ...rights(row),
  disabled: row.disabledAt !== null,
  createdAt: toInstant(row.createdAt.getTime()),
})

const toAccount = (row: UserRow): Account => ({
  user: toUser(row),
  passwordHash: row.passwordHash,
  failures: { failures: row.failedSignIns, lockedUntilMs: row.lockedUntil?.getTime() },
})

const toToken = (row: TokenRow): Token => ({
  id: row.id,
  name: row.name,
  ...rights(row),
  createdAt: toInstant(row.createdAt.getTime()),
  ...(row.expiresAt === null ? {} : { expiresAt: toInstant(row.expiresAt.getTime()) }),
  revoked: row.revokedAt !== null,
})

export async function findAccount(tx: Tx, username: string): Promise<Account | undefined> {
  const row = await tx.user.findUnique({ where: { username } })
  return row === null ? undefined : toAccount(row)
}

export async function findUser(tx: Tx, id: string): Promise<User | undefined> {
  const row = await tx.user.findUnique({ where: { id } })
  return row === null ? undefined : toUser(row)
}

/** By user name. */
export async function listUsers(tx: Tx, after: string | undefined, limit: number): Promise<User[]> {
  const rows = await tx.user.findMany({
    where: after === undefined ? {} : { username: { gt: after } },
    orderBy: { username: 'asc' },
    take: limit,
  })
  return rows.map(toUser)
}

/** Users who can sign in, hold the role and work in the cell. */
export async function usersOfCell(tx: Tx, role: Role, cellCode: string): Promise<User[]> {
  const rows = await tx.user.findMany({
    where: { disabledAt: null, rolesJson: { contains: JSON.stringify(role) } },
    orderBy: { username: 'asc' },
  })
  return rows.map(toUser).filter(({ cellCodes }) => cellCodes === undefined || cellCodes.includes(cellCode))
}

/** Users who can sign in and hold the role. */
export async function countEnabled(tx: Tx, role: Role): Promise<number> {
  return tx.user.count({ where: { disabledAt: null, rolesJson: { contains: JSON.stringify(role) } } })
}

export async function insertUser(tx: Tx, user: User, passwordHash: string): Promise<void> {
  await tx.user.create({
    data: {
      id: user.id,
      username: user.username,
      displayName: user.displayName,
      unit: user.unit ?? null,
      passwordHash,
      rolesJson: JSON.stringify(user.roles),
      cellCodesJson: cellCodesJson(user.cellCodes),
      createdAt: new Date(user.createdAt),
    },
  })
}

/** Writes a user as it is now; a new password also clears the failures of the old one. */
export async function updateUser(tx: Tx, user: User, nowMs: number, passwordHash?: string): Promise<void> {
  await tx.user.update({
    where: { id: user.id },
    data: {
      displayName: user.displayName,
      unit: user.unit ?? null,
      rolesJson: JSON.stringify(user.roles),
      cellCodesJson: cellCodesJson(user.cellCodes),
      disabledAt: user.disabled ? new Date(nowMs) : null,
      ...(passwordHash === undefined ? {} : { passwordHash, failedSignIns: 0, lockedUntil: null }),
    },
  })
}

export async function storeFailures(tx: Tx, userId: string, { failures, lockedUntilMs }: Failures): Promise<void> {
  const lockedUntil = lockedUntilMs === undefined ? null : new Date(lockedUntilMs)
  await tx.user.update({ where: { id: userId }, data: { failedSignIns: failures, lockedUntil } })
}

export const clearFailures = (tx: Tx, userId: string): Promise<void> => storeFailures(tx, userId, NO_FAILURES)

/** What people are called, by their ids. */
export async function userNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const users = await tx.user.findMany({ where: { id: { in: [...ids] } }, select: { id: true, displayName: true } })
  return users.map(({ id, displayName }) => ({ id, name: displayName }))
}

/** What scripts are called, by the ids of their tokens. */
export const tokenNames = (tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> =>
  tx.token.findMany({ where: { id: { in: [...ids] } }, select: { id: true, name: true } })

/** Newest first. */
export async function listTokens(tx: Tx, limit: number, skip: number): Promise<Token[]> {
  const rows = await tx.token.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: limit, skip })
  return rows.map(toToken)
}

export async function findToken(tx: Tx, id: string): Promise<Token | undefined> {
  const row = await tx.token.findUnique({ where: { id } })
  return row === null ? undefined : toToken(row)
}

export async function findTokenByHash(tx: Tx, tokenHash: string): Promise<Token | undefined> {
  const row = await tx.token.findUnique({ where: { tokenHash } })
  return row === null ? undefined : toToken(row)
}

export async function insertToken(tx: Tx, token: Token, tokenHash: string): Promise<void> {
  await tx.token.create({
    data: {
      id: token.id,
      name: token.name,
      tokenHash,
      rolesJson: JSON.stringify(token.roles),
      cellCodesJson: cellCodesJson(token.cellCodes),
      createdAt: new Date(token.createdAt),
      expiresAt: token.expiresAt === undefined ? null : new Date(token.expiresAt),
    },
  })
}

export async function revokeToken(tx: Tx, id: string, nowMs: number): Promise<void> {
  await tx.token.update({ where: { id }, data: { revokedAt: new Date(nowMs) } })
}

/** Tokens whose time ran out after `sinceMs` and up to `nowMs`. */
export async function tokensExpired(tx: Tx, sinceMs: number, nowMs: number): Promise<string[]> {
  const rows = await tx.token.findMany({
    where: { revokedAt: null, expiresAt: { gt: new Date(sinceMs), lte: new Date(nowMs) } },
    select: { id: true },
  })
  return rows.map(({ id }) => id)
}
