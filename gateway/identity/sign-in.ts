import type { FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import { type SignIn, type User, Username } from '../contracts/identity.ts'
import type { Database, Tx } from '../storage/database.ts'
import { afterFailure, FailureMemory, FREE_TRIES_OF_ADDRESS, FREE_TRIES_OF_NAME, lockedForMs } from './lock-out.ts'
import { hashPassword, verifyPassword } from './password.ts'
import type { OpenedSession, Sessions } from './sessions.ts'
import { type Account, clearFailures, findAccount, storeFailures } from './store.ts'

/** Names without an account and addresses whose failures are remembered. */
const MAX_REMEMBERED = 10_000

/** Sign-ins that wait or are being checked; four at a time are hashed, by the thread pool that also reads files. */
const MAX_PENDING = 50

export interface SignInDeps {
  database: Database
  clock: Clock
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  sessions: Sessions
}

export type SignInResult =
  | { kind: 'signed-in'; user: User; session: OpenedSession }
  | { kind: 'refused'; why: 'wrong-credentials' | 'too-many-requests' }
  | { kind: 'refused'; why: 'locked-out'; retryAfterMs: number }

/** Checks a name and password; the answer and its time do not tell whether there is such a name. */
export type SignInCheck = (credentials: SignIn, request: FastifyRequest, also?: AlsoDone) => Promise<SignInResult>

/** What belongs into the transaction of a sign-in that succeeds; when it throws nothing has happened. */
export type AlsoDone = (tx: Tx, user: User) => Promise<void>

export function createSignIn({ database, clock, audit, sessions }: SignInDeps): SignInCheck {
  const unknownNames = new FailureMemory(FREE_TRIES_OF_NAME, MAX_REMEMBERED)
  const addresses = new FailureMemory(FREE_TRIES_OF_ADDRESS, MAX_REMEMBERED)
  const toldAddresses = new Set<string>()
  const turns = new Map<string, Promise<unknown>>()
  let pending = 0
  let decoy: Promise<string> | undefined

  /** One at a time for each name: tries sent at once count like tries sent one after the other. */
  const inTurn = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(name)
    const mine = (before ?? Promise.resolve()).catch(() => {}).then(work)
    turns.set(name, mine)
    pending += 1
    try {
      return await mine
    } finally {
      pending -= 1
      if (turns.get(name) === mine) turns.delete(name)
    }
  }

  const refusal = (username: string, account: Account | undefined, why: string, address: string): NewAuditEntry => ({
    action: 'sign-in-refused',
    actor: {
      kind: 'anonymous',
      ...(account === undefined ? {} : { id: account.user.id }),
      // People type passwords into the wrong box; only what can be a user name is written down.
      name: Username.safeParse(username).success ? username : 'not a user name',
    },
    object: account === undefined ? 'session' : `user:${account.user.id}`,
    result: 'refused',
    why,
    detail: { address },
  })

  const lockedOut = async (
    credentials: SignIn,
    account: Account | undefined,
    address: string,
    retryAfterMs: number,
  ): Promise<SignInResult> => {
    await database.transaction((tx) => audit.append(tx, refusal(credentials.username, account, 'locked-out', address)))
    return { kind: 'refused', why: 'locked-out', retryAfterMs }
  }

  const check = async (
    { username, password }: SignIn,
    request: FastifyRequest,
    also: AlsoDone | undefined,
  ): Promise<SignInResult> => {
    const address = request.ip
    const account = await findAccount(database.client, username)
    const failures = account?.failures ?? unknownNames.of(username)
    const lockedMs = lockedForMs(failures, clock.now())
    if (lockedMs > 0) {
      addresses.add(address, clock.now())
      return lockedOut({ username, password }, account, address, lockedMs)
    }
    decoy ??= hashPassword('a password that nobody has')
    const isRight = await verifyPassword(password, account?.passwordHash ?? (await decoy))
    return database.transaction(async (tx) => {
      // Rights and lock may have changed while the hash was computed.
      const current = account && (await findAccount(tx, username))
      if (
        isRight &&
        current !== undefined &&
        !current.user.disabled &&
        current.passwordHash === account?.passwordHash
      ) {
        addresses.forget(address)
        const result = await signedIn(tx, current.user, request)
        await also?.(tx, current.user)
        return result
      }
      const nowMs = clock.now()
      addresses.add(address, nowMs)
      if (current === undefined) unknownNames.add(username, nowMs)
      else await storeFailures(tx, current.user.id, afterFailure(current.failures, FREE_TRIES_OF_NAME, nowMs))
      const why = current?.user.disabled ? 'disabled' : 'wrong-credentials'
      await audit.append(tx, refusal(username, current, why, address))
      return { kind: 'refused', why: 'wrong-credentials' } as const
    })
  }

  const signedIn = async (tx: Tx, user: User, request: FastifyRequest): Promise<SignInResult> => {
    await clearFailures(tx, user.id)
    await sessions.endOf(tx, request)
    const session = await sessions.open(tx, { kind: 'user', userId: user.id })
    await audit.append(tx, {
      action: 'sign-in',
      actor: { kind: 'user', id: user.id, name: user.displayName, roles: user.roles, sessionId: session.sessionId },
      object: `user:${user.id}`,
      result: 'done',
      detail: { address: request.ip },
    })
    return { kind: 'signed-in', user, session }
  }

  return async (credentials, request, also) => {
    const address = request.ip
    const lockedMs = lockedForMs(addresses.of(address), clock.now())
    if (lockedMs > 0) {
      // Told once a lock, or a locked address could fill the trail.
      if (toldAddresses.has(address)) return { kind: 'refused', why: 'locked-out', retryAfterMs: lockedMs }
      if (toldAddresses.size >= MAX_REMEMBERED) toldAddresses.clear()
      toldAddresses.add(address)
      return lockedOut(credentials, undefined, address, lockedMs)
    }
    toldAddresses.delete(address)
    if (pending >= MAX_PENDING) return { kind: 'refused', why: 'too-many-requests' }
    return inTurn(credentials.username, () => check(credentials, request, also))
  }
}
