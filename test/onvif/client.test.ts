import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import t, { type Test } from 'tap'
import { createDialer } from '../../gateway/dial.ts'
import { OnvifClient, type OnvifOptions } from '../../gateway/onvif/client.ts'
import { askMedia, askStreamUri } from '../../gateway/onvif/media-client.ts'
import { envelope, NS } from '../../gateway/onvif/soap.ts'
import { FakeClock } from '../fakes/clock.ts'
import { lacksOpenssl, tlsFront } from '../fakes/tls-front.ts'

const CREDENTIALS = { username: 'admin', password: 'right' }
const { signal } = new AbortController()

interface Asked {
  operation: string
  path: string
  body: string
  authorization: string | undefined
  /** Some credential came with it. */
  login: boolean
}

type Script = (
  asked: Asked,
  count: number,
) => { status?: number; body: string; headers?: Record<string, string | string[]> }

/** A device that answers as the test says, and remembers all it was asked. */
async function device(
  t: Test,
  script: Script,
): Promise<{ asked: Asked[]; client(more?: Partial<OnvifOptions>): OnvifClient; port: number }> {
  const asked: Asked[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const { authorization } = request.headers
      const operation = /<s:Body><\w+:(\w+)/.exec(body)?.[1] ?? ''
      const login = authorization !== undefined || body.includes('UsernameToken')
      const one = { operation, path: request.url ?? '', body, authorization, login }
      asked.push(one)
      const answer = script(one, asked.length)
      response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const client = (more: Partial<OnvifOptions> = {}): OnvifClient =>
    new OnvifClient({
      dialer: createDialer(['127.0.0.0/8']),
      clock: new FakeClock(),
      randomBytes,
      host: '127.0.0.1',
      port,
      credentials: CREDENTIALS,
      ...more,
    })
  return { asked, client, port }
}

const fault = (code: string, text = ''): string =>
  envelope(
    `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:${code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>${text}</s:Text></s:Reason></s:Fault>`,
  )
const INFORMATION = envelope(
  `<d:GetDeviceInformationResponse xmlns:d="${NS.device}"><d:Manufacturer>ACME</d:Manufacturer><d:Model>One</d:Model></d:GetDeviceInformationResponse>`,
)
const challenge = (nonce: string, more = ''): Record<string, string> => ({
  'www-authenticate': `Digest realm="r", nonce="${nonce}", qop="auth"${more}`,
})

t.test('the login a camera wants, each with its one try', async (t) => {
  const refuse = (headers: Record<string, string> = {}) => ({ status: 401, body: fault('NotAuthorized'), headers })
  const cases: [name: string, script: Script, why: string | undefined, logins: number][] = [
    ['none needed', () => ({ body: INFORMATION }), undefined, 0],
    [
      'token, accepted',
      ({ body }) =>
        body.includes('UsernameToken') ? { body: INFORMATION } : { status: 400, body: fault('NotAuthorized') },
      undefined,
      1,
    ],
    [
      'digest, accepted',
      ({ authorization }) => (authorization ? { body: INFORMATION } : refuse(challenge('n'))),
      undefined,
      1,
    ],
    ['token, refused', () => ({ status: 400, body: fault('NotAuthorized') }), 'login-refused', 1],
    ['digest, refused', () => refuse(challenge('n')), 'login-refused', 1],
    ['new nonce with every refusal', (_asked, count) => refuse(challenge(`n${count}`)), 'login-refused', 1],
    ['always stale', (_asked, count) => refuse(challenge(`n${count}`, ', stale=true')), 'login-refused', 2],
    [
      'stale once',
      ({ authorization }, count) =>
        authorization && count > 2 ? { body: INFORMATION } : refuse(challenge(`n${count}`, ', stale=true')),
      undefined,
      2,
    ],
    [
      'digest is told only after a token',
      ({ login, authorization }) => (authorization ? { body: INFORMATION } : login ? refuse(challenge('n')) : refuse()),
      undefined,
      2,
    ],
    [
      'counts down',
      ({ login }) => ({
        status: login ? 401 : 400,
        body: fault('NotAuthorized', 'You still have 3 attempt(s)'),
        headers: login ? challenge('n') : {},
      }),
      'login-refused',
      1,
    ],
    ['locked', () => ({ status: 400, body: fault('NotAuthorized', 'The account is locked') }), 'login-locked', 0],
    ['only Basic is offered', () => refuse({ 'www-authenticate': 'Basic realm="r"' }), 'login-refused', 1],
    [
      'an HTML page as refusal',
      () => ({ status: 401, body: '<html>no</html>', headers: challenge('n') }),
      'login-refused',
      1,
    ],
    ['clock refused', () => ({ status: 400, body: fault('NotAuthorized', 'time check failed') }), 'clock-refused', 1],
  ]
  for (const [name, script, why, logins] of cases) {
    const { asked, client } = await device(t, script)
    const answer = await client().deviceInformation(signal)
    t.equal(answer.ok ? undefined : answer.why, why, name)
    t.equal(asked.filter(({ login }) => login).length, logins, `${name}: logins`)
    t.ok(
      asked.every(({ body }) => !body.includes('right')),
      `${name}: never in the clear`,
    )
    t.ok(
      asked.every(({ authorization }) => authorization?.startsWith('Basic') !== true),
      `${name}: no Basic`,
    )
  }
})

t.test('the password itself: by somebody’s word, over pinned TLS, once', { skip: lacksOpenssl }, async (t) => {
  const text = '#PasswordText">right<'
  const basic = `Basic ${Buffer.from('admin:right').toString('base64')}`
  const isReadable = ({ body, authorization }: Asked): boolean => body.includes('right') || authorization === basic
  const refused = (headers: Record<string, string> = {}) => ({ status: 401, body: fault('NotAuthorized'), headers })
  const offer = { 'www-authenticate': 'Basic realm="r"' }
  const cases: [name: string, script: Script, why: string | undefined, logins: number, readable: number][] = [
    ['text, accepted', ({ body }) => (body.includes(text) ? { body: INFORMATION } : refused()), undefined, 2, 1],
    ['text, refused', () => refused(), 'login-refused', 2, 1],
    [
      'Basic, accepted',
      (one) => (one.authorization === basic ? { body: INFORMATION } : refused(offer)),
      undefined,
      1,
      1,
    ],
    ['Basic, refused', () => refused(offer), 'login-refused', 1, 1],
    ['a digest is taken', ({ login }) => (login ? { body: INFORMATION } : refused()), undefined, 1, 0],
    [
      'Digest beside Basic, refused',
      () => refused({ 'www-authenticate': `${challenge('n')['www-authenticate']}, ${offer['www-authenticate']}` }),
      'login-refused',
      1,
      0,
    ],
    [
      'tries are counted down',
      ({ login }) => (login ? { status: 400, body: fault('NotAuthorized', 'You still have 3 attempt(s)') } : refused()),
      'login-refused',
      1,
      0,
    ],
  ]
  for (const [name, script, why, logins, readable] of cases) {
    const { asked, client, port } = await device(t, script)
    const front = await tlsFront(t, { host: '127.0.0.1', port })
    const ask = async (more: Partial<OnvifOptions>): Promise<string | undefined> => {
      asked.length = 0
      const one = client({ port: front.port, ...more })
      const answers = [await one.deviceInformation(signal), await one.deviceInformation(signal)]
      if (why !== undefined) t.ok(asked.filter(({ login }) => login).length <= 2, `${name}: two logins at most`)
      return answers.flatMap((answer) => (answer.ok ? [] : [answer.why]))[0]
    }
    const pinned = { tls: { pin: front.certificate } }
    t.equal(await ask({ ...pinned, readableLogin: true }), why, name)
    const accepted = why === undefined ? 1 : 0 // what was accepted is used for the second question
    t.equal(asked.filter(({ login }) => login).length, logins + accepted, `${name}: logins`)
    t.equal(asked.filter(isReadable).length, readable + (readable > 0 ? accepted : 0), `${name}: readable`)
    for (const [where, more] of [
      ['nobody said so', pinned],
      ['no pin', { tls: { pin: undefined }, readableLogin: true }],
      ['in the clear', { port, readableLogin: true }],
    ] as const) {
      await ask(more)
      t.notOk(asked.some(isReadable), `${name}, ${where}: never`)
    }
    asked.length = 0
    front.renew()
    t.match(await client({ port: front.port, ...pinned, readableLogin: true }).deviceInformation(signal), {
      ok: false,
      why: 'certificate-changed',
    })
    t.same(asked, [], `${name}: nothing to another certificate`)
  }
})

t.test('nothing is sent with credentials after two refusals, whatever is asked', async (t) => {
  const { asked, client } = await device(t, (_asked, count) => ({
    status: 401,
    body: fault('NotAuthorized'),
    headers: challenge(`n${count}`, ', stale=true'),
  }))
  const one = client()
  for (let at = 0; at < 3; at++) await one.deviceInformation(signal)
  t.equal(asked.filter(({ login }) => login).length, 2)
  t.equal(asked.length, 3, 'and nothing at all is asked')
})

t.test('a nonce is counted up, and a new one taken without blaming the password', async (t) => {
  let nonce = 'first'
  const counts: string[] = []
  const { client } = await device(t, ({ authorization }) => {
    counts.push(/nc=(\w+)/.exec(authorization ?? '')?.[1] ?? '-')
    return authorization?.includes(`nonce="${nonce}"`)
      ? { body: INFORMATION }
      : { status: 401, body: '', headers: challenge(nonce) }
  })
  const one = client()
  t.ok((await one.deviceInformation(signal)).ok)
  t.ok((await one.deviceInformation(signal)).ok)
  nonce = 'second'
  t.ok((await one.deviceInformation(signal)).ok)
  nonce = 'third'
  t.ok((await one.deviceInformation(signal)).ok)
  t.same(counts, ['-', '00000001', '00000002', '00000003', '00000001', '00000002', '00000001'])
})

t.test('the token is built with the camera’s time', async (t) => {
  const time = (kind: string, hour: number): string =>
    `<t:${kind} xmlns:t="${NS.schema}"><t:Time><t:Hour>${hour}</t:Hour><t:Minute>3</t:Minute><t:Second>27</t:Second></t:Time><t:Date><t:Year>2026</t:Year><t:Month>3</t:Month><t:Day>2</t:Day></t:Date></t:${kind}>`
  let accepted = 14
  const { client, asked } = await device(t, ({ operation, body }) => {
    if (operation === 'GetSystemDateAndTime') {
      const both = time('UTCDateTime', 14) + time('LocalDateTime', 6)
      return {
        body: envelope(
          `<d:GetSystemDateAndTimeResponse xmlns:d="${NS.device}"><d:SystemDateAndTime>${both}</d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>`,
        ),
      }
    }
    const created = /<u:Created>(.*?)</.exec(body)?.[1] ?? ''
    const nonce = Buffer.from(/<w:Nonce[^>]*>(.*?)</.exec(body)?.[1] ?? '', 'base64')
    const digest = createHash('sha1').update(nonce).update(`${created}right`).digest('base64')
    if (created === '') return { status: 400, body: fault('NotAuthorized') }
    if (new Date(created).getUTCHours() !== accepted)
      return { status: 400, body: fault('NotAuthorized', 'time check failed') }
    return body.includes(digest) ? { body: INFORMATION } : { status: 400, body: fault('NotAuthorized') }
  })
  const ahead = client()
  await ahead.systemTime(signal)
  t.equal(ahead.clockOffsetMs, 8 * 3_600_000)
  t.ok((await ahead.deviceInformation(signal)).ok)
  accepted = 6
  asked.length = 0
  const mixedUp = client()
  await mixedUp.systemTime(signal)
  t.ok((await mixedUp.deviceInformation(signal)).ok, 'local time in UTCDateTime: the other reading is tried once')
  t.equal(asked.filter(({ login }) => login).length, 2)
})

t.test('services and media fall back', async (t) => {
  const profile = '<m:Profiles token="p1"><m:Name>main</m:Name></m:Profiles>'
  const encoder = (ns: string): string =>
    `<m:Profiles xmlns:m="${ns}" token="p1"><m:VideoEncoderConfiguration><m:Encoding>H264</m:Encoding></m:VideoEncoderConfiguration></m:Profiles>`
  const { client, asked, port } = await device(t, ({ operation, path, body }) => {
    if (operation === 'GetServices') return { status: 400, body: fault('ActionNotSupported') }
    if (operation === 'GetCapabilities') {
      const xaddr = 'http://10.9.9.9:8000/onvif/media'
      return {
        body: envelope(
          `<d:GetCapabilitiesResponse xmlns:d="${NS.device}"><d:Capabilities><d:Device><d:XAddr>http://10.9.9.9:8000/onvif/device_service</d:XAddr></d:Device><d:Media><d:XAddr>${xaddr}</d:XAddr></d:Media></d:Capabilities></d:GetCapabilitiesResponse>`,
        ),
      }
    }
    if (operation === 'GetProfiles' && body.includes('ver20')) {
      return { body: envelope(`<m:GetProfilesResponse xmlns:m="${NS.media2}">${profile}</m:GetProfilesResponse>`) }
    }
    if (operation === 'GetProfiles')
      return {
        body: envelope(`<m:GetProfilesResponse xmlns:m="${NS.media}">${encoder(NS.media)}</m:GetProfilesResponse>`),
      }
    return {
      body: envelope(
        `<m:GetStreamUriResponse xmlns:m="${NS.media}"><m:MediaUri><m:Uri>rtsp://u:secret@10.9.9.9:554/a?b=1&amp;c=${path.length}</m:Uri></m:MediaUri></m:GetStreamUriResponse>`,
      ),
    }
  })
  const one = client()
  const services = await one.services(signal)
  if (!services.ok) throw new Error('no services')
  const withBroken = new Map([...services.value, [NS.media2, 'http://10.9.9.9:8000/onvif/media2']])
  const media = await askMedia(one, withBroken, signal)
  if (!media.ok) throw new Error('no media')
  t.match(media.value, { version: 1, service: { port, path: '/onvif/media' } }, 'own host, port as we came in')
  t.ok(asked.some(({ body }) => body.includes('<m:Type>All</m:Type>')))
  t.match(await askStreamUri(one, media.value, 'p"<1', signal), {
    ok: true,
    value: { uri: 'rtsp://127.0.0.1:554/a?b=1&c=12' },
  })
  t.match(asked.at(-1)?.body, 'RTP-Unicast')
  t.match(asked.at(-1)?.body, '<m:ProfileToken>p&#34;&#60;1</m:ProfileToken>', 'a token is escaped')
})

t.test('a hostile peer gets nothing and costs little', async (t) => {
  const canary: string[] = []
  const trap = createTcpServer((socket) => {
    canary.push('connected')
    socket.destroy()
  })
  await once(trap.listen(0, '127.0.0.2'), 'listening')
  t.teardown(() => trap.close())
  const trapAddress = trap.address()
  const trapPort = typeof trapAddress === 'object' && trapAddress !== null ? trapAddress.port : 0
  const cases: [name: string, script: Script, why: string][] = [
    [
      'a redirect',
      () => ({ status: 302, body: '', headers: { location: `http://127.0.0.2:${trapPort}/` } }),
      'not-onvif',
    ],
    ['too much', () => ({ body: 'x'.repeat(3 * 1024 * 1024) }), 'too-large'],
    ['no XML', () => ({ body: '\0\x01\x02' }), 'not-onvif'],
    ['a document type', () => ({ body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' }), 'not-onvif'],
    ['another document', () => ({ body: '<html/>' }), 'not-onvif'],
    ['a fault', () => ({ status: 500, body: fault('Action', 'x\ny') }), 'fault'],
  ]
  for (const [name, script, why] of cases) {
    const { client } = await device(t, script)
    const answer = await client().deviceInformation(signal)
    t.match(answer, { ok: false, why }, name)
    t.notMatch(answer.ok ? '' : answer.detail, /\n/, `${name}: one line`)
  }
  t.same(canary, [])
  const outside = await device(t, () => ({ body: INFORMATION }))
  const refused = await outside.client({ dialer: createDialer(['10.0.0.0/8']) }).deviceInformation(signal)
  t.match(refused, { ok: false, why: 'address-not-allowed' })
  t.same(outside.asked, [], 'no packet leaves the camera networks')
})

t.test('silence ends in time, and with the signal', async (t) => {
  const sockets: { destroy(): void }[] = []
  const silent = createTcpServer((socket) => sockets.push(socket.on('error', () => {})))
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { client } = await device(t, () => ({ body: '' }))
  t.match(await client({ port, timeoutMs: 50 }).deviceInformation(signal), { ok: false, why: 'timeout' })
  const stop = new AbortController()
  const waiting = client({ port }).deviceInformation(stop.signal)
  const reason = new Error('stopped')
  stop.abort(reason)
  await t.rejects(waiting, reason)
})
