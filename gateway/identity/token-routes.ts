import { z } from 'zod'
import { actorOf } from '../contracts/audit.ts'
import { IdParams, PageQuery, page } from '../contracts/common.ts'
import { NewToken, NewTokenAnswer, Token } from '../contracts/identity.ts'
import { noSuch, Problem } from '../errors.ts'
import { FOREIGN_CURSOR } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import { listTokens } from './store.ts'
import { ADMINISTRATOR } from './user-routes.ts'
import type { Users } from './users.ts'

const REFUSALS = {
  'duties-not-separate': {
    zh: 'roles：一个令牌不能同时是管理员和审计员',
    en: 'roles: one token is not administrator and auditor at once',
  },
  'already-expired': { zh: 'expiresAt：时间已过', en: 'expiresAt: lies in the past' },
} as const

const Offset = z.coerce.number().int().nonnegative().max(1_000_000)

export function tokenRoutes(app: App, { database, users }: { database: Database; users: Users }): void {
  app.post(
    '/api/v1/tokens',
    {
      config: { access: ADMINISTRATOR },
      schema: {
        tags: ['identity'],
        summary: 'A bearer token for a script; shown once',
        body: NewToken,
        response: { 201: NewTokenAnswer },
      },
    },
    async (request, reply) => {
      const result = await users.createToken(request.body, actorOf(principalOf(request)))
      if (!result.ok) throw new Problem('invalid-request', REFUSALS[result.why])
      reply.code(201).header('cache-control', 'no-store')
      return { id: result.token.id, token: result.secret }
    },
  )

  app.get(
    '/api/v1/tokens',
    {
      config: { access: ADMINISTRATOR },
      schema: {
        tags: ['identity'],
        summary: 'Tokens, without their secrets',
        querystring: PageQuery,
        response: { 200: page(Token) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const offset = Offset.safeParse(cursor ?? 0)
      if (!offset.success) throw new Problem('invalid-request', FOREIGN_CURSOR)
      const items = await listTokens(database.client, limit, offset.data)
      return items.length < limit ? { items } : { items, nextCursor: String(offset.data + items.length) }
    },
  )

  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { access: ADMINISTRATOR },
      schema: { tags: ['identity'], summary: 'Revoke a token', params: IdParams, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const result = await users.revokeToken(request.params.id, actorOf(principalOf(request)))
      if (!result.ok) throw noSuch('token')
      return reply.code(204).send(null)
    },
  )
}
