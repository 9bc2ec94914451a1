import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Principal } from '../contracts/identity.ts'
import type { LinkScope } from '../contracts/link.ts'
import type { Ending } from '../ending.ts'
import { noSuch, Problem, type ProblemCode } from '../errors.ts'
import { type Exchange, NodeExchange } from '../http/exchange.ts'
import { type App, principalOf } from '../http/route.ts'
import { asGiven } from '../words.ts'
import { viewEnded } from './ends.ts'
import type { LiveView } from './live-view.ts'
import { MediaReply } from './media-reply.ts'
import { type BlockingReload, type MediaAnswer, type Relay, SOUND_PATH } from './sources.ts'
import type { Views } from './views.ts'

/** Paths of a relay are far shorter. */
const MAX_PATH_CHARS = 200
const SNAPSHOT_PATH = 'snapshot.jpg'

const ViewParams = z.strictObject({ viewId: z.uuid() })
const MediaParams = z.strictObject({ viewId: z.uuid(), '*': z.string().min(1).max(MAX_PATH_CHARS) })

const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** RFC 8216bis §6.2.5; servers ignore parameters they do not know. */
const Directives = z.object({
  _HLS_msn: count.optional(),
  _HLS_part: count.optional(),
  _HLS_skip: z.enum(['YES', 'v2']).optional(),
})

/** What a player asks of a playlist; undefined where it is not to be understood. @param query as parsed from the URL */
export function reloadOf(query: unknown): BlockingReload | undefined {
  const { data } = Directives.safeParse(query)
  return data && toReload(data)
}

const toReload = ({ _HLS_msn: msn, _HLS_part: part, _HLS_skip: skip }: z.infer<typeof Directives>): BlockingReload => ({
  ...(msn === undefined ? {} : { msn }),
  ...(part === undefined ? {} : { part }),
  ...(skip === undefined ? {} : { skip: true }),
})

interface Asked {
  viewId: string
  /** Below the view's URL. */
  path: string
  reload: BlockingReload
}

/** An address as players write it: directives are in this order (RFC 8216bis §6.2.5). */
const PLAIN_ADDRESS =
  /^\/live\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\/([\w./-]{1,200})(?:\?_HLS_msn=(\d{1,15})(?:&_HLS_part=(\d{1,15}))?(?:&_HLS_skip=(YES|v2))?)?$/

function askedBy(url: string): Asked | undefined {
  const [, viewId, path, msn, part, skip] = PLAIN_ADDRESS.exec(url) ?? []
  if (viewId === undefined || path === undefined) return undefined
  const reload: BlockingReload = {}
  if (msn !== undefined) reload.msn = Number(msn)
  if (part !== undefined) reload.part = Number(part)
  if (skip !== undefined) reload.skip = true
  return { viewId, path, reload }
}

/** The media of a view. A URL alone is worth nothing: every request needs the session that the view was granted to. */
export function liveRoutes(app: App, views: Views): void {
  app.answerDirectly({
    asked: askedBy,
    answer: (asked, principal, exchange) => answerMedia(views, asked, principal, exchange),
  })

  const answer = async (asked: Asked, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    await answerMedia(views, asked, principalOf(request), new NodeExchange(request.raw, reply.raw))
    return reply.hijack()
  }

  app.route({
    method: 'GET',
    url: `/live/:viewId/${SNAPSHOT_PATH}`,
    exposeHeadRoute: false,
    config: { access: 'gate' },
    schema: { tags: ['views'], summary: 'The newest key frame of a view', params: ViewParams },
    handler: (request, reply) =>
      answer({ viewId: request.params.viewId, path: SNAPSHOT_PATH, reload: {} }, request, reply),
  })

  app.route({
    method: 'GET',
    url: '/live/:viewId/*',
    exposeHeadRoute: false,
    config: { access: 'gate' },
    schema: { tags: ['views'], summary: 'Playlists and parts of a view', params: MediaParams, querystring: Directives },
    handler: (request, reply) => {
      const { viewId, '*': path } = request.params
      return answer({ viewId, path, reload: toReload(request.query) }, request, reply)
    },
  })

  // Held requests would keep the server from closing; their viewers are told why they end.
  app.addHook('preClose', () => views.endAll('interrupted'))
}

