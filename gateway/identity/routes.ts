import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { SessionAnswer, SignIn } from '../contracts/identity.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Sessions } from './sessions.ts'
import type { AlsoDone, SignInCheck } from './sign-in.ts'
import { findUser } from './store.ts'

export interface SessionRoutesDeps {
  database: Database
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  sessions: Sessions
  signIn: SignInCheck
}

/** Sign-in, who am I, sign-out. */
export function sessionRoutes(app: App, { database, audit, sessions, signIn }: SessionRoutesDeps): void {
  app.post(
    '/api/v1/session',
    {
      config: { access: 'anyone' },
      schema: {
        tags: ['identity'],
        summary: 'Sign in: a cookie, and the CSRF token that writes repeat in x-csrf-token',
        body: SignIn,
        response: { 200: SessionAnswer },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return openSession({ sessions, signIn }, request.body, request, reply)
    },
  )

  app.get(
    '/api/v1/session',
    {
      config: { access: 'signed-in' },
      schema: { tags: ['identity'], summary: 'Who I am, and the CSRF token', response: { 200: SessionAnswer } },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return { user: await whoIs(database, request), csrfToken: sessions.csrfToken(request) }
    },
  )

  app.delete(
    '/api/v1/session',
    {
      config: { access: 'signed-in' },
      schema: {
        tags: ['identity'],
        summary: 'Sign out; what this session watches goes dark',
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      if (principal.kind === 'token') {
        throw new Problem('invalid-request', {
          zh: '令牌须用 DELETE /api/v1/tokens/{id} 撤销',
          en: 'a bearer token is ended by DELETE /api/v1/tokens/{id}',
        })
      }
      await database.transaction(async (tx) => {
        await sessions.end(tx, principal.sessionId)
        await audit.append(tx, {
          action: 'sign-out',
          actor: actorOf(principal),
          object: `session:${principal.sessionId}`,
          result: 'done',
        })
      })
      sessions.clearCookie(reply)
      return reply.code(204).send(null)
    },
  )
}

/** Opens a session for whoever proves a name and password; a refusal is the problem it names. */
export async function openSession(
  { sessions, signIn }: Pick<SessionRoutesDeps, 'sessions' | 'signIn'>,
  credentials: SignIn,
  request: FastifyRequest,
  reply: FastifyReply,
  also?: AlsoDone,
): Promise<SessionAnswer> {
  const result = await signIn(credentials, request, also)
  if (result.kind === 'refused') {
    if (result.why !== 'locked-out') throw new Problem(result.why)
    const retryAfterSeconds = Math.ceil(result.retryAfterMs / 1000)
    reply.header('retry-after', retryAfterSeconds)
    throw new Problem(
      'locked-out',
      { zh: `还需等待 ${retryAfterSeconds} 秒`, en: `locked for another ${retryAfterSeconds} s` },
      { retryAfterSeconds },
    )
  }
  const { user, session } = result
  sessions.setCookie(reply, session.token)
  return { user, csrfToken: session.csrfToken }
}

async function whoIs(database: Database, request: FastifyRequest): Promise<SessionAnswer['user']> {
  const { kind, id, name, roles, cellCodes } = principalOf(request)
  const user = kind === 'user' ? await findUser(database.client, id) : undefined
  return {
    id,
    ...(user === undefined ? {} : { username: user.username }),
    displayName: name,
    roles: [...roles],
    ...(cellCodes === undefined ? {} : { cellCodes: [...cellCodes] }),
  }
}
