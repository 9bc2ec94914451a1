import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get, type ServerResponse } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { get as getHttps } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { Problem } from '../../gateway/errors.ts'
import { AnswerHead } from '../../gateway/http/exchange.ts'
import type { App } from '../../gateway/http/route.ts'
import { createServer } from '../../gateway/http/server.ts'
import { overConnection } from '../fakes/over-connection.ts'
import { lacksOpenssl, selfSigned } from '../fakes/tls-front.ts'

const SECRET = 'canary-of-a-fault'
/** More than the sockets of both sides buffer. */
const LONG = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024))

interface Fixture {
  app: App
  base: string
  /** Whoever was let through, and what for. */
  answered: string[]
  log: string[]
}

/** The real server with one direct route below /direct/, and the same told to Fastify, as live-routes does. */
async function server(t: Test, tls?: { certFile: string; keyFile: string }, asked = async () => {}): Promise<Fixture> {
  const answered: string[] = []
  const log: string[] = []
  const app = await createServer({
    logger: pino({ level: 'warn' }, { write: (line: string) => void log.push(line) }),
    version: '0.0.0',
    tls,
    behindTlsProxy: false,
    authenticator: {
      authenticate: async ({ authorization }) => {
        if (authorization === 'database away') throw new Error(SECRET)
        if (authorization === undefined) return undefined
        if (authorization === 'slow') await asked()
        const principal: Principal = {
          kind: 'token',
          id: '1',
          name: authorization,
          roles: [],
          cellCodes: undefined,
          sessionId: 's',
        }
        return { principal }
      },
    },
    onRefused: async () => {},
  })
  t.teardown(() => app.close())
  app.answerDirectly<string>({
    asked: (url) => /^\/direct\/([a-z]+)$/.exec(url)?.[1],
    answer: async (what, principal, exchange) => {
      answered.push(`${principal.name} ${exchange.hasLeft ? 'has left' : what}`)
      if (exchange.hasLeft) return
      if (what === 'refused') throw new Problem('media-not-found', { zh: '没有', en: 'it is not there' })
      if (what === 'faulty') throw new Error(SECRET)
      exchange.send(new AnswerHead(200, ['content-type', 'text/plain']), what === 'broken' ? LONG : 'done')
      if (what === 'broken') throw new Error(SECRET)
    },
  })
  app.get('/direct/*', { config: { access: 'gate' } }, async () => 'by Fastify')
  return { app, base: await app.listen({ host: '127.0.0.1', port: 0 }), answered, log }
}

const SOMEBODY = { authorization: 'somebody' }

t.test('nobody without a session gets past the guard', async (t) => {
  const { base, answered } = await server(t)
  const reply = await overConnection(base, '/direct/done', { 'accept-language': 'en' })
  t.equal(reply.statusCode, 401)
  t.match(reply.headers, {
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-security-policy': /default-src 'self'/,
  })
  t.match(reply.json(), { code: 'not-signed-in', title: 'Not signed in, or the session has ended' })
  t.same(answered, [])
  t.match(await overConnection(base, '/direct/done', SOMEBODY), { statusCode: 200, body: 'done' })
  t.same(answered, ['somebody done'])
})

t.test('only what is its own is answered directly, and reading it only', async (t) => {
  const { base, answered } = await server(t)
  for (const path of ['/direct/', '/direct/DONE', '/direct/done?x=1', '/direct/%64one'])
    t.match(await overConnection(base, path, SOMEBODY), { statusCode: 200, body: 'by Fastify' }, path)
  for (const method of ['POST', 'DELETE']) {
    const reply = await fetch(`${base}/direct/done`, { method, headers: SOMEBODY })
    t.equal(reply.status, 404, method)
  }
  t.equal((await overConnection(base, '/direct', SOMEBODY)).statusCode, 404)
  t.same(answered, [])
})

