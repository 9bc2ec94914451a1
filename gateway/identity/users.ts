import type { Clock } from '../clock.ts'
import type { Actor, NewAuditEntry } from '../contracts/audit.ts'
import { toInstant } from '../contracts/common.ts'
import type { NewToken, NewUser, Token, User, UserChange } from '../contracts/identity.ts'
import type { Database, Tx } from '../storage/database.ts'
import { hashPassword } from './password.ts'
import { separatesDuties } from './rights.ts'
import { BEARER_PREFIX, newPassword, newSecret, secretHash } from './secret.ts'
import type { SessionEnds } from './session-end.ts'
import { endSessionsOf } from './session-store.ts'
import {
  countEnabled,
  findAccount,
  findToken,
  findUser,
  insertToken,
  insertUser,
  revokeToken,
  updateUser,
  usersOfCell,
} from './store.ts'

export interface UsersDeps {
  database: Database
  clock: Clock
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  ends: SessionEnds
}

/** Who does it: a principal, or the gateway itself on its first start and at the command line. */

export type UserRefusal = 'username-taken' | 'duties-not-separate' | 'no-such-user' | 'last-administrator'
export type UserResult = { ok: true; user: User } | { ok: false; why: UserRefusal }
export type TokenResult =
  | { ok: true; token: Token; secret: string }
  | { ok: false; why: 'duties-not-separate' | 'already-expired' }
export type SignOutResult = { ok: true } | { ok: false; why: 'no-such-user' }
export type RevokeResult = { ok: true } | { ok: false; why: 'no-such-token' }

/** People and scripts, and what they may do; every change is in the audit trail or does not happen. */
export interface Users {
  /** Makes `admin` if nobody could let others in and the name is free. @returns its password if it was made up here */
  ensureAdmin(password: string | undefined): Promise<string | undefined>
  create(user: NewUser, actor: Actor): Promise<UserResult>
  /** Patrol leads who can sign in and work in the cell. */
  patrolLeads(cellCode: string): Promise<User[]>
  change(id: string, change: UserChange, actor: Actor): Promise<UserResult>
  /** Ends every session of a person: a lost phone, a forgotten workstation. */
  signOutEverywhere(id: string, actor: Actor): Promise<SignOutResult>
  createToken(token: NewToken, actor: Actor): Promise<TokenResult>
  revokeToken(id: string, actor: Actor): Promise<RevokeResult>
}

