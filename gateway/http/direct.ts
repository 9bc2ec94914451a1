import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { Problem } from '../errors.ts'
import { DirectConnection } from './direct-connection.ts'
import { type Exchange, NodeExchange } from './exchange.ts'
import { answerOfProblem, asProblem, isOwnFault } from './problems.ts'
import type { Authenticator, DirectRoute, Identified } from './route.ts'

export interface DirectOptions {
  logger: FastifyBaseLogger
  authenticator: Authenticator
  /** What every answer carries. */
  headers: Readonly<Record<string, string>>
}

/**
 * Routes that are answered before Fastify's layers, for what is asked for hundreds of times a second. They are guarded as
 * all others are: nobody without a session gets past here, and what they refuse is said in the same words.
 */
export class DirectRoutes {
  readonly #options: DirectOptions
  readonly #routes: DirectRoute<unknown>[] = []
  readonly #connections = new Set<DirectConnection>()

  constructor(options: DirectOptions) {
    this.#options = options
  }

  add<Asked>(route: DirectRoute<Asked>): void {
    this.#routes.push(route)
  }

  /** From now on what is a direct route's is answered here; the server's own listeners get the rest. */
  takeFrom(server: Server): void {
    const others = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      const isTaken = request.method === 'GET' && this.#serve(request.url ?? '', new NodeExchange(request, response))
      if (!isTaken) for (const other of others) other.call(server, request, response)
    })
  }

  /** Connections too, each until something else is asked for. For a server that speaks HTTP/1.1 in the clear. */
  takeConnectionsFrom(server: Server): void {
    const others = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket) => {
      this.#connections.add(
        new DirectConnection(socket, {
          keptAliveMs: server.keepAliveTimeout,
          serve: (target, exchange) => this.#serve(target, exchange),
          leave: (left: Socket) => {
            for (const other of others) other.call(server, left)
          },
          onClose: (connection) => this.#connections.delete(connection),
        }),
      )
    })
  }

  /** Ends what lies idle now, and the rest with their answers. */
  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  #serve(target: string, exchange: Exchange): boolean {
    for (const route of this.#routes) {
      const asked = route.asked(target)
      if (asked === undefined) continue
      this.#guard(route, asked, exchange)
      return true
    }
    return false
  }

  /** Whatever is known already is answered before this returns: each wait costs more than most of what is asked for. */
  #guard<Asked>(route: DirectRoute<Asked>, asked: Asked, exchange: Exchange): void {
    const answer = (found: Identified | undefined): Promise<void> | undefined => {
      if (found === undefined) throw new Problem('not-signed-in')
      return route.answer(asked, found.principal, exchange)
    }
    try {
      const found = this.#options.authenticator.authenticate(exchange.headers)
      const waiting = found instanceof Promise ? found.then(answer) : answer(found)
      waiting?.catch((error: unknown) => this.#fail(error, exchange))
    } catch (error) {
      this.#fail(error, exchange)
    }
  }

  #fail(error: unknown, exchange: Exchange): void {
    const { logger, headers } = this.#options
    const problem = asProblem(error)
    if (isOwnFault(problem)) logger.error({ err: error }, problem.code)
    if (exchange.isAnswered) exchange.cut()
    else if (!exchange.hasLeft) exchange.send(...answerOfProblem(problem, exchange.headers['accept-language'], headers))
  }
}
