import { z } from 'zod'
import { actorOf } from '../contracts/audit.ts'
import { IdParams, PageQuery, page } from '../contracts/common.ts'
import { NewUser, User, UserChange } from '../contracts/identity.ts'
import { noSuch, Problem } from '../errors.ts'
import { pageOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import { listUsers } from './store.ts'
import type { UserRefusal, Users } from './users.ts'

export const ADMINISTRATOR = { roles: ['administrator'] } as const

const REFUSALS: Readonly<Record<UserRefusal, () => Problem>> = {
  'username-taken': () =>
    new Problem('conflict', { zh: 'username：已有人使用', en: 'username: somebody has this name already' }),
  'duties-not-separate': () =>
    new Problem('invalid-request', {
      zh: 'roles：同一人不能兼任管理员和审计员',
      en: 'roles: one person is not administrator and auditor at once',
    }),
  'no-such-user': () => noSuch('user'),
  'last-administrator': () =>
    new Problem('conflict', {
      zh: '这是最后一名可登录的管理员',
      en: 'this is the last administrator who can sign in',
    }),
}

const refusal = (why: UserRefusal): Problem => REFUSALS[why]()

export function userRoutes(app: App, { database, users }: { database: Database; users: Users }): void {
  app.post(
    '/api/v1/users',
    {
      config: { access: ADMINISTRATOR },
      schema: { tags: ['identity'], summary: 'Add a person', body: NewUser, response: { 201: User } },
    },
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
      schema: {
        tags: ['identity'],
        summary: 'People, by user name',
        querystring: PageQuery,
        response: { 200: page(User) },
      },
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
      schema: {
        tags: ['identity'],
        summary: 'Change name, password, roles or cells of a person, or disable them',
        params: IdParams,
        body: UserChange,
        response: { 200: User },
      },
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
