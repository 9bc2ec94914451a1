import type { Clock } from '../clock.ts'
import { LIVE_SOCKET_PATH } from '../contracts/live-socket.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { GOING_AWAY, GOODBYE_MS, LiveConnection } from './live-connection.ts'
import type { Views } from './views.ts'

/** Every window of a wall has one; a few more, for those that are being replaced. */
export const MAX_SOCKETS_PER_SESSION = 8
const MAX_SOCKETS = 2_000
const TICK_MS = 1_000
/** Who asks is authenticated when a socket opens, so no socket lives for ever; the player opens the next one. */
const MAX_SOCKET_MS = 10 * 60_000

/** One WebSocket for all the pictures of a wall. A view's id is worth nothing here without the session it was granted to. */
export function liveSocket(app: App, views: Views, clock: Clock): void {
  const connections = new Set<LiveConnection>()
  const stop = new AbortController()
  let ticking: Promise<void> | undefined

  async function tickWhileOpen(): Promise<void> {
    while (connections.size > 0) {
      await clock.sleep(TICK_MS, stop.signal).catch(() => {}) // ends early on abort, which the hook below goes on from
      if (stop.signal.aborted) return
      for (const connection of connections) {
        connection.tick()
        if (clock.monotonicMs() - connection.openedMs >= MAX_SOCKET_MS) connection.close(GOING_AWAY, 'open another')
      }
    }
    ticking = undefined
  }

  app.get(
    LIVE_SOCKET_PATH,
    {
      websocket: true,
      config: { access: 'gate' },
      preHandler: async (request) => {
        const { sessionId } = principalOf(request)
        const own = [...connections].filter(({ principal }) => principal.sessionId === sessionId)
        if (stop.signal.aborted) throw new Problem('not-ready', { zh: '网关正在停止', en: 'the gateway is stopping' })
        if (own.length >= MAX_SOCKETS_PER_SESSION || connections.size >= MAX_SOCKETS) {
          throw new Problem('too-many-requests', { zh: '打开的实时连接过多', en: 'too many live sockets are open' })
        }
      },
    },
    (socket, request) => {
      const raw = request.raw.socket
      raw.setNoDelay(true)
      const connection = new LiveConnection(socket, { views, clock, principal: principalOf(request), raw })
      connections.add(connection)
      socket.on('close', () => connections.delete(connection))
      ticking ??= tickWhileOpen()
    },
  )

  app.addHook('preClose', async () => {
    stop.abort()
    await ticking
    const closed = [...connections].map((connection) => connection.closed)
    for (const connection of connections) connection.close(GOING_AWAY, 'the gateway is shutting down')
    const enough = new AbortController()
    await Promise.race([Promise.all(closed), clock.sleep(GOODBYE_MS, enough.signal).catch(() => {})])
    enough.abort()
    for (const connection of connections) connection.terminate()
  })
}
