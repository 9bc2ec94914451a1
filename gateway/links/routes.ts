import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { actorOf } from '../contracts/audit.ts'
import { IdParams, page } from '../contracts/common.ts'
import type { Principal, Role } from '../contracts/identity.ts'
import {
  Link,
  LinkQuery,
  LinkRevocation,
  type LinkState,
  LinkSummary,
  NewLink,
  NewLinkAnswer,
  OwnerInvitation,
} from '../contracts/link.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import type { Database } from '../storage/database.ts'
import { asGiven, type Words } from '../words.ts'
import type { LinkResult, Links } from './links.ts'
import { csvHead, csvRow } from './register-csv.ts'
import { findLink, type LinkFilter, listLinks, shown, summarise } from './store.ts'

export const READERS: readonly Role[] = ['administrator', 'operator', 'installer', 'patrol-lead', 'auditor']
export const REGISTRARS: readonly Role[] = ['administrator', 'installer']

/** Rows fetched at a time for a register or ledger as a table. */
export const CSV_BATCH_ROWS = 500

export interface LinkRoutesDeps {
  database: Database
  links: Links
  cameras: { camera(id: string): Promise<{ cellCode: string } | undefined> }
}

/** The register of links as the centre's staff use it. What widens a private link is not here: see owner-routes. */
export function linkRoutes(app: App, { database, links, cameras }: LinkRoutesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/links',
    config: { access: { roles: REGISTRARS } },
    schema: { tags: ['links'], summary: 'Register a link', body: NewLink, response: { 201: NewLinkAnswer } },
    handler: async (request, reply) => {
      const [principal, input] = [principalOf(request), request.body]
      const camera = await cameras.camera(input.cameraId)
      if (camera === undefined) throw noSuch('camera')
      if (!coversCell(principal, camera.cellCode)) throw new Problem('not-in-your-cells')
      checkValidity(input, links.now())
      const result = await links.create(actorOf(principal), input, originOf(request))
      switch (result.kind) {
        case 'no-camera':
          throw noSuch('camera')
        case 'ownership-differs':
          throw new Problem('conflict', {
            zh: `摄像头登记为${result.camera === 'public' ? '公共' : '社会'}资源，接入须与之一致`,
            en: `the camera is registered as ${result.camera}; its link must be so too`,
          })
        case 'camera-has-link':
          throw new Problem(
            'conflict',
            {
              zh: `摄像头已有接入 ${result.linkId}，尚未结束`,
              en: `the camera has link ${result.linkId}, which is not closed yet`,
            },
            {
              linkId: result.linkId,
            },
          )
        case 'done': {
          const { link, ownerInvitation } = result
          return reply.code(201).send({ ...link, ...(ownerInvitation === undefined ? {} : { ownerInvitation }) })
        }
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/links',
    config: { access: { roles: READERS } },
    schema: {
      tags: ['links'],
      summary: 'The register; text/csv by Accept gives all of it as a table',
      querystring: LinkQuery,
      response: { 200: page(Link).or(z.instanceof(Readable)) },
    },
    handler: async (request, reply) => {
      const { limit, cursor, ownership, state, cell } = request.query
      const filter = { ownership, state, cellCode: cell, cellCodes: principalOf(request).cellCodes }
      if (prefersCsv(request.headers.accept)) {
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="links.csv"')
          .header('cache-control', 'no-store')
          .send(Readable.from(csvText(database, filter)))
      }
      const found = await listLinks(database.client, { ...filter, limit: limit + 1, cursor })
      const items = found.slice(0, limit)
      const last = items.at(-1)
      const isMore = found.length > limit && last !== undefined
      return { items: items.map(shown), ...(isMore ? { nextCursor: last.id } : {}) }
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/links/summary',
    config: { access: { roles: READERS } },
    schema: { tags: ['links'], summary: 'Counts by state and cell', response: { 200: LinkSummary } },
    handler: (request) => {
      const principal = principalOf(request)
      return summarise(database.client, (cellCode) => coversCell(principal, cellCode))
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/links/:id',
    config: { access: { roles: READERS } },
    schema: { tags: ['links'], summary: 'One link', params: IdParams, response: { 200: Link } },
    handler: (request) => ownCellsLink(database, principalOf(request), request.params.id),
  })

  app.route({
    method: 'POST',
    url: '/api/v1/links/:id/revoke',
    config: { access: { roles: REGISTRARS } },
    schema: {
      tags: ['links'],
      summary: 'End a public link or revoke a private one',
      params: IdParams,
      body: LinkRevocation,
      response: { 200: Link },
    },
    handler: async (request) => {
      const principal = principalOf(request)
      const { id, ownership } = await ownCellsLink(database, principal, request.params.id)
      const act = ownership === 'public' ? 'end' : 'revoke'
      return linkOrProblem(await links.act(actorOf(principal), id, act, request.body))
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/links/:id/invitation',
    config: { access: { roles: REGISTRARS } },
    schema: {
      tags: ['links'],
      summary: 'A new invitation for the owner of a link that awaits consent; shown once, the earlier ones are void',
      params: IdParams,
      response: { 201: OwnerInvitation },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request)
      const { id } = await ownCellsLink(database, principal, request.params.id)
      const result = await links.inviteAgain(actorOf(principal), id, originOf(request))
      if (result.kind !== 'done') throw linkProblem(result)
      return reply.code(201).header('cache-control', 'no-store').send(result.ownerInvitation)
    },
  })

  for (const act of ['suspend', 'restore'] as const) {
    app.route({
      method: 'POST',
      url: `/api/v1/links/:id/${act}`,
      config: { access: { roles: ['administrator'] } },
      schema: {
        tags: ['links'],
        summary: `${act === 'suspend' ? 'Suspend' : 'Restore'} a public link`,
        params: IdParams,
        body: LinkRevocation,
        response: { 200: Link },
      },
      handler: async (request) => {
        const principal = principalOf(request)
        const { id } = await ownCellsLink(database, principal, request.params.id)
        return linkOrProblem(await links.act(actorOf(principal), id, act, request.body))
      },
    })
  }
}

const STATE_WORDS: Readonly<Record<LinkState, Words>> = {
  draft: { zh: '尚为草稿', en: 'a draft' },
  'awaiting-consent': { zh: '待业主授权', en: 'awaiting consent' },
  active: { zh: '有效', en: 'active' },
  paused: { zh: '已暂停', en: 'paused' },
  suspended: { zh: '已中止', en: 'suspended' },
  expired: { zh: '已到期', en: 'expired' },
  revoked: { zh: '已撤销', en: 'revoked' },
  ended: { zh: '已终止', en: 'ended' },
}

export function linkOrProblem(result: LinkResult): Link {
  if (result.kind === 'done') return result.link
  throw linkProblem(result)
}

export function linkProblem(result: Exclude<LinkResult, { kind: 'done' }>): Problem {
  switch (result.kind) {
    case 'not-found':
      return noSuch('link')
    case 'illegal':
      return new Problem(
        'illegal-transition',
        { zh: `接入${STATE_WORDS[result.state].zh}`, en: `the link is ${STATE_WORDS[result.state].en}` },
        { state: result.state },
      )
    case 'wider':
      return new Problem('consent-wider-than-asked', asGiven(result.what))
  }
}

export function mustBeAhead(field: string, instant: string, nowMs: number): void {
  if (Date.parse(instant) <= nowMs)
    throw new Problem('invalid-request', { zh: `${field}：时间已过`, en: `${field}: is over already` })
}

/** This gateway as the registrar reaches it: the owner's invitation leads there. */
const originOf = ({ protocol, host }: FastifyRequest): string => `${protocol}://${host}`

function checkValidity({ validFrom, validUntil }: NewLink, nowMs: number): void {
  if (validUntil === undefined) return
  const untilMs = Date.parse(validUntil)
  if (untilMs <= Date.parse(validFrom))
    throw new Problem('invalid-request', {
      zh: 'validUntil：须晚于 validFrom',
      en: 'validUntil: must be after validFrom',
    })
  if (untilMs <= nowMs)
    throw new Problem('invalid-request', { zh: 'validUntil：时间已过', en: 'validUntil: is over already' })
}

export async function ownCellsLink(database: Database, principal: Principal, id: string): Promise<Link> {
  const link = await findLink(database.client, id)
  if (link === undefined) throw noSuch('link')
  if (!coversCell(principal, link.cellCode)) throw new Problem('not-in-your-cells')
  return shown(link)
}

/** True where text/csv is named before JSON; browsers and scripts that name neither get JSON. */
export function prefersCsv(accept: string | undefined): boolean {
  const named = (accept ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase())
  const csv = named.indexOf('text/csv')
  const json = named.indexOf('application/json')
  return csv !== -1 && (json === -1 || csv < json)
}

async function* csvText(database: Database, filter: Omit<LinkFilter, 'limit'>): AsyncGenerator<string> {
  yield csvHead()
  let cursor: string | undefined
  do {
    const links = await listLinks(database.client, { ...filter, cursor, limit: CSV_BATCH_ROWS })
    if (links.length > 0) yield links.map((link) => csvRow(shown(link))).join('')
    cursor = links.at(-1)?.id
  } while (cursor !== undefined)
}
