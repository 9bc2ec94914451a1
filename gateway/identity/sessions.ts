import type { IncomingHttpHeaders } from 'node:http'
import { Chore } from '../chore.ts'
import '@fastify/cookie'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Principal } from '../contracts/identity.ts'
import type { Authenticator } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { RecentPrincipals, type Standing } from './recent-principals.ts'
import { BEARER_PREFIX, csrfTokenOf, newSecret, secretHash } from './secret.ts'
import type { SessionEnds } from './session-end.ts'
import {
  endOverdueSessions,
  endSession,
  findLiveSession,
  insertSession,
  markSeen,
  type NewSession,
  SEEN_INTERVAL_MS,
  SHIFT_LIMIT_MS,
} from './session-store.ts'
import { findTokenByHash, tokensExpired } from './store.ts'

/** How late a view notices that the session behind it has run out, at the most. */
const OVERDUE_INTERVAL_MS = 30_000

/** Longest credential looked at; ours are 47 characters. */
const MAX_SECRET_CHARS = 200

export interface SessionsDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** True everywhere but on plain HTTP, which listens on loopback only. */
  secureCookies: boolean
  ends: SessionEnds
}

export interface OpenedSession {
  /** The cookie's value. */
  token: string
  sessionId: string
  csrfToken: string
}

export interface Sessions extends Authenticator {
  /** Whose bearer token this is; undefined when it is unknown, revoked or over. */
  byToken(secret: string): Promise<Principal | undefined>
  open(tx: Tx, holder: NewSession['holder']): Promise<OpenedSession>
  /** A session that sees and changes the link of that invitation only, and is over when the invitation is. */
  openOwner(tx: Tx, invitationId: string): Promise<OpenedSession>
  /** Ends the session that the request's cookie names, if it is open; its views are cut after the commit. */
  endOf(tx: Tx, request: FastifyRequest): Promise<void>
  end(tx: Tx, sessionId: string): Promise<void>
  setCookie(reply: FastifyReply, token: string): void
  clearCookie(reply: FastifyReply): void
  /** What writes of this cookie session must repeat; empty for a bearer token. */
  csrfToken(request: FastifyRequest): string
  start(): void
  close(): Promise<void>
}

export function createSessions({ database, clock, log, newId, secureCookies, ends }: SessionsDeps): Sessions {
  // The prefix makes browsers refuse the cookie unless it is Secure, host-only and for every path (RFC 6265bis §4.1.3).
  const cookieName = secureCookies ? '__Host-gridlight' : 'gridlight'
  const cookieOptions = { path: '/', httpOnly: true, sameSite: 'strict', secure: secureCookies } as const
  // Apart, so that what is a secret in one header is nothing in the other.
  const recentCookies = new RecentPrincipals(clock, ends)
  const recentBearers = new RecentPrincipals(clock, ends)

  const inCookies = new RegExp(`(?:^|; *)${cookieName}=([^;]*)`)

  const secretIn = ({ authorization, cookie }: IncomingHttpHeaders): string | undefined => {
    const value = authorization === undefined && cookie !== undefined ? inCookies.exec(cookie)?.[1] : undefined
    return value === undefined || value === '' || value.length > MAX_SECRET_CHARS ? undefined : value
  }

  const byCookie = async (cookie: string): Promise<Standing | undefined> => {
    const secret = secretIn({ cookie })
    const live = secret === undefined ? undefined : await liveSession(secretHash(secret))
    return secret === undefined || live === undefined ? undefined : { ...live, csrfToken: () => csrfTokenOf(secret) }
  }

  const liveSession = async (hash: string): Promise<Standing | undefined> => {
    const nowMs = clock.now()
    const live = await findLiveSession(database.client, hash, nowMs)
    if (live === undefined) return undefined
    if (Math.abs(nowMs - live.lastSeenMs) >= SEEN_INTERVAL_MS) {
      // A full disk must not sign people out; the next request tries again.
      await markSeen(database.client, live.principal.sessionId, nowMs).catch((error: unknown) =>
        log.warn({ err: error }, 'the last use of a session could not be stored'),
      )
    }
    return live
  }

  const byBearer = async (authorization: string): Promise<Standing | undefined> => {
    const secret = /^bearer +(\S+)$/i.exec(authorization.slice(0, MAX_SECRET_CHARS))?.[1]
    return secret?.startsWith(BEARER_PREFIX) === true ? liveToken(secretHash(secret)) : undefined
  }

  const liveToken = async (hash: string): Promise<Standing | undefined> => {
    const token = await findTokenByHash(database.client, hash)
    if (token === undefined || token.revoked) return undefined
    const { id, name, roles, cellCodes, expiresAt } = token
    const expiresMs = expiresAt === undefined ? undefined : Date.parse(expiresAt)
    if (expiresMs !== undefined && expiresMs <= clock.now()) return undefined
    const principal = { kind: 'token' as const, id, name, roles, cellCodes, sessionId: id }
    return expiresMs === undefined ? { principal } : { principal, expiresMs }
  }

  const open: Sessions['open'] = async (tx, holder) => {
    const token = newSecret()
    const sessionId = newId()
    await insertSession(tx, { id: sessionId, tokenHash: secretHash(token), holder }, clock.now())
    return { token, sessionId, csrfToken: csrfTokenOf(token) }
  }

  const end: Sessions['end'] = async (tx, sessionId) => {
    if (await endSession(tx, sessionId, clock.now())) await ends.tell(tx, { sessionId, why: 'signed-out' })
  }

  /** Whatever runs out by time alone is told like a sign-out, for those who hold a socket and send no request. */
  const endOverdue = (sinceMs: number): Promise<void> =>
    database.transaction(async (tx) => {
      const nowMs = clock.now()
      for (const sessionId of await endOverdueSessions(tx, nowMs)) await ends.tell(tx, { sessionId, why: 'signed-out' })
      for (const id of await tokensExpired(tx, sinceMs, nowMs)) {
        await ends.tell(tx, { sessionId: id, principalId: id, why: 'signed-out' })
      }
    })

  const failed = 'overdue sessions could not be ended'
  let sinceMs = 0
  const overdue = new Chore({ clock, log, everyMs: OVERDUE_INTERVAL_MS, failed }, async () => {
    const nowMs = clock.now()
    await endOverdue(sinceMs)
    sinceMs = nowMs
  })

  return {
    authenticate: ({ authorization, cookie }) => {
      if (authorization !== undefined) return recentBearers.of(authorization, byBearer)
      return cookie === undefined ? undefined : recentCookies.of(cookie, byCookie)
    },
    byToken: async (secret) => (await recentBearers.of(`Bearer ${secret}`, byBearer))?.principal,
    open,
    openOwner: (tx, invitationId) => open(tx, { kind: 'owner', invitationId }),
    end,
    endOf: async (tx, request) => {
      const secret = secretIn(request.headers)
      const live = secret === undefined ? undefined : await findLiveSession(tx, secretHash(secret), clock.now())
      if (live !== undefined) await end(tx, live.principal.sessionId)
    },
    setCookie: (reply, token) => {
      reply.setCookie(cookieName, token, { ...cookieOptions, maxAge: SHIFT_LIMIT_MS / 1000 })
    },
    clearCookie: (reply) => {
      reply.clearCookie(cookieName, cookieOptions)
    },
    csrfToken: (request) => {
      const secret = secretIn(request.headers)
      return secret === undefined ? '' : csrfTokenOf(secret)
    },
    start: () => overdue.start(),
    close: () => overdue.close(),
  }
}
