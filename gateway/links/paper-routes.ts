import { z } from 'zod'
import { actorOf } from '../contracts/audit.ts'
import { Id, IdParams, page } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { Link, LinkRevocation, NewPaperConsent, PaperConfirmation, PaperConsent } from '../contracts/link.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import type { DecideResult, Papers, Person } from './paper.ts'
import { listPapers } from './paper-store.ts'
import { linkProblem, mustBeAhead, ownCellsLink, READERS, REGISTRARS } from './routes.ts'

const PaperParams = z.strictObject({ id: Id, paperId: Id })

/** A link has one or two; a hundred is a mistake that still reads. */
const MAX_PAPERS = 100

const DAY_MS = 24 * 60 * 60_000

export interface PaperRoutesDeps {
  database: Database
  papers: Papers
  now(): number
}

/** Signatures on paper: recorded by one person, confirmed by another. */
export function paperRoutes(app: App, { database, papers, now }: PaperRoutesDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/links/:id/paper-consents',
    config: { access: { roles: READERS } },
    schema: {
      tags: ['links'],
      summary: 'Signatures on paper, newest first',
      params: IdParams,
      response: { 200: page(PaperConsent) },
    },
    handler: async (request) => {
      const { id } = await ownCellsLink(database, principalOf(request), request.params.id)
      return { items: await listPapers(database.client, id, MAX_PAPERS) }
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/links/:id/paper-consents',
    config: { access: { roles: REGISTRARS } },
    schema: {
      tags: ['links'],
      summary: 'Record what an owner signed on paper; a second person has to confirm it',
      params: IdParams,
      body: NewPaperConsent,
      response: { 201: PaperConsent },
    },
    handler: async (request, reply) => {
      const by = personOf(principalOf(request))
      const { id } = await ownCellsLink(database, principalOf(request), request.params.id)
      mustBeAhead('validUntil', request.body.validUntil, now())
      // A day is as long as the whole world has it.
      if (Date.parse(request.body.signedOn) > now() + DAY_MS) {
        throw new Problem('invalid-request', { zh: 'signedOn：签署日期尚未到', en: 'signedOn: is still to come' })
      }
      const result = await papers.record(by, id, request.body)
      if (result.kind !== 'recorded') throw linkProblem(result)
      return reply.code(201).send(result.paper)
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/links/:id/paper-consents/:paperId/confirm',
    config: { access: { roles: REGISTRARS } },
    schema: {
      tags: ['links'],
      summary: 'Confirm a signature on paper, as a second person and with the hash of the document in hand',
      params: PaperParams,
      body: PaperConfirmation,
      response: { 200: Link },
    },
    handler: async (request) => {
      const by = personOf(principalOf(request))
      const { id } = await ownCellsLink(database, principalOf(request), request.params.id)
      return decided(await papers.confirm(by, id, request.params.paperId, request.body.documentHash))
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/links/:id/paper-consents/:paperId/reject',
    config: { access: { roles: REGISTRARS } },
    schema: {
      tags: ['links'],
      summary: 'Reject or take back the record of a signature',
      params: PaperParams,
      body: LinkRevocation,
      response: { 200: Link },
    },
    handler: async (request) => {
      const by = personOf(principalOf(request))
      const { id } = await ownCellsLink(database, principalOf(request), request.params.id)
      return decided(await papers.reject(by, id, request.params.paperId, request.body.reason))
    },
  })
}

/** A token is nobody in particular: whoever holds it could be both persons. */
function personOf(principal: Principal): Person {
  if (principal.kind !== 'user') throw new Problem('person-required')
  return { ...actorOf(principal), kind: 'user', id: principal.id }
}

function decided(result: DecideResult): Link {
  switch (result.kind) {
    case 'done':
      return result.link
    case 'same-person':
      throw new Problem('second-person-required')
    case 'document-differs':
      throw new Problem('document-differs')
    case 'decided-already':
      throw new Problem('conflict', { zh: '已确认或已退回', en: 'it has been confirmed or rejected already' })
    default:
      throw linkProblem(result)
  }
}
