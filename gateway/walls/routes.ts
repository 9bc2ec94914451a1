import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { IdParams, page, toInstant } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { NewRound, NewWallLayout, Round, SILENCE_SECONDS, Silence, WallLayout } from '../contracts/wall.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { layoutShelf, roundShelf, type Shelf } from './store.ts'

export interface WallsDeps {
  database: Database
  clock: Clock
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
}

/** Those who have a wall. */
const WATCHERS = { access: { roles: ['operator', 'administrator'] } } as const
const tags = ['wall']
/** More than anybody finds again in a list. */
export const MAX_SAVED = 50

export function wallRoutes(app: App, deps: WallsDeps): void {
  layoutRoutes(app, deps)
  roundRoutes(app, deps)
  silenceRoute(app, deps)
}

interface ShelfDeps {
  database: Database
  clock: Clock
  newId: () => string
}

/** What a person may do with their own of one sort. */
function shelfOf<New, Saved>(
  { database, clock, newId }: ShelfDeps,
  thing: 'layout' | 'round',
  shelf: Shelf<New, Saved>,
) {
  return {
    list: async ({ id }: Principal): Promise<{ items: Saved[] }> => ({ items: await shelf.list(database.client, id) }),
    async add({ id: personId }: Principal, content: New): Promise<Saved> {
      const made = await database.transaction(async (tx) =>
        (await shelf.count(tx, personId)) < MAX_SAVED
          ? shelf.insert(tx, personId, newId(), content, clock.now())
          : undefined,
      )
      if (made === undefined) {
        throw new Problem('conflict', {
          zh: `已保存 ${MAX_SAVED} 个，请先删除一个`,
          en: `you have saved ${MAX_SAVED} of them; remove one first`,
        })
      }
      return made
    },
    async replace({ id: personId }: Principal, id: string, content: New): Promise<Saved> {
      const kept = await database.transaction((tx) => shelf.replace(tx, personId, id, content, clock.now()))
      if (kept === undefined) throw noSuch(thing)
      return kept
    },
    async remove({ id: personId }: Principal, id: string): Promise<void> {
      if (!(await shelf.remove(database.client, personId, id))) throw noSuch(thing)
    },
  }
}

function layoutRoutes(app: App, deps: ShelfDeps): void {
  const url = '/api/v1/wall/layouts'
  const mine = shelfOf(deps, 'layout', layoutShelf)

  app.get(
    url,
    { config: WATCHERS, schema: { tags, summary: 'My saved layouts', response: { 200: page(WallLayout) } } },
    (request) => mine.list(principalOf(request)),
  )
  app.post(
    url,
    {
      config: WATCHERS,
      schema: { tags, summary: 'Save a layout', body: NewWallLayout, response: { 201: WallLayout } },
    },
    async (request, reply) => reply.code(201).send(await mine.add(principalOf(request), request.body)),
  )
  app.put(
    `${url}/:id`,
    {
      config: WATCHERS,
      schema: {
        tags,
        summary: 'Replace a layout',
        params: IdParams,
        body: NewWallLayout,
        response: { 200: WallLayout },
      },
    },
    (request) => mine.replace(principalOf(request), request.params.id, request.body),
  )
  app.delete(
    `${url}/:id`,
    { config: WATCHERS, schema: { tags, summary: 'Remove a layout', params: IdParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await mine.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

function roundRoutes(app: App, deps: ShelfDeps): void {
  const url = '/api/v1/wall/rounds'
  const mine = shelfOf(deps, 'round', roundShelf)

  app.get(
    url,
    { config: WATCHERS, schema: { tags, summary: 'My rounds', response: { 200: page(Round) } } },
    (request) => mine.list(principalOf(request)),
  )
  app.post(
    url,
    { config: WATCHERS, schema: { tags, summary: 'Save a round', body: NewRound, response: { 201: Round } } },
    async (request, reply) => reply.code(201).send(await mine.add(principalOf(request), request.body)),
  )
  app.put(
    `${url}/:id`,
    {
      config: WATCHERS,
      schema: { tags, summary: 'Replace a round', params: IdParams, body: NewRound, response: { 200: Round } },
    },
    (request) => mine.replace(principalOf(request), request.params.id, request.body),
  )
  app.delete(
    `${url}/:id`,
    { config: WATCHERS, schema: { tags, summary: 'Remove a round', params: IdParams, response: { 204: z.null() } } },
    async (request, reply) => {
      await mine.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

/** A silence is not an acknowledgement, and who asked for it is on record. */
function silenceRoute(app: App, { database, clock, audit }: WallsDeps): void {
  app.post(
    '/api/v1/wall/silences',
    {
      config: WATCHERS,
      schema: {
        tags,
        summary: 'Silence my alarm sounds for a minute; urgent ones are heard all the same',
        response: { 201: Silence },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      await database.transaction((tx) =>
        audit.append(tx, {
          action: 'alarms-silenced',
          actor: actorOf(principal),
          object: `wall:${principal.id}`,
          result: 'done',
          detail: { seconds: SILENCE_SECONDS },
        }),
      )
      return reply.code(201).send({ until: toInstant(clock.now() + SILENCE_SECONDS * 1000) })
    },
  )
}
