import { actorOf } from '../contracts/audit.ts'
import '@fastify/rate-limit'
import type { FastifyReply } from 'fastify'
import { IdParams, page, toInstant } from '../contracts/common.ts'
import { type Principal, SessionAnswer } from '../contracts/identity.ts'
import { Link, OwnerConsent, OwnerOpening, OwnerPause, OwnerSignIn } from '../contracts/link.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Links } from './links.ts'
import { mustBeTheirs } from './owner-ledger-routes.ts'
import { linkOrProblem, mustBeAhead } from './routes.ts'
import { listLinks, shown } from './store.ts'

/** An invitation opens one link; this is room for owners who are given more. */
const MAX_OWNER_LINKS = 500

/** Sessions of owners, which identity keeps. */
export interface OwnerSessions {
  /** @returns the cookie's value, and what writes of the session must repeat */
  openOwner(tx: Tx, invitationId: string): Promise<{ token: string; sessionId: string; csrfToken: string }>
  setCookie(reply: FastifyReply, token: string): void
}

export interface OwnerRoutesDeps {
  database: Database
  links: Links
  sessions: OwnerSessions
}

/** Keys that one address may try: each refused one is an entry of the trail, and a flood of them must not hold up alarms. */
const MAX_TRIES = 30
const TRIES_WINDOW_MS = 60_000

/** The owner's acts. Access is the owner's session alone: no role of the centre reaches any of them. */
export function ownerRoutes(app: App, { database, links, sessions }: OwnerRoutesDeps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/owner/session',
    config: { access: 'anyone', rateLimit: { max: MAX_TRIES, timeWindow: TRIES_WINDOW_MS } },
    schema: {
      tags: ['owner'],
      summary: 'Sign in with the token of an invitation',
      body: OwnerSignIn,
      response: { 200: SessionAnswer },
    },
    handler: async (request, reply) => {
      const opened = await links.openInvitation(request.body.token, request.ip, (tx, id) => sessions.openOwner(tx, id))
      if (opened === undefined) {
        await links.recordRefusedKey(request.ip)
        throw new Problem('invitation-invalid')
      }
      const { session, link } = opened
      sessions.setCookie(reply, session.token)
      const user = { id: session.sessionId, displayName: link.party.name, roles: ['feed-owner' as const] }
      return reply.header('cache-control', 'no-store').send({ user, csrfToken: session.csrfToken })
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/owner/links',
    config: { access: 'owner' },
    schema: { tags: ['owner'], summary: 'My links', response: { 200: page(Link) } },
    handler: async (request) => {
      const ids = principalOf(request).linkIds ?? []
      const found = await listLinks(database.client, { ids, ownership: 'private', limit: MAX_OWNER_LINKS })
      return { items: found.map(shown) }
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/owner/links/:id/openings',
    config: { access: 'owner' },
    schema: {
      tags: ['owner'],
      summary: 'When and from where this page was opened: whoever else holds the invitation shows here',
      params: IdParams,
      response: { 200: page(OwnerOpening) },
    },
    handler: async (request) => {
      const owner = ownerOf(request.params.id, principalOf(request))
      return { items: await links.openings(request.params.id, owner.sessionId) }
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/owner/links/:id/consent',
    config: { access: 'owner' },
    schema: {
      tags: ['owner'],
      summary: 'Agree to what was asked, or to less',
      params: IdParams,
      body: OwnerConsent,
      response: { 200: Link },
    },
    handler: async (request) => {
      const [owner, consent] = [ownerOf(request.params.id, principalOf(request)), request.body]
      mustBeAhead('validUntil', consent.validUntil, links.now())
      return linkOrProblem(await links.act(actorOf(owner), request.params.id, 'consent', { consent }))
    },
  })

  app.route({
    method: 'POST',
    url: '/api/v1/owner/links/:id/pause',
    config: { access: 'owner' },
    schema: {
      tags: ['owner'],
      summary: 'Pause until a moment',
      params: IdParams,
      body: OwnerPause,
      response: { 200: Link },
    },
    handler: async (request) => {
      const [owner, { untilAt }] = [ownerOf(request.params.id, principalOf(request)), request.body]
      mustBeAhead('untilAt', untilAt, links.now())
      const pausedUntil = toInstant(Date.parse(untilAt))
      return linkOrProblem(await links.act(actorOf(owner), request.params.id, 'pause', { pausedUntil }))
    },
  })

  for (const act of ['resume', 'revoke'] as const) {
    app.route({
      method: 'POST',
      url: `/api/v1/owner/links/:id/${act}`,
      config: { access: 'owner' },
      schema: {
        tags: ['owner'],
        summary: act === 'resume' ? 'End the pause' : 'Revoke for good',
        params: IdParams,
        response: { 200: Link },
      },
      handler: async (request) => {
        const owner = ownerOf(request.params.id, principalOf(request))
        return linkOrProblem(await links.act(actorOf(owner), request.params.id, act))
      },
    })
  }
}

/** @returns the principal, once it is sure that the link is theirs; other links do not exist for them */
function ownerOf(linkId: string, principal: Principal): Principal {
  mustBeTheirs(linkId, principal)
  return principal
}
