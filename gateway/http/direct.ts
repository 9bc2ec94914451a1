import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { Problem } from '../errors.ts'
import { asProblem, isOwnFault, writeProblem } from './problems.ts'
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
      if (!this.#take(request, response)) for (const other of others) other.call(server, request, response)
    })
  }

  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request
    if (method !== 'GET') return false
    for (const route of this.#routes) {
      const asked = route.asked(url)
      if (asked === undefined) continue
      this.#guard(route, asked, request, response)
      return true
    }
    return false
  }

  /** Whatever is known already is answered before this returns: each wait costs more than most of what is asked for. */
  #guard<Asked>(route: DirectRoute<Asked>, asked: Asked, request: IncomingMessage, response: ServerResponse): void {
    const answer = (found: Identified | undefined): Promise<void> | undefined => {
      if (found === undefined) throw new Problem('not-signed-in')
      return route.answer(asked, found.principal, request, response)
    }
    try {
      const found = this.#options.authenticator.authenticate(request.headers)
      const waiting = found instanceof Promise ? found.then(answer) : answer(found)
      waiting?.catch((error: unknown) => this.#fail(error, request, response))
    } catch (error) {
      this.#fail(error, request, response)
    }
  }

  #fail(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const { logger, headers } = this.#options
    const problem = asProblem(error)
    if (isOwnFault(problem)) logger.error({ err: error }, problem.code)
    if (response.headersSent) response.destroy()
    else writeProblem(problem, request.headers['accept-language'], response, headers)
  }
}
