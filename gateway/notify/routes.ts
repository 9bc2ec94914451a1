import { z } from 'zod'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { LiveConnections } from './sse.ts'

export interface EventRoutesDeps {
  connections: LiveConnections
}

/** `Last-Event-ID` of a connection that was cut; anything else begins with now. */
const LastEventId = z
  .string()
  .regex(/^\d{1,18}$/)
  .transform(BigInt)

export function eventRoutes(app: App, { connections }: EventRoutesDeps): void {
  app.get(
    '/api/v1/events',
    {
      // Its answer would never end, and would hold one of the session's places.
      exposeHeadRoute: false,
      config: { access: 'signed-in' },
      schema: {
        summary: 'Live changes as server-sent events',
        description:
          'Events `alarm`, `case`, `camera`, `link`, `view-ended`, `flood`; the id is the event number. `Last-Event-ID` replays what was missed; `reset` says that too much was missed and lists must be read again.',
        response: { 200: z.unknown().describe('text/event-stream') },
      },
    },
    async (request, reply) => {
      const lastSeen = LastEventId.safeParse(request.headers['last-event-id'])
      const opened = connections.open(principalOf(request), lastSeen.success ? lastSeen.data : undefined)
      if (opened.kind === 'refused') throw new Problem('too-many-requests', opened.why)
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(opened.stream)
    },
  )
  // A held response would keep the server from closing.
  app.addHook('preClose', async () => connections.endAll())
}
