import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { IdParams, page } from '../contracts/common.ts'
import { NewView, View } from '../contracts/view.ts'
import { noSuch, Problem, type ProblemCode } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { asGiven } from '../words.ts'
import { viewEnded } from './ends.ts'
import type { OpenResult, Views } from './views.ts'

/** Opening, listing and closing views; the media themselves are in live-routes. */
export function viewRoutes(app: App, views: Views): void {
  app.route({
    method: 'POST',
    url: '/api/v1/views',
    config: { access: 'gate' },
    schema: {
      tags: ['views'],
      summary: 'Ask to watch a camera; refused unless link, rights, hours and reason allow it now',
      body: NewView,
      response: { 201: View },
    },
    handler: async (request, reply) => {
      const view = viewOrProblem(await open(views, request, reply, request.body))
      return reply.code(201).header('cache-control', 'no-store').send(view)
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/views',
    config: { access: 'gate' },
    schema: { tags: ['views'], summary: 'My views', response: { 200: page(View) } },
    handler: async (request) => ({ items: views.ownViews(principalOf(request)) }),
  })

  app.route({
    method: 'DELETE',
    url: '/api/v1/views/:id',
    config: { access: 'gate' },
    schema: { tags: ['views'], summary: 'Stop watching', params: IdParams, response: { 204: z.null() } },
    handler: async (request, reply) => {
      const found = views.find(request.params.id, principalOf(request))
      if (found.kind === 'unknown') throw noSuch('view')
      if (found.kind === 'live') await views.endOne(found.view, 'closed')
      return reply.code(204).send(null)
    },
  })
}

async function open(views: Views, request: FastifyRequest, reply: FastifyReply, input: NewView): Promise<OpenResult> {
  const gone = new AbortController()
  const leave = (): void => gone.abort()
  reply.raw.once('close', leave)
  try {
    return await views.open(principalOf(request), input, gone.signal)
  } catch (error) {
    request.log.error({ err: error }, 'views: a view could not be written down')
    throw new Problem('storage-failure', {
      zh: '查看未能留痕，因此不显示画面',
      en: 'the view could not be written down, so nothing is shown',
    })
  } finally {
    reply.raw.off('close', leave)
  }
}

function viewOrProblem(result: OpenResult): View {
  switch (result.kind) {
    case 'open':
      return result.view
    case 'refused':
      throw new Problem(result.why)
    case 'no-camera':
      throw noSuch('camera')
    case 'no-stream':
      throw new Problem('stream-not-ready', { zh: '摄像头没有这路码流', en: 'the camera has no such stream' })
    case 'too-many':
      throw new Problem('too-many-requests', {
        zh: '本次登录打开的画面已达上限',
        en: 'this session has as many views open as it may',
      })
    case 'ended':
      throw viewEnded(result.why)
    case 'failed':
      throw new Problem(FAULTS[result.code] ?? 'stream-not-ready', asGiven(`${result.code}: ${result.detail}`))
  }
}

/** What a relay says of its camera, as a problem that names the next step. */
const FAULTS: Readonly<Record<string, ProblemCode>> = {
  unauthorized: 'camera-refused-login',
  unreachable: 'camera-unreachable',
  refused: 'camera-unreachable',
  'address-not-allowed': 'address-not-allowed',
  'certificate-changed': 'camera-certificate-changed',
  'transcode-limit': 'transcode-limit',
  'transcode-failed': 'transcode-failed',
  'transcoder-missing': 'transcoder-missing',
}
