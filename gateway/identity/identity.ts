import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import type { SessionAnswer, SignIn } from '../contracts/identity.ts'
import type { App } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { openSession, sessionRoutes } from './routes.ts'
import { createSessionEnds, type EndListener, type SessionEnd } from './session-end.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { type AlsoDone, createSignIn } from './sign-in.ts'
import { tokenNames, userNames } from './store.ts'
import { tokenRoutes } from './token-routes.ts'
import { userRoutes } from './user-routes.ts'
import { createUsers, type Users } from './users.ts'

export interface IdentityDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  /** Writes the end of a session for the other gateways of this database. */
  announceEnd(tx: Tx, end: SessionEnd): Promise<void>
  /** True everywhere but on plain HTTP, which listens on loopback only. */
  secureCookies: boolean
}

export interface Identity {
  sessions: Sessions
  users: Users
  /** Called after the commit, when a session is over or a person's rights have changed. */
  onEnded(listener: EndListener): void
  /** Ends what somebody, or a source, keeps open, here and at the other gateways, once `tx` is committed. */
  tellEnd(tx: Tx, end: SessionEnd): Promise<void>
  /** Another gateway of this database has ended a session. */
  heardEnd(end: SessionEnd): void
  /** Checks a person's password and gives them the session of this request. */
  takeOver(credentials: SignIn, request: FastifyRequest, reply: FastifyReply, also: AlsoDone): Promise<SessionAnswer>
  /** What people and scripts are called, by their ids. */
  userNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  tokenNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  routes(app: App): void
  /** Begins to end sessions that run out by time. */
  start(): void
  close(): Promise<void>
}

export function createIdentity(deps: IdentityDeps): Identity {
  const ends = createSessionEnds(deps.announceEnd)
  const sessions = createSessions({ ...deps, ends })
  const users = createUsers({ ...deps, ends })
  const signIn = createSignIn({ ...deps, sessions })
  return {
    sessions,
    users,
    onEnded: ends.onEnded,
    takeOver: (credentials, request, reply, also) =>
      openSession({ sessions, signIn }, credentials, request, reply, also),
    tellEnd: ends.tell,
    heardEnd: ends.heard,
    userNames,
    tokenNames,
    routes: (app) => {
      sessionRoutes(app, { ...deps, sessions, signIn })
      userRoutes(app, { ...deps, users })
      tokenRoutes(app, { ...deps, users })
    },
    start: sessions.start,
    close: sessions.close,
  }
}
