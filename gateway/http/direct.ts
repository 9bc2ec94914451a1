import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { Problem } from '../errors.ts'
import { asProblem, isOwnFault, writeProblem } from './problems.ts'
import type { Authenticator, DirectRoute } from './route.ts'

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
  readonly #routes: DirectRoute[] = []

  constructor(options: DirectOptions) {
    this.#options = options
  }

  add(route: DirectRoute): void {
    this.#routes.push(route)
  }

  /** From now on what is a direct route's is answered here; the server's own listeners get the rest. */
  takeFrom(server: Server): void {
    const others = server.listeners('request')
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      const answer = this.#answerOf(request)
      if (answer !== undefined) void this.#guard(answer, request, response)
      else for (const other of others) other.call(server, request, response)
    })
  }

  #answerOf({ method, url = '' }: IncomingMessage): ReturnType<DirectRoute> {
    if (method !== 'GET') return undefined
    for (const route of this.#routes) {
      const answer = route(url)
      if (answer !== undefined) return answer
    }
    return undefined
  }

  async #guard(
    answer: Exclude<ReturnType<DirectRoute>, undefined>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { authenticator, logger, headers } = this.#options
    try {
      const found = await authenticator.authenticate(request.headers)
      if (found === undefined) throw new Problem('not-signed-in')
      await answer(found.principal, request, response)
    } catch (error) {
      const problem = asProblem(error)
      if (isOwnFault(problem)) logger.error({ err: error }, problem.code)
      if (response.headersSent) response.destroy()
      else writeProblem(problem, request.headers['accept-language'], response, headers)
    }
  }
}
