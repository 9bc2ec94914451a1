import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { LinkScope } from '../contracts/link.ts'
import { noSuch, Problem, type ProblemCode } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { asGiven } from '../words.ts'
import { viewEnded } from './ends.ts'
import type { LiveView } from './live-view.ts'
import { sendMedia } from './media-reply.ts'
import { type BlockingReload, type MediaAnswer, type Relay, SOUND_PATH } from './sources.ts'
import type { Views } from './views.ts'

/** Paths of a relay are far shorter. */
const MAX_PATH_CHARS = 200

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

/** The media of a view. A URL alone is worth nothing: every request needs the session that the view was granted to. */
export function liveRoutes(app: App, views: Views): void {
  app.route({
    method: 'GET',
    url: '/live/:viewId/snapshot.jpg',
    exposeHeadRoute: false,
    config: { access: 'gate' },
    schema: { tags: ['views'], summary: 'The newest key frame of a view', params: ViewParams },
    handler: async (request, reply) => {
      const { viewId } = request.params
      const view = ownView(views, request, viewId) ?? (await notHere(views, request, viewId))
      return answer(views, view, request, reply, async (relay, signal) => {
        await demand(views, view, 'snapshot')
        return snapshot(relay, signal)
      })
    },
  })

  app.route({
    method: 'GET',
    url: '/live/:viewId/*',
    exposeHeadRoute: false,
    config: { access: 'gate' },
    schema: { tags: ['views'], summary: 'Playlists and parts of a view', params: MediaParams, querystring: Directives },
    handler: async (request, reply) => {
      const { viewId } = request.params
      const view = ownView(views, request, viewId) ?? (await notHere(views, request, viewId))
      const reload = { ...toReload(request.query), sound: view.scopes.includes('audio') }
      const path = request.params['*']
      return answer(views, view, request, reply, async (relay, signal) => {
        if (path.startsWith(SOUND_PATH)) {
          await demand(views, view, 'audio')
          await views.recordHeard(view)
        }
        return relay.read(path, reload, signal)
      })
    },
  })

  // Held requests would keep the server from closing; their viewers are told why they end.
  app.addHook('preClose', () => views.endAll('interrupted'))
}

/** @returns undefined where this gateway serves no such view to this session */
function ownView(views: Views, request: FastifyRequest, id: string): LiveView | undefined {
  const found = views.find(id, principalOf(request))
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
async function notHere(views: Views, request: FastifyRequest, id: string): Promise<never> {
  const nodeId = await views.servedElsewhere(id, principalOf(request))
  if (nodeId === undefined) throw noSuch('view')
  throw new Problem('view-elsewhere', { zh: `由网关 ${nodeId} 提供`, en: `gateway ${nodeId} serves this view` })
}

/** What is more than the picture needs a scope of its own. */
async function demand(views: Views, view: LiveView, scope: LinkScope): Promise<void> {
  if (view.scopes.includes(scope)) return
  await views.recordRefusal(view, 'scope-missing')
  throw new Problem('scope-missing', { zh: `接入范围不含 ${scope}`, en: `the link does not cover ${scope}` })
}

/** Made once: an error of its own for each abort costs more than the rest of a small request. */
const LEFT = new Error('the client has left, or has all it asked for')

type Read = (relay: Relay, signal: AbortSignal) => Promise<MediaAnswer>

/** Runs one request of a view under the view's life: it ends with the view, with the client, or with its last byte. */
async function answer(
  views: Views,
  view: LiveView,
  request: FastifyRequest,
  reply: FastifyReply,
  read: Read,
): Promise<FastifyReply> {
  const { lease } = view
  if (lease === undefined) throw new Problem('stream-not-ready', { zh: '画面正在打开', en: 'the view is being opened' })
  const under = views.beginRequest(view)
  if (under === undefined)
    throw new Problem('too-many-requests', {
      zh: '该画面同时进行的请求过多',
      en: 'this view has too many requests under way',
    })
  const leave = (): void => under.abort(LEFT)
  reply.raw.once('close', leave)
  try {
    const media = await read(lease.relay, under.signal)
    if (under.signal.aborted) {
      if (media.kind === 'found') media.release()
      ownView(views, request, view.id) // says why, where the view has ended
      return reply.hijack() // the client has gone: there is nobody to answer
    }
    if (media.kind === 'refused') throw new Problem(REFUSALS[media.status], asGiven(media.code))
    reply.raw.off('close', leave) // who sends sees to it
    views.beginSending(view, under)
    await sendMedia(reply, media, under.signal)
    return reply
  } finally {
    reply.raw.off('close', leave)
    views.endRequest(view, under)
  }
}

async function snapshot(relay: Relay, signal: AbortSignal): Promise<MediaAnswer> {
  const jpeg = await relay.snapshot(signal)
  if (jpeg === undefined) return { kind: 'refused', status: 503, code: 'no-key-frame' }
  const lent = { contentType: 'image/jpeg', cacheSeconds: 0, body: jpeg, sizeBytes: jpeg.length, release: () => {} }
  return { kind: 'found', ...lent }
}

const REFUSALS = {
  400: 'playlist-too-far-ahead',
  404: 'media-not-found',
  410: 'media-not-found',
  503: 'stream-not-ready',
} as const satisfies Record<Extract<MediaAnswer, { kind: 'refused' }>['status'], ProblemCode>
