import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { InstantInput, PageQuery, page } from '../contracts/common.ts'
import { Handover, HandoverMatters, NewHandover, NewHandoverAnswer } from '../contracts/handover.ts'
import type { SessionAnswer, SignIn, User } from '../contracts/identity.ts'
import { Problem } from '../errors.ts'
import { pageOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { insertHandover, listHandovers, mattersOf } from './handover.ts'

export interface HandoverDeps {
  database: Database
  clock: Clock
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  /**
   * Checks the password of the person who comes and gives them this desk's session; `also` is in the same transaction,
   * and when it throws nothing has happened.
   */
  takeOver(
    credentials: SignIn,
    request: FastifyRequest,
    reply: FastifyReply,
    also: (tx: Tx, user: User) => Promise<void>,
  ): Promise<SessionAnswer>
}

const OPERATOR = { roles: ['operator'] } as const
const READERS = { roles: ['operator', 'auditor', 'administrator'] } as const

/** One shift hands over to the next: both sign in one act, and what was open then is kept with it. */
export function handoverRoutes(app: App, { database, clock, newId, audit, takeOver }: HandoverDeps): void {
  app.get(
    '/api/v1/handovers',
    {
      config: { access: READERS },
      schema: {
        tags: ['cases'],
        summary: 'Handovers of shifts, newest first',
        querystring: PageQuery.extend({ cursor: InstantInput.optional() }),
        response: { 200: page(Handover) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const items = await listHandovers(database.client, cursor === undefined ? undefined : new Date(cursor), limit)
      return pageOf(items, limit, ({ at }) => at)
    },
  )

  app.get(
    '/api/v1/handovers/matters',
    {
      config: { access: OPERATOR },
      schema: { tags: ['cases'], summary: 'What the next shift must know now', response: { 200: HandoverMatters } },
    },
    (request) => mattersOf(database.client, principalOf(request).cellCodes),
  )

  app.post(
    '/api/v1/handovers',
    {
      config: { access: OPERATOR },
      schema: {
        tags: ['cases'],
        summary: 'Hand the shift over: the one who goes by this session, the one who comes by the own password',
        body: NewHandover,
        response: { 201: NewHandoverAnswer },
      },
    },
    async (request, reply) => {
      const outgoing = principalOf(request)
      const { notes, incoming } = request.body
      if (outgoing.kind !== 'user')
        throw new Problem('role-not-allowed', { zh: '脚本没有班次可交', en: 'a script has no shift to hand over' })
      const id = newId()
      let handover: Handover | undefined
      const session = await takeOver(incoming, request, reply, async (tx, user) => {
        if (user.id === outgoing.id)
          throw new Problem('invalid-request', {
            zh: 'incoming：不能交接给本人',
            en: 'incoming: nobody hands over to themselves',
          })
        if (!user.roles.includes('operator'))
          throw new Problem('role-not-allowed', { zh: 'incoming：对方不是值班员', en: 'incoming: is no operator' })
        handover = await insertHandover(tx, { id, at: new Date(clock.now()), outgoing, incoming: user, notes })
        await audit.append(tx, {
          action: 'shift-handed-over',
          actor: actorOf(outgoing),
          object: `handover:${id}`,
          result: 'done',
          detail: {
            incoming: { id: user.id, name: user.displayName },
            openCases: handover.matters.openCases.length,
            deadFeeds: handover.matters.deadFeeds.length,
          },
        })
      })
      if (handover === undefined) throw new Error(`handover ${id} was signed and not written`)
      return reply.code(201).header('cache-control', 'no-store').send({ handover, session })
    },
  )
}