/** @returns undefined where this gateway serves no such view to this session */
function ownView(views: Views, principal: Principal, id: string): LiveView | undefined {
  const found = views.find(id, principal)
  switch (found.kind) {
    case 'live':
      return found.view
    case 'ended':
      throw viewEnded(found.why)
    case 'unknown':
      return undefined
  }
}

/** Behind a balancer that does not keep a session at one gateway, the view may well be there, but elsewhere. */
async function notHere(views: Views, principal: Principal, id: string): Promise<void> {
  const nodeId = await views.servedElsewhere(id, principal)
  if (nodeId === undefined) throw noSuch('view')
  throw new Problem('view-elsewhere', { zh: `由网关 ${nodeId} 提供`, en: `gateway ${nodeId} serves this view` })
}

/** What is more than the picture needs a scope of its own. */
async function demand(views: Views, view: LiveView, scope: LinkScope): Promise<void> {
  if (view.scopes.includes(scope)) return
  await views.recordRefusal(view, 'scope-missing')
  throw new Problem('scope-missing', { zh: `接入范围不含 ${scope}`, en: `the link does not cover ${scope}` })
}

/**
 * One request of a view, under the view's life: it ends with the view, with the client, or with its last byte.
 * @returns what is still to be waited for @throws Problem, now or later, where nothing was sent
 */
function answerMedia(
  views: Views,
  { viewId, path, reload }: Asked,
  principal: Principal,
  exchange: Exchange,
): Promise<void> | undefined {
  if (exchange.hasLeft) return undefined // while it was asked who this is
  const view = ownView(views, principal, viewId)
  if (view === undefined) return notHere(views, principal, viewId)
  const { lease } = view
  if (lease === undefined) throw new Problem('stream-not-ready', { zh: '画面正在打开', en: 'the view is being opened' })
  const reply = new MediaReply(exchange, () => view.uses.end(reply))
  if (!views.begin(view, reply))
    throw new Problem('too-many-requests', {
      zh: '该画面同时进行的请求过多',
      en: 'this view has too many requests under way',
    })
  const send = (media: MediaAnswer): undefined => {
    if (reply.aborted) {
      if (media.kind === 'found') media.release()
      ownView(views, principal, viewId) // says why, where the view has ended; a client that has left is told nothing
    } else if (media.kind === 'refused') throw new Problem(REFUSALS[media.status], asGiven(media.code))
    else {
      views.beginSending(reply)
      reply.send(media)
    }
  }
  const media = read(views, view, lease.relay, path, reload, reply)
  return media instanceof Promise ? media.then(send) : send(media)
}

function read(
  views: Views,
  view: LiveView,
  relay: Relay,
  path: string,
  reload: BlockingReload,
  ending: Ending,
): MediaAnswer | Promise<MediaAnswer> {
  if (path === SNAPSHOT_PATH) return snapshot(views, view, relay, ending)
  const query = { ...reload, sound: view.scopes.includes('audio') }
  return path.startsWith(SOUND_PATH)
    ? heard(views, view, () => relay.read(path, query, ending))
    : relay.read(path, query, ending)
}

async function heard(
  views: Views,
  view: LiveView,
  reading: () => MediaAnswer | Promise<MediaAnswer>,
): Promise<MediaAnswer> {
  await demand(views, view, 'audio')
  await views.recordHeard(view)
  return reading()
}

async function snapshot(views: Views, view: LiveView, relay: Relay, ending: Ending): Promise<MediaAnswer> {
  await demand(views, view, 'snapshot')
  const gone = new AbortController()
  if (ending.aborted) gone.abort()
  else ending.addEventListener('abort', () => gone.abort())
  const jpeg = await relay.snapshot(gone.signal)
  if (jpeg === undefined) return { kind: 'refused', status: 503, code: 'no-key-frame' }
  const lent = { contentType: 'image/jpeg', cacheSeconds: 0, body: [jpeg], release: () => {} }
  return { kind: 'found', ...lent }
}

const REFUSALS = {
  400: 'playlist-too-far-ahead',
  404: 'media-not-found',
  410: 'media-not-found',
  503: 'stream-not-ready',
} as const satisfies Record<Extract<MediaAnswer, { kind: 'refused' }>['status'], ProblemCode>