t.test('what goes wrong is a problem in words, and a fault of ours is in the log and nowhere else', async (t) => {
  const { base, log } = await server(t)
  const refused = await overConnection(base, '/direct/refused', { ...SOMEBODY, 'accept-language': 'zh-CN' })
  t.match(refused.json(), { status: 404, code: 'media-not-found', detail: '没有' })
  t.same(log, [], 'a refusal is no fault')
  for (const [path, headers] of [
    ['/direct/faulty', SOMEBODY],
    ['/direct/done', { authorization: 'database away' }],
  ] as const) {
    const reply = await overConnection(base, path, headers)
    t.match([reply.statusCode, reply.json().code], [500, 'internal'], path)
    t.notMatch(reply.body, SECRET)
    t.match(log.pop(), SECRET, path)
  }
  await t.rejects(overConnection(base, '/direct/broken', SOMEBODY), /hang up|aborted/, 'cut, where an answer had begun')
  t.match(log.pop(), SECRET)
})

function certificate(t: Test): { cert: Buffer; files: { certFile: string; keyFile: string } } {
  const { key, cert } = selfSigned()
  const directory = t.testdir()
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  return { cert, files: { certFile, keyFile } }
}

for (const protocol of ['HTTP/1.1', "Node's HTTP/1.1", 'HTTP/2'] as const)
  t.test(
    `who leaves while it is asked who they are is known to have left, over ${protocol}`,
    {
      skip: protocol === 'HTTP/2' && lacksOpenssl,
    },
    async (t) => {
      const [begun, gone, told] = [0, 1, 2].map(() => Promise.withResolvers<void>())
      const secure = protocol === 'HTTP/2' ? certificate(t) : undefined
      const { app, base, answered } = await server(t, secure?.files, async () => {
        begun?.resolve()
        await gone?.promise
        setImmediate(() => told?.resolve())
      })
      const onClose = (ending: Socket | ServerResponse): unknown => ending.on('close', () => gone?.resolve())
      app.server.prependListener('request', (_request: unknown, response: ServerResponse) => onClose(response))
      app.server.prependListener('connection', onClose)
      const headers = { authorization: 'slow' }
      if (secure === undefined) {
        const more = protocol === 'HTTP/1.1' ? {} : { te: 'trailers' }
        const request = get(`${base}/direct/done`, { headers: { ...headers, ...more } }).on('error', () => {})
        await begun?.promise
        request.destroy()
      } else {
        const session = connectHttp2(base, { ca: secure.cert, checkServerIdentity: () => undefined })
        t.teardown(() => session.destroy())
        const stream = session.request({ ':path': '/direct/done', ...headers }).on('error', () => {})
        await begun?.promise
        stream.close()
      }
      await told?.promise
      t.same(answered, ['slow has left'])
    },
  )

t.test('with TLS, over HTTP/2 and HTTP/1.1', { skip: lacksOpenssl }, async (t) => {
  const { cert, files } = certificate(t)
  const { base, answered } = await server(t, files)
  const session = connectHttp2(base, { ca: cert, checkServerIdentity: () => undefined })
  t.teardown(() => session.close())
  const ask = async (path: string, headers: Record<string, string>): Promise<[number, string]> => {
    const stream = session.request({ ':path': path, ...headers })
    const [answer] = await once(stream, 'response')
    let body = ''
    for await (const chunk of stream) body += chunk
    return [answer[':status'], body]
  }
  t.same(await ask('/direct/done', SOMEBODY), [200, 'done'])
  t.match(await ask('/direct/done', {}), [401, /not-signed-in/])
  t.match(await ask('/direct/refused', SOMEBODY), [404, /media-not-found/])
  t.match(await ask('/direct/', SOMEBODY), [200, 'by Fastify'])
  const { port } = new URL(base)
  const one = getHttps({
    port,
    path: '/direct/done',
    headers: SOMEBODY,
    ca: cert,
    checkServerIdentity: () => undefined,
  })
  const [reply] = await once(one, 'response')
  t.equal(reply.httpVersion, '1.1')
  let body = ''
  for await (const chunk of reply) body += chunk
  t.equal(body, 'done')
  t.same(answered, ['somebody done', 'somebody refused', 'somebody done'])
})
