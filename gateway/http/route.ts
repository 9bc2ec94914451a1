import type { IncomingHttpHeaders } from 'node:http'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Principal, Role } from '../contracts/identity.ts'
import { Problem } from '../errors.ts'
import type { Exchange } from './exchange.ts'

/** The server as features see it: schemas are zod, and every route says who may call it. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/**
 * Who may call a route. A route without it stops the start of the server.
 * `anyone`: no session needed. `signed-in`: staff, scripts and owners alike. `roles`: staff or scripts with one of
 * them. `owner`: an owner's session. `gate`: a session is needed, and the view gate decides on the very resource.
 */
export type Access = 'anyone' | 'signed-in' | 'owner' | 'gate' | { roles: readonly Role[] }

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined
  }
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyInstance {
    /** For the few that cannot afford Fastify's layers; each is told to Fastify as well, which answers what they leave. */
    answerDirectly<Asked>(route: DirectRoute<Asked>): void
    /** Every route there is and who may call it, in the order of registration. */
    routeTable: readonly RouteEntry[]
  }
}

export interface RouteEntry {
  method: string
  url: string
  access: Access
}

/** Whoever makes this request; routes open to `anyone` have none. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === undefined) throw new Problem('not-signed-in')
  return request.principal
}

/** A `gate` route for GET. */
export interface DirectRoute<Asked> {
  /** @param url as it came, not decoded @returns undefined where it is not the route's own, or not well formed */
  asked(url: string): Asked | undefined
  /** @returns what is still to be waited for, where there is something */
  answer(asked: Asked, principal: Principal, exchange: Exchange): Promise<void> | undefined
}

/** Who makes a request. */
export interface Identified {
  principal: Principal
  /** Given for cookie sessions, whose writes must repeat it; never for bearer tokens. */
  csrfToken?: () => string
}

/** How a request proves who it is; identity gives it to the server. */
export interface Authenticator {
  /** At once for who asked a moment ago: media are asked for hundreds of times a second. */
  authenticate(headers: IncomingHttpHeaders): Identified | undefined | Promise<Identified | undefined>
}