export function createUsers({ database, clock, newId, audit, ends }: UsersDeps): Users {
  const recordCreated = (tx: Tx, user: User, actor: Actor): Promise<void> =>
    audit.append(tx, {
      action: 'user-created',
      actor,
      object: `user:${user.id}`,
      result: 'done',
      detail: { username: user.username, roles: user.roles, cellCodes: user.cellCodes ?? 'all' },
    })

  const newUser = ({ password: _, cellCodes, unit, ...rest }: NewUser): User => ({
    ...rest,
    id: newId(),
    ...(unit === undefined ? {} : { unit }),
    ...(cellCodes === undefined ? {} : { cellCodes }),
    disabled: false,
    createdAt: toInstant(clock.now()),
  })

  return {
    ensureAdmin: async (password) => {
      if ((await countEnabled(database.client, 'administrator')) > 0) return undefined
      if ((await findAccount(database.client, 'admin')) !== undefined) return undefined
      const chosen = password ?? newPassword()
      const hash = await hashPassword(chosen)
      const user = newUser({
        username: 'admin',
        password: chosen,
        displayName: '管理员',
        roles: ['administrator'],
      })
      await database.transaction(async (tx) => {
        await insertUser(tx, user, hash)
        await recordCreated(tx, user, { kind: 'system', name: 'first start' })
      })
      return password === undefined ? chosen : undefined
    },

    create: async (input, actor) => {
      if (!separatesDuties(input.roles)) return { ok: false, why: 'duties-not-separate' }
      const hash = await hashPassword(input.password)
      return database.transaction(async (tx) => {
        if ((await findAccount(tx, input.username)) !== undefined) return { ok: false, why: 'username-taken' }
        const user = newUser(input)
        await insertUser(tx, user, hash)
        await recordCreated(tx, user, actor)
        return { ok: true, user }
      })
    },

    patrolLeads: (cellCode) => usersOfCell(database.client, 'patrol-lead', cellCode),

    change: async (id, change, actor) => {
      const hash = change.password === undefined ? undefined : await hashPassword(change.password)
      return database.transaction(async (tx) => {
        const before = await findUser(tx, id)
        if (before === undefined) return { ok: false, why: 'no-such-user' }
        const user = changed(before, change)
        if (!separatesDuties(user.roles)) return { ok: false, why: 'duties-not-separate' }
        // Somebody must be left who can let others in.
        if (isAdministrator(before) && !isAdministrator(user) && (await countEnabled(tx, 'administrator')) === 1) {
          return { ok: false, why: 'last-administrator' }
        }
        await updateUser(tx, user, clock.now(), hash)
        // Sessions before the trail, as everywhere: a sign-out holds its session and waits for the trail.
        if (hash !== undefined || user.disabled) {
          // Whoever changes the own password stays; any other session may be a thief's.
          await endSessionsOf(tx, id, user.disabled ? undefined : actor.sessionId, clock.now())
        }
        await audit.append(tx, {
          action: 'user-changed',
          actor,
          object: `user:${id}`,
          result: 'done',
          detail: { before: rightsOf(before), after: rightsOf(user), passwordChanged: hash !== undefined },
        })
        if (hash !== undefined || JSON.stringify(rightsOf(before)) !== JSON.stringify(rightsOf(user))) {
          await ends.tell(tx, { principalId: id, why: 'rights-changed' })
        }
        return { ok: true, user }
      })
    },

    signOutEverywhere: (id, actor) =>
      database.transaction(async (tx) => {
        if ((await findUser(tx, id)) === undefined) return { ok: false, why: 'no-such-user' }
        await endSessionsOf(tx, id, undefined, clock.now())
        await audit.append(tx, { action: 'sign-out', actor, object: `user:${id}`, result: 'done', why: 'everywhere' })
        await ends.tell(tx, { principalId: id, why: 'signed-out' })
        return { ok: true }
      }),

    createToken: async ({ name, roles, cellCodes, expiresAt }, actor) => {
      if (!separatesDuties(roles)) return { ok: false, why: 'duties-not-separate' }
      const expiresMs = expiresAt === undefined ? undefined : Date.parse(expiresAt)
      if (expiresMs !== undefined && expiresMs <= clock.now()) return { ok: false, why: 'already-expired' }
      const secret = `${BEARER_PREFIX}${newSecret()}`
      const token: Token = {
        id: newId(),
        name,
        roles,
        ...(cellCodes === undefined ? {} : { cellCodes }),
        createdAt: toInstant(clock.now()),
        ...(expiresMs === undefined ? {} : { expiresAt: toInstant(expiresMs) }),
        revoked: false,
      }
      await database.transaction(async (tx) => {
        await insertToken(tx, token, secretHash(secret))
        await audit.append(tx, {
          action: 'token-created',
          actor,
          object: `token:${token.id}`,
          result: 'done',
          detail: { name, roles, cellCodes: cellCodes ?? 'all', expiresAt: token.expiresAt ?? 'never' },
        })
      })
      return { ok: true, token, secret }
    },

    revokeToken: (id, actor) =>
      database.transaction(async (tx) => {
        const token = await findToken(tx, id)
        if (token === undefined) return { ok: false, why: 'no-such-token' }
        if (token.revoked) return { ok: true }
        await revokeToken(tx, id, clock.now())
        await audit.append(tx, { action: 'token-revoked', actor, object: `token:${id}`, result: 'done' })
        await ends.tell(tx, { sessionId: id, principalId: id, why: 'rights-changed' })
        return { ok: true }
      }),
  }
}

const isAdministrator = (user: User): boolean => user.roles.includes('administrator') && !user.disabled

const rightsOf = ({ roles, cellCodes, disabled }: User): Record<string, unknown> => ({
  roles,
  cellCodes: cellCodes ?? 'all',
  disabled,
})

/** `cellCodes: null` lifts the limit to certain cells, `unit: null` takes the unit away. */
function changed({ cellCodes: oldCells, unit: oldUnit, ...user }: User, change: UserChange): User {
  const unit = change.unit === undefined ? oldUnit : (change.unit ?? undefined)
  const cellCodes = change.cellCodes === undefined ? oldCells : (change.cellCodes ?? undefined)
  return {
    ...user,
    displayName: change.displayName ?? user.displayName,
    roles: change.roles ?? user.roles,
    disabled: change.disabled ?? user.disabled,
    ...(unit === undefined ? {} : { unit }),
    ...(cellCodes === undefined ? {} : { cellCodes }),
  }
}
