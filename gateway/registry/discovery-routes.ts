import { PassThrough } from 'node:stream'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { Id, IdParams } from '../contracts/common.ts'
import { Discovery, NewDiscovery } from '../contracts/device.ts'
import { noSuch, Problem, type ProblemCode } from '../errors.ts'
import type { App } from '../http/route.ts'
import type { Discoveries, Started } from '../probe/discover.ts'
import { WRITERS } from './routes.ts'

const REFUSALS = {
  busy: 'too-many-requests',
  'bad-target': 'invalid-request',
  'nothing-to-search': 'address-not-allowed',
} as const satisfies Record<(Started & { kind: 'refused' })['why'], ProblemCode>

/** How often a search is told at the most. */
const TELL_MS = 200
const MAX_WATCHERS = 16

/** @param stopping ends the streams of searches that are watched */
export function discoveryRoutes(
  app: App,
  { discoveries, clock, stopping }: { discoveries: Discoveries; clock: Clock; stopping: AbortSignal },
): void {
  let watchers = 0

  const readOrThrow = async (id: string, acceptLanguage: string | undefined): Promise<Discovery> => {
    const found = await discoveries.read(id, acceptLanguage)
    if (found === undefined) throw noSuch('search')
    return found
  }

  app.post(
    '/api/v1/discoveries',
    {
      config: WRITERS,
      schema: { summary: 'Search for devices', body: NewDiscovery, response: { 202: z.object({ id: Id }) } },
    },
    async (request, reply) => {
      const started = discoveries.start(request.body.method, request.body.targets)
      if (started.kind === 'refused') throw new Problem(REFUSALS[started.why], started.detail)
      return reply.code(202).send({ id: started.id })
    },
  )

  app.get(
    '/api/v1/discoveries/:id',
    { config: WRITERS, schema: { summary: 'State of a search', params: IdParams, response: { 200: Discovery } } },
    (request) => readOrThrow(request.params.id, request.headers['accept-language']),
  )

  app.get(
    '/api/v1/discoveries/:id/events',
    {
      exposeHeadRoute: false, // its answer would last as long as the search
      config: WRITERS,
      schema: {
        summary: 'A search as it goes on, as server-sent events',
        description: 'Event `discovery` with the state of the search at each change; the stream ends with the search.',
        params: IdParams,
        response: { 200: z.unknown().describe('text/event-stream') },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const language = request.headers['accept-language']
      const first = await readOrThrow(id, language)
      if (watchers >= MAX_WATCHERS)
        throw new Problem('too-many-requests', {
          zh: `已有 ${MAX_WATCHERS} 个搜索在观看中`,
          en: `${MAX_WATCHERS} searches are watched already`,
        })
      watchers += 1
      const stream = new PassThrough()
      const gone = new AbortController()
      stream.once('close', () => gone.abort())
      void tell(stream, id, language, first, AbortSignal.any([gone.signal, stopping])).finally(() => {
        watchers -= 1
        gone.abort()
      })
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream)
    },
  )

  app.delete(
    '/api/v1/discoveries/:id',
    {
      config: WRITERS,
      schema: { summary: 'End a search; what it has found stays', params: IdParams, response: { 204: z.null() } },
    },
    async (request, reply) => {
      if (!discoveries.cancel(request.params.id)) throw noSuch('search')
      return reply.code(204).send(null)
    },
  )

  /** Writes each change, a few a second at the most; one that is not read is waited for. */
  async function tell(
    stream: PassThrough,
    id: string,
    language: string | undefined,
    first: Discovery,
    signal: AbortSignal,
  ): Promise<void> {
    let change = Promise.withResolvers<void>()
    discoveries.watch(id, () => change.resolve(), signal)
    signal.addEventListener('abort', () => change.resolve(), { once: true })
    try {
      for (let state: Discovery | undefined = first; state !== undefined && !signal.aborted; ) {
        const isRead = stream.write(`event: discovery\ndata: ${JSON.stringify(state)}\n\n`)
        if (state.state === 'finished') break
        if (!isRead) await new Promise((resolve) => stream.once('drain', resolve).once('close', resolve))
        await clock.sleep(TELL_MS, signal)
        await change.promise
        change = Promise.withResolvers()
        state = await discoveries.read(id, language)
      }
    } catch {
      // The asker has gone, or the gateway stops.
    }
    stream.end()
  }
}
