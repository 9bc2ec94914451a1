import { once } from 'node:events'
import { connect } from 'node:net'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { z } from 'zod'
import type { Principal, Role } from '../../gateway/contracts/identity.ts'
import { PROBLEMS, Problem, type ProblemCode } from '../../gateway/errors.ts'
import type { Access, App, Authenticator } from '../../gateway/http/route.ts'
import { createServer } from '../../gateway/http/server.ts'

const CSRF = 'the-token'

/** Who calls is said by a header: `x-as: operator`, `owner`, or `token operator`. */
const authenticator: Authenticator = {
  authenticate: async (headers) => {
    const as = headers['x-as']
    if (typeof as !== 'string') return undefined
    const isToken = as.startsWith('token ')
    const role = as.replace('token ', '')
    const principal: Principal = {
      kind: role === 'owner' ? 'owner' : isToken ? 'token' : 'user',
      id: '1',
      name: role,
      roles: role === 'owner' ? ['feed-owner'] : [role as Role],
      cellCodes: undefined,
      sessionId: 's',
    }
    return isToken ? { principal } : { principal, csrfToken: () => CSRF }
  },
}

interface Fixture {
  app: App
  refusals: [string, ProblemCode][]
}

async function server(t: Test, routes: (app: App) => void): Promise<Fixture> {
  const refusals: [string, ProblemCode][] = []
  const app = await createServer({
    logger: pino({ level: 'silent' }),
    version: '1.2.3',
    tls: undefined,
    behindTlsProxy: false,
    authenticator,
    onRefused: async (principal, _, code) => void refusals.push([principal.name, code]),
  })
  t.teardown(() => app.close())
  routes(app)
  return { app, refusals }
}

t.test('a route that does not say who may call it stops the start', async (t) => {
  await server(t, (app) => {
    t.throws(() => app.get('/open', async () => ({})), /GET \/open does not say who may call it/)
  })
})

const CALLERS = ['nobody', 'owner', 'operator', 'token operator', 'auditor'] as const

for (const [access, allowed] of [
  ['anyone', CALLERS],
  ['signed-in', ['owner', 'operator', 'token operator', 'auditor']],
  ['gate', ['owner', 'operator', 'token operator', 'auditor']],
  ['owner', ['owner']],
  [{ roles: ['operator'] }, ['operator', 'token operator']],
  [{ roles: ['operator', 'feed-owner'] }, ['operator', 'token operator']],
  [{ roles: [] }, []],
] as const satisfies readonly [Access, readonly string[]][]) {
  t.test(`access ${JSON.stringify(access)}`, async (t) => {
    const { app } = await server(t, (app) => {
      app.get('/it', { config: { access } }, async () => ({ ok: true }))
    })
    for (const caller of CALLERS) {
      const reply = await app.inject({ url: '/it', headers: caller === 'nobody' ? {} : { 'x-as': caller } })
      const expected = (allowed as readonly string[]).includes(caller) ? 200 : caller === 'nobody' ? 401 : 403
      t.equal(reply.statusCode, expected, caller)
    }
  })
}

t.test('writes of a cookie session repeat its token; those of a bearer token need not', async (t) => {
  const { app, refusals } = await server(t, (app) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      app.route({ method, url: '/it', config: { access: 'signed-in' }, handler: async () => ({ ok: true }) })
    }
  })
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    const call = async (headers: Record<string, string>): Promise<number> =>
      (await app.inject({ method, url: '/it', headers })).statusCode
    t.equal(await call({ 'x-as': 'operator' }), 403, `${method} without it`)
    t.equal(await call({ 'x-as': 'operator', 'x-csrf-token': 'the-tokem' }), 403, `${method} with a wrong one`)
    t.equal(await call({ 'x-as': 'operator', 'x-csrf-token': '' }), 403, `${method} with an empty one`)
    t.equal(await call({ 'x-as': 'operator', 'x-csrf-token': CSRF }), 200, `${method} with it`)
    t.equal(await call({ 'x-as': 'token operator' }), 200, `${method} by a script`)
  }
  t.equal(refusals.length, 12)
  t.same(refusals[0], ['operator', 'csrf-token-missing'])
})

t.test('a page of another site may neither write nor open a socket', async (t) => {
  const { app } = await server(t, (app) => {
    app.post('/it', { config: { access: 'anyone' } }, async () => ({ ok: true }))
    app.get('/socket', { config: { access: 'anyone' }, websocket: true }, () => {})
  })
  const post = async (origin?: string) =>
    app.inject({
      method: 'POST',
      url: '/it',
      headers: { host: 'gridlight.example:8080', ...(origin === undefined ? {} : { origin }) },
    })
  t.equal((await post()).statusCode, 200, 'no browser')
  t.equal((await post('https://gridlight.example:8080')).statusCode, 200)
  for (const origin of [
    'https://evil.example',
    'https://gridlight.example',
    'null',
    'https://gridlight.example:8080.evil',
  ]) {
    t.match((await post(origin)).json(), { status: 403, code: 'foreign-origin' }, origin)
  }
  await app.ready()
  await t.rejects(
    app.injectWS('/socket', { headers: { host: 'gridlight.example', origin: 'https://evil.example' } }),
    /403/,
  )
  const socket = await app.injectWS('/socket', {
    headers: { host: 'gridlight.example', origin: 'https://gridlight.example' },
  })
  socket.terminate()
})

