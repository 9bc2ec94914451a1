import '@fastify/rate-limit'
import { Transparency } from '../contracts/register.ts'
import { Problem } from '../errors.ts'
import type { App } from '../http/route.ts'
import type { Database } from '../storage/database.ts'

const DAY_MS = 24 * 60 * 60_000
/** The same counts for everybody in this time, so that nobody reads single acts out of their difference. */
const FRESH_MS = 10 * 60_000
const MAX_REQUESTS = 60
const REQUESTS_WINDOW_MS = 60_000

export interface TransparencyDeps {
  database: Database
  /** Off unless the township wants it. */
  isOn: boolean
  now(): number
  strippedFields(): Promise<number>
}

/** What everybody may know: counts of cameras, links, views and alarms. No sign-in, nothing about any person. */
export function transparencyRoutes(app: App, deps: TransparencyDeps): void {
  const { isOn, now } = deps
  let counted: { untilMs: number; answer: Promise<Transparency> } | undefined
  const answer = (): Promise<Transparency> => {
    const nowMs = now()
    if (counted === undefined || counted.untilMs <= nowMs) {
      const fresh = { untilMs: nowMs + FRESH_MS, answer: count(deps, nowMs) }
      fresh.answer.catch(() => {
        if (counted === fresh) counted = undefined
      })
      counted = fresh
    }
    return counted.answer
  }
  app.route({
    method: 'GET',
    url: '/api/v1/transparency',
    config: { access: 'anyone', rateLimit: { max: MAX_REQUESTS, timeWindow: REQUESTS_WINDOW_MS } },
    schema: {
      tags: ['register'],
      summary: 'Counts for everybody, if the township has switched them on',
      response: { 200: Transparency },
    },
    handler: async (_request, reply) => {
      if (!isOn) throw new Problem('not-found', { zh: '本镇未公开统计', en: 'this township shows no counts' })
      return reply.header('cache-control', `public, max-age=${FRESH_MS / 1000}`).send(await answer())
    },
  })
}

async function count({ database, strippedFields }: TransparencyDeps, nowMs: number): Promise<Transparency> {
  const { client } = database
  const since = new Date(nowMs - 30 * DAY_MS)
  const viewsOf = (ownership: string): Promise<number> =>
    client.view.count({ where: { startedAt: { gte: since }, link: { ownership } } })
  const activeOf = (ownership: string): Promise<number> => client.link.count({ where: { ownership, state: 'active' } })
  const cameras = await client.camera.groupBy({
    by: ['cellCode', 'ownership'],
    where: { removedAt: null },
    _count: { _all: true },
  })
  const names = new Map(
    (await client.division.findMany({ where: { level: 'cell' } })).map((cell) => [cell.code, cell.name]),
  )
  const cells = new Map<string, Transparency['cells'][number]>()
  for (const { cellCode, ownership, _count } of cameras) {
    const cell = cells.get(cellCode) ?? { name: names.get(cellCode) ?? cellCode, public: 0, private: 0 }
    cells.set(cellCode, cell)
    cell[ownership === 'private' ? 'private' : 'public'] += _count._all
  }
  return {
    at: new Date(nowMs).toISOString(),
    cells: [...cells].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cell]) => cell),
    links: { public: await activeOf('public'), private: await activeOf('private') },
    last30Days: {
      views: { public: await viewsOf('public'), private: await viewsOf('private') },
      alarms: await client.alarm.count({ where: { receivedAt: { gte: since } } }),
    },
    strippedFields: await strippedFields(),
  }
}
