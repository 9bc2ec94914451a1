import { z } from 'zod'
import { actorOf } from '../contracts/audit.ts'
import { IdParams, PageQuery, page } from '../contracts/common.ts'
import { NewUser, User, UserChange } from '../contracts/identity.ts'
import { Problem, type ProblemCode } from '../errors.ts'
import { pageOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import { listUsers } from './store.ts'
import type { UserRefusal, Users } from './users.ts'

export const ADMINISTRATOR = { roles: ['administrator'] } as const

const REFUSALS: Readonly<Record<UserRefusal, [ProblemCode, string]>> = {
  'username-taken': ['conflict', 'username: somebody has this name already'],
  'duties-not-separate': ['invalid-request', 'roles: one person is not administrator and auditor at once'],
  'no-such-user': ['not-found', 'there is no such user'],
  'last-administrator': ['conflict', 'this is the last administrator who can sign in'],
}

const refusal = (why: UserRefusal): Problem => new Problem(...REFUSALS[why])

export function userRoutes(app: App, { database, users }: { database: Database; users: Users }): void {
  app.post(
    '/api/v1/users',
    { config: { access: ADMINISTRATOR }, schema: { tags: ['identity'], body: NewUser, response: { 201: User } } },
    async (request, reply) => {
      const result = await users.create(request.body, actorOf(principalOf(request)))
      if (!result.ok) throw refusal(result.why)
      return reply.code(201).send(result.user)
    },
  )

  app.get(
    '/api/v1/users',
    {
      config: { access: ADMINISTRATOR },
      schema: { tags: ['identity'], querystring: PageQuery, response: { 200: page(User) } },
    },
    async ({ query: { limit, cursor } }) => {
      const items = await listUsers(database.client, cursor, limit)
      return pageOf(items, limit, ({ username }) => username)
    },
  )

  app.patch(
    '/api/v1/users/:id',
    {
      config: { access: ADMINISTRATOR },
      schema: { tags: ['identity'], params: IdParams, body: UserChange, response: { 200: User } },
    },
    async (request) => {
      const result = await users.change(request.params.id, request.body, actorOf(principalOf(request)))
      if (!result.ok) throw refusal(result.why)
      return result.user
    },
  )

  app.post(
    '/api/v1/users/:id/sign-out',
    {
      config: { access: ADMINISTRATOR },
      schema: {
        tags: ['identity'],
        summary: 'End every session of a person; what they watch goes dark',
        params: IdParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const result = await users.signOutEverywhere(request.params.id, actorOf(principalOf(request)))
      if (!result.ok) throw refusal(result.why)
      return reply.code(204).send(null)
    },
  )
}