t.test('a problem is a document in the language of whoever asked', async (t) => {
  const { app } = await server(t, (app) => {
    app.get('/it', { config: { access: 'anyone' } }, async () => {
      throw new Problem(
        'link-paused',
        { zh: '至 18:00', en: 'until 18:00' },
        { pausedUntil: '2026-03-02T10:00:00.000Z' },
      )
    })
  })
  const get = (language?: string) =>
    app.inject({ url: '/it', headers: language === undefined ? {} : { 'accept-language': language } })
  const zh = await get('zh-CN,zh;q=0.9,en;q=0.8')
  t.equal(zh.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.equal(zh.headers['cache-control'], 'no-store')
  t.same(zh.json(), {
    type: 'urn:gridlight:problem:link-paused',
    title: '业主已暂停授权',
    status: 403,
    code: 'link-paused',
    detail: '至 18:00',
    nextStep: '等待暂停结束或联系业主',
    pausedUntil: '2026-03-02T10:00:00.000Z',
  })
  t.equal((await get('en-GB')).json().title, 'The owner has paused the link')
  t.equal((await get()).json().title, '业主已暂停授权 (The owner has paused the link)')
})

t.test('every problem has words in both languages', async (t) => {
  let checked = 0
  for (const [code, kind] of Object.entries(PROBLEMS)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.match(kind.title.zh, /\p{Script=Han}/u, code)
    t.match(kind.title.en, /^[A-Z]/, code)
    if ('nextStep' in kind) t.match(kind.nextStep, { zh: /\p{Script=Han}/u, en: /^[A-Z]/ }, code)
    checked += 1
  }
  t.ok(checked > 20)
})

t.test('a fault of ours keeps its cause to the log', async (t) => {
  const { app } = await server(t, (app) => {
    app.get('/it', { config: { access: 'anyone' } }, async () => {
      throw new Error('password canary-5512 in a stack')
    })
    app.get(
      '/wrong-answer',
      { config: { access: 'anyone' }, schema: { response: { 200: z.object({ n: z.number() }) } } },
      async () => JSON.parse('{"n":"canary-5512"}'),
    )
  })
  for (const url of ['/it', '/wrong-answer']) {
    const reply = await app.inject({ url })
    t.match(reply.json(), { status: 500, code: 'internal' })
    t.notMatch(reply.body, /canary/)
  }
})

t.test('a query that a route of the API does not name is refused', async (t) => {
  const { app } = await server(t, (app) => {
    app.get('/api/v1/it', { config: { access: 'anyone' } }, async () => ({ ok: true }))
    app.get('/page', { config: { access: 'anyone' } }, async () => ({ ok: true }))
  })
  t.equal((await app.inject('/api/v1/it')).statusCode, 200)
  t.match((await app.inject('/api/v1/it?colour=blue')).json(), { status: 400, detail: /colour/ })
  t.equal((await app.inject('/page?from=mail')).statusCode, 200, 'pages take what links carry')
})

t.test('requests that do not fit are refused before the handler', async (t) => {
  let handled = 0
  const { app } = await server(t, (app) => {
    app.post(
      '/it',
      { config: { access: 'anyone' }, schema: { body: z.strictObject({ n: z.number().max(5) }) } },
      async () => {
        handled += 1
        return {}
      },
    )
  })
  const post = (payload: string, type = 'application/json') =>
    app.inject({ method: 'POST', url: '/it', headers: { 'content-type': type }, payload })
  for (const [payload, type, code] of [
    ['{"n":6}', 'application/json', 'invalid-request'],
    ['{"n":1,"faceId":2}', 'application/json', 'invalid-request'],
    ['{"n":', 'application/json', 'invalid-request'],
    ['', 'application/json', 'invalid-request'],
    ['{"__proto__":{"n":1},"n":1}', 'application/json', 'invalid-request'],
    ['n=1', 'application/x-www-form-urlencoded', 'unsupported-media-type'],
    ['<n>1</n>', 'text/xml', 'unsupported-media-type'],
    [`{"n":1${' '.repeat(8 * 1024 * 1024)}}`, 'application/json', 'payload-too-large'],
    ['{"n":6}', 'application/json\t; a=b', 'invalid-request'],
  ] as const) {
    const reply = await post(payload, type)
    t.equal(reply.json().code, code, `${type} ${payload.slice(0, 30)}`)
  }
  t.equal(handled, 0)
  t.equal((await post('{"n":1}')).statusCode, 200)
})

t.test('a write that names a type and has no body at all is answered, not waited for', async (t) => {
  const { app } = await server(t, (app) => {
    app.post('/it', { config: { access: 'anyone' } }, async () => ({ ok: true }))
  })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('POST /it HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept-language: en\r\n\r\n')
  const [answer] = await once(socket, 'data')
  socket.destroy()
  t.match(String(answer), /^HTTP\/1\.1 400 .*"code":"invalid-request"/s)
})

t.test('what does not exist is a problem as well', async (t) => {
  const { app } = await server(t, () => {})
  const reply = await app.inject({ url: '/api/v1/nothing?token=canary' })
  t.match(reply.json(), { status: 404, code: 'not-found' })
  t.notMatch(reply.body, /canary/)
})

t.test('a person who mistyped an address is led to the console, a program is told', async (t) => {
  const { app } = await server(t, () => {})
  const ask = (url: string, accept: string) => app.inject({ url, headers: { accept } })
  const led = await ask('/walls', 'text/html,application/xhtml+xml,*/*;q=0.8')
  t.match(led, { statusCode: 303, headers: { location: '/' } })
  for (const [url, accept] of [
    ['/walls', '*/*'],
    ['/api/v1/nothing', 'text/html'],
    ['/', 'text/html'], // where the console is not built
  ] as const)
    t.equal((await ask(url, accept)).statusCode, 404, `${url} ${accept}`)
})

t.test('pages may load from here only and be framed by nobody', async (t) => {
  const { app } = await server(t, (app) => {
    app.get('/it', { config: { access: 'anyone' } }, async () => ({}))
  })
  const { headers } = await app.inject({ url: '/it' })
  const policy = String(headers['content-security-policy'])
  for (const part of ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
    t.ok(policy.includes(part), part)
  }
  t.notMatch(policy, /unsafe|\*/)
  t.equal(headers['x-content-type-options'], 'nosniff')
  t.equal(headers['referrer-policy'], 'no-referrer')
  t.equal(headers['strict-transport-security'], undefined, 'plain HTTP on loopback')
})

t.test('the OpenAPI document tells the routes and the version', async (t) => {
  const { app } = await server(t, (app) => {
    app.get(
      '/api/v1/it/:id',
      { config: { access: 'signed-in' }, schema: { params: z.strictObject({ id: z.uuid() }) } },
      async () => ({}),
    )
  })
  await app.ready()
  const document = (await app.inject({ url: '/api/v1/openapi.json' })).json()
  t.match(document, { openapi: '3.1.0', info: { version: '1.2.3' }, paths: { '/api/v1/it/{id}': { get: {} } } })
  t.equal((await app.inject({ url: '/docs/' })).statusCode, 200)
})

t.test('who is not signed in cannot make the server hold much', async (t) => {
  const { app } = await server(t, (app) => {
    const body = z.object({ text: z.string() })
    app.post('/open', { config: { access: 'anyone' }, schema: { body } }, async () => ({}))
    app.post('/closed', { config: { access: 'signed-in' }, schema: { body } }, async () => ({}))
  })
  const headers = { 'x-as': 'token operator' }
  const post = (url: string, chars: number) =>
    app.inject({ method: 'POST', url, headers, payload: { text: 'x'.repeat(chars) } })
  t.equal((await post('/open', 60 * 1024)).statusCode, 200)
  const refused = await post('/open', 64 * 1024)
  t.match([refused.statusCode, refused.json()], [413, { code: 'payload-too-large' }])
  t.equal((await post('/closed', 1024 * 1024)).statusCode, 200)
  t.equal((app.server as { requestTimeout?: number }).requestTimeout, 120_000, 'and not for long')
})

t.test('addresses that no route can read are problems like any other', async (t) => {
  const { app } = await server(t, (app) => {
    app.get('/it/:name', { config: { access: 'anyone' } }, async () => ({}))
  })
  for (const url of ['/it/%E0%A4%A', '/it/a%00b', '/it/a?q=%00', '/it/%']) {
    const reply = await app.inject({ url })
    t.match(
      [reply.statusCode, reply.headers['content-type'], reply.json()],
      [400, 'application/problem+json; charset=utf-8', { code: 'invalid-request', status: 400 }],
    )
  }
})

t.test('behind a proxy, the sender is who the proxy saw', async (t) => {
  const app = await createServer({
    logger: pino({ level: 'silent' }),
    version: '1.2.3',
    tls: undefined,
    behindTlsProxy: true,
    authenticator,
    onRefused: async () => {},
  })
  t.teardown(() => app.close())
  app.get('/ip', { config: { access: 'anyone' } }, async ({ ip }) => ({ ip }))
  const cases: [peer: string, forwarded: string, ip: string][] = [
    ['172.18.0.2', '203.0.113.9', '203.0.113.9'],
    ['172.18.0.2', '198.51.100.1, 10.0.0.7', '10.0.0.7'],
    ['::ffff:127.0.0.1', '10.0.0.7', '10.0.0.7'],
    ['203.0.113.9', '10.0.0.7', '203.0.113.9'],
  ]
  for (const [remoteAddress, forwarded, ip] of cases) {
    const reply = await app.inject({ url: '/ip', remoteAddress, headers: { 'x-forwarded-for': forwarded } })
    t.same(reply.json(), { ip }, `${forwarded} by ${remoteAddress}`)
  }
})
