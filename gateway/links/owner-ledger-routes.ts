import '@fastify/rate-limit'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { IdParams, PageQuery, page } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { Link, OwnerNotice, OwnerView } from '../contracts/link.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { lockLinks } from './links.ts'
import { ledgerCsvHead, ledgerCsvRow } from './register-csv.ts'
import { CSV_BATCH_ROWS, prefersCsv } from './routes.ts'
import { findLink, shown, updateNotice } from './store.ts'

/** A still starts the camera's relay. */
const MAX_STILLS = 12
const STILLS_WINDOW_MS = 60_000

export interface OwnerLedgerDeps {
  database: Database
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  /** Who watched, newest first. */
  ledger(linkId: string, query: z.infer<typeof PageQuery>): Promise<{ items: OwnerView[]; nextCursor?: string }>
  /** One picture of the camera for its owner. */
  still(
    principal: Principal,
    link: Link,
    gone: AbortSignal,
  ): Promise<{ kind: 'still'; jpeg: Buffer } | { kind: 'not-yours' } | { kind: 'no-picture' }>
}

/** What an owner sees of the own camera: who watches and watched, and one picture to know which camera it is. */
export function ownerLedgerRoutes(app: App, { database, audit, ledger, still }: OwnerLedgerDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/owner/links/:id/views',
    config: { access: 'owner' },
    schema: {
      tags: ['owner'],
      summary: 'Who watches now, and who watched; text/csv by Accept gives all of it as a table',
      params: IdParams,
      querystring: PageQuery,
      response: { 200: page(OwnerView).or(z.instanceof(Readable)) },
    },
    handler: async (request, reply) => {
      const [principal, { id }] = [principalOf(request), request.params]
      mustBeTheirs(id, principal)
      if (!prefersCsv(request.headers.accept)) return ledger(id, request.query)
      // On record before the first line leaves.
      await database.transaction((tx) =>
        audit.append(tx, {
          action: 'ledger-exported',
          actor: actorOf(principal),
          object: `link:${id}`,
          result: 'done',
        }),
      )
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="views.csv"')
        .header('cache-control', 'no-store')
        .send(Readable.from(csvText((cursor) => ledger(id, { limit: CSV_BATCH_ROWS, cursor }))))
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/owner/links/:id/still.jpg',
    exposeHeadRoute: false,
    config: { access: 'owner', rateLimit: { max: MAX_STILLS, timeWindow: STILLS_WINDOW_MS } },
    schema: { tags: ['owner'], summary: 'One picture, to know which camera is meant', params: IdParams },
    handler: async (request, reply) => {
      const [principal, { id }] = [principalOf(request), request.params]
      mustBeTheirs(id, principal)
      const link = await findLink(database.client, id)
      if (link === undefined) throw noSuch('link')
      const gone = new AbortController()
      const leave = (): void => gone.abort()
      reply.raw.once('close', leave)
      const found = await still(principal, shown(link), gone.signal).finally(() => reply.raw.off('close', leave))
      if (found.kind === 'not-yours')
        throw new Problem('not-found', { zh: '这条接入没有画面', en: 'there is no picture of this link' })
      if (found.kind === 'no-picture')
        throw new Problem('stream-not-ready', { zh: '摄像头此刻没有画面', en: 'the camera gives no picture now' })
      return reply.type('image/jpeg').header('cache-control', 'no-store').send(found.jpeg)
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/owner/links/:id/notice',
    config: { access: 'owner' },
    schema: {
      tags: ['owner'],
      summary: 'Whether to be told of the first view of a day',
      params: IdParams,
      body: OwnerNotice,
      response: { 200: Link },
    },
    handler: async (request) => {
      const [principal, { id }, { tellsFirstView }] = [principalOf(request), request.params, request.body]
      mustBeTheirs(id, principal)
      return database.transaction(async (tx) => {
        await lockLinks(tx)
        await updateNotice(tx, id, tellsFirstView)
        await audit.append(tx, {
          action: 'owner-notice-changed',
          actor: actorOf(principal),
          object: `link:${id}`,
          result: 'done',
          detail: { tellsFirstView },
        })
        const link = await findLink(tx, id)
        if (link === undefined) throw noSuch('link')
        return shown(link)
      })
    },
  })
}

/** Other links do not exist for an owner. */
export function mustBeTheirs(linkId: string, principal: Principal): void {
  if (!principal.linkIds?.includes(linkId)) throw noSuch('link')
}

async function* csvText(
  read: (cursor: string | undefined) => Promise<{ items: OwnerView[]; nextCursor?: string }>,
): AsyncGenerator<string> {
  yield ledgerCsvHead()
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await read(cursor)
    if (items.length > 0) yield items.map(ledgerCsvRow).join('')
    cursor = nextCursor
  } while (cursor !== undefined)
}
