import { PageQuery, page } from '../contracts/common.ts'
import { DeadLetter, OutboxAnswer } from '../contracts/outbox.ts'
import { cursorOf, pageOf, placeOf } from '../http/paging.ts'
import type { App } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import { listDeadLetters, outboxStates } from './dead-letters.ts'
import type { OutboxFault } from './outbox.ts'

export interface OutboxRoutesDeps {
  database: Database
  /** The destination that this gateway delivers to, and why events wait. */
  destination: string
  lastFault(): OutboxFault | undefined
}

const readers = { roles: ['administrator', 'auditor'] as const }

export function outboxRoutes(app: App, { database, destination, lastFault }: OutboxRoutesDeps): void {
  app.get(
    '/api/v1/outbox',
    {
      config: { access: readers },
      schema: { summary: 'How far each destination of events is behind, and why', response: { 200: OutboxAnswer } },
    },
    async () => {
      const fault = lastFault()
      const states = await outboxStates(database)
      return {
        items: states.map((state) =>
          state.destination === destination && fault !== undefined ? { ...state, lastFault: fault } : state,
        ),
      }
    },
  )

  app.get(
    '/api/v1/outbox/dead-letters',
    {
      config: { access: readers },
      schema: {
        summary: 'Events that a destination refused for good, newest first',
        querystring: PageQuery,
        response: { 200: page(DeadLetter) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const items = await listDeadLetters(database, placeOf(cursor), limit)
      return pageOf(items, limit, cursorOf)
    },
  )
}
