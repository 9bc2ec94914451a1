import { timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ServerHttp2Session } from 'node:http2'
import { BlockList, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import websocket from '@fastify/websocket'
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Principal } from '../contracts/identity.ts'
import { Problem, type ProblemCode } from '../errors.ts'
import { DirectRoutes } from './direct.ts'
import { asProblem, isOwnFault, sendProblem } from './problems.ts'
import type { Access, App, Authenticator, DirectRoute, RouteEntry } from './route.ts'
import { securityHeaders } from './security-headers.ts'

/** How long a client may take to read its last answer once the server is closing. */
const LAST_ANSWER_MS = 3_000
const IDLE_CHECK_MS = 50

/** Requests carry JSON of records, a grid of a township at the most. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024
/** What anybody may send without a session: a sign-in, or one alarm of a webhook. */
const OPEN_BODY_LIMIT_BYTES = 64 * 1024
/** A whole request must have come after so long; a phone uploads a township's grid in less. */
const REQUEST_TIMEOUT_MS = 120_000

export interface ServerOptions {
  logger: FastifyBaseLogger
  version: string
  tls: { certFile: string; keyFile: string } | undefined
  behindTlsProxy: boolean
  /** A host whose pictures the console may show beside the gateway's own: the map's. */
  imageOrigin?: string
  authenticator: Authenticator
  /** Writes the refusal to the audit trail. */
  onRefused(principal: Principal, request: FastifyRequest, code: ProblemCode): Promise<void>
}

/** Fastify with what every route shares: zod schemas, problem documents, security headers, access, OpenAPI. */
export async function createServer(options: ServerOptions): Promise<App> {
  const { logger, tls, behindTlsProxy, authenticator } = options
  const common = {
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: behindTlsProxy ? isProxy : false,
    // Most requests have no body, and the end of an empty one takes three turns of the event loop.
    http: { optimizeEmptyRequests: true },
    forceCloseConnections: 'idle' as const,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // What the router itself refuses, a path that is not UTF-8 say, never reaches the error handler.
    // The HTTP/2 server differs in its raw types only, as below.
    frameworkErrors: (error: FastifyError, request: unknown, reply: unknown) =>
      void sendProblem(asProblem(error), request as FastifyRequest, reply as FastifyReply),
    routerOptions: { maxParamLength: 256 },
  }
  // With TLS the same port speaks HTTP/2 and, for older clients and WebSockets, HTTP/1.1.
  const server = tls
    ? fastify({
        ...common,
        http2: true,
        https: { allowHTTP1: true, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
      })
    : fastify(common)
  // The HTTP/2 server differs in its raw types only, which no route of ours touches in a way that matters.
  const app = (server as unknown as FastifyInstance).withTypeProvider<ZodTypeProvider>()
  const headers = securityHeaders(options.imageOrigin, tls !== undefined || behindTlsProxy)
  const direct = new DirectRoutes({ logger, authenticator, headers })
  direct.takeFrom(app.server)
  if (tls === undefined) direct.takeConnectionsFrom(app.server)

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  handleProblems(app, options)
  await app.register(cookie)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
  // An empty body is over before anyone listens to it: who parses it all the same gets one that ends.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const isOver = request.raw.readableEnded && request.headers['content-type'] !== undefined
    done(null, isOver ? Readable.from([]) : payload)
  })
  // Only routes that ask for it are limited.
  await app.register(rateLimit, { global: false })
  await app.register(websocket, { options: { maxPayload: 64 * 1024 } })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Gridlight', version: options.version, description: 'Gridlight HTTP API' },
    },
    transform: jsonSchemaTransform,
  })
  app.decorate('answerDirectly', <Asked>(route: DirectRoute<Asked>) => direct.add(route))
  guardRoutes(app, options)
  closeConnections(app, direct)
  await app.register(swaggerUi, { routePrefix: '/docs' })
  app.get('/api/v1/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, async () => app.swagger())
  return app
}

function handleProblems(app: App, { onRefused }: ServerOptions): void {
  app.setErrorHandler(async (error, request, reply) => {
    const problem = asProblem(error)
    if (isOwnFault(problem)) request.log.error({ err: error }, problem.code)
    if (AUDITED_REFUSALS.has(problem.code) && request.principal !== undefined) {
      await onRefused(request.principal, request, problem.code)
    }
    return sendProblem(problem, request, reply)
  })
  app.setNotFoundHandler({}, async (request, reply) => {
    const { method } = request
    const path = request.url.split('?')[0] ?? ''
    // A person who mistyped is led to the console, which knows the page that is theirs.
    const isPerson = method === 'GET' && (request.headers.accept ?? '').includes('text/html')
    if (isPerson && path !== '/' && !path.startsWith('/api/')) return reply.redirect('/', 303)
    throw new Problem('not-found', { zh: `${method} ${path} 不存在`, en: `${method} ${path} does not exist` })
  })
}

const PROXY_NETWORKS = new BlockList()
for (const [network, bits, family] of [
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
] as const)
  PROXY_NETWORKS.addSubnet(network, bits, family)

/**
 * Only the peer itself may be the proxy. People sit in private networks as well: if the addresses behind the peer were
 * believed too, each of them could write any sender into X-Forwarded-For and be locked out of nothing.
 */
const isProxy = (address: string, hop: number): boolean =>
  hop === 0 && PROXY_NETWORKS.check(address, address.includes(':') ? 'ipv6' : 'ipv4')

const AUDITED_REFUSALS = new Set<ProblemCode>([
  'role-not-allowed',
  'not-in-your-cells',
  'csrf-token-missing',
  'foreign-origin',
])

/** Default deny: who is asking, may they, and is a write from a browser really theirs. */
function guardRoutes(app: App, { authenticator }: ServerOptions): void {
  const routeTable: RouteEntry[] = []
  app.decorate('routeTable', routeTable)
  app.decorateRequest('principal', undefined)
  app.addHook('onRoute', (route) => {
    const isDocumentation = route.url.startsWith('/docs')
    if (isDocumentation) route.config = { ...route.config, access: 'anyone' }
    if (route.config?.access === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say who may call it`)
    for (const method of [route.method].flat()) routeTable.push({ method, url: route.url, access: route.config.access })
    if (route.config.access === 'anyone') route.bodyLimit ??= OPEN_BODY_LIMIT_BYTES
    // What a route of the API does not name is refused, in the query as in the body.
    if (route.url.startsWith('/api/v1/')) route.schema = { querystring: z.strictObject({}), ...route.schema }
  })
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access
    if (access === undefined) return // the not-found handler
    refuseForeignOrigin(request)
    // No name holds U+0000, and PostgreSQL refuses to look for it.
    if (request.url.includes('%00'))
      throw new Problem('invalid-request', { zh: '地址含有空字符', en: 'the address holds a NUL character' })
    const found = await authenticator.authenticate(request.headers)
    request.principal = found?.principal
    if (access === 'anyone') return
    if (found === undefined) throw new Problem('not-signed-in')
    if (
      found.csrfToken !== undefined &&
      !isRead(request) &&
      !sameText(request.headers['x-csrf-token'], found.csrfToken())
    ) {
      throw new Problem('csrf-token-missing')
    }
    if (!mayCall(found.principal, access)) throw new Problem('role-not-allowed')
  })
}

/**
 * A held request is answered while the server closes, and its connection then lies idle, kept alive: the server would
 * wait for it as long as the client likes. An HTTP/2 session is never idle to the server, so it is told to end itself.
 */
function closeConnections(app: App, direct: DirectRoutes): void {
  const { server } = app
  const sockets = new Set<Socket>()
  const sessions = new Set<ServerHttp2Session>()
  let timers: NodeJS.Timeout[] = []
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  app.addHook('preClose', async () => {
    for (const session of sessions) session.close()
    direct.close()
    timers = [
      setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS),
      setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, LAST_ANSWER_MS),
    ]
  })
  app.addHook('onClose', async () => {
    for (const timer of timers) clearTimeout(timer)
  })
}

const isRead = (request: FastifyRequest): boolean => request.method === 'GET' || request.method === 'HEAD'

/** Browsers name the page's origin on writes and sockets; a page of another site gets nothing (ASVS 3.5). */
function refuseForeignOrigin(request: FastifyRequest): void {
  const { origin } = request.headers
  const isSocket = request.headers.upgrade !== undefined
  if (origin === undefined || (isRead(request) && !isSocket)) return
  if (URL.parse(origin)?.host !== request.host)
    throw new Problem('foreign-origin', { zh: `来源 ${origin} 不是本网关`, en: `origin ${origin} is not this gateway` })
}

function mayCall(principal: Principal, access: Exclude<Access, 'anyone'>): boolean {
  if (access === 'signed-in' || access === 'gate') return true
  if (access === 'owner') return principal.kind === 'owner'
  return principal.kind !== 'owner' && principal.roles.some((role) => access.roles.includes(role))
}

function sameText(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== 'string') return false
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
