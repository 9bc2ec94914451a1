import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import t from 'tap'
import { RequestHeads } from '../../gateway/http/request-heads.ts'
import { mutate, seeded } from '../fakes/random.ts'

const PLAIN = 'GET /live/1/1.m4s HTTP/1.1\r\nHost: a\r\n\r\n'
const BROWSER = [
  'GET /live/9/list.m3u8?_HLS_msn=4&_HLS_part=1 HTTP/1.1',
  'Host: 10.0.0.1:8080',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64)',
  'Accept: */*',
  'Referer: http://10.0.0.1:8080/wall',
  'Accept-Encoding: gzip, deflate',
  'Accept-Language:zh-CN,zh;q=0.9',
  'Cookie: \t gridlight-session=abc; other="1, 2" \t',
  '',
  '',
].join('\r\n')

const read = (text: string) => new RequestHeads().read(Buffer.from(text, 'latin1'))
const withField = (field: string): string => PLAIN.replace('\r\n\r\n', `\r\n${field}\r\n\r\n`)

t.test('what a browser asks', async (t) => {
  t.strictSame(read(BROWSER), {
    target: '/live/9/list.m3u8?_HLS_msn=4&_HLS_part=1',
    headers: {
      'accept-encoding': 'gzip, deflate',
      'accept-language': 'zh-CN,zh;q=0.9',
      cookie: 'gridlight-session=abc; other="1, 2"',
    },
  })
  t.strictSame(read(withField('AUTHORIZATION: Bearer x')), {
    target: '/live/1/1.m4s',
    headers: { authorization: 'Bearer x' },
  })
})

t.test('of two requests with other fields, each has its own', async (t) => {
  const heads = new RequestHeads()
  for (const cookie of ['a=1', 'a=1', 'b=2', 'a=1'])
    t.strictSame(heads.read(Buffer.from(withField(`cookie: ${cookie}`)))?.headers, { cookie })
  t.equal(heads.read(Buffer.from(withField('cookie: a=1\r\ncookie: b=2'))), undefined)
  t.equal(heads.read(Buffer.from(withField('cookie: a=1\r\ncookie: b=2'))), undefined, 'and again')
  t.strictSame(heads.read(Buffer.from(PLAIN))?.headers, {})
})

for (const [why, text] of [
  ['another method', PLAIN.replace('GET', 'HEAD')],
  ['another version', PLAIN.replace('1.1', '1.0')],
  ['a whole URL', PLAIN.replace('/live', 'http://a/live')],
  ['a target that is not ASCII', PLAIN.replace('live', 'li\xe9ve')],
  ['two spaces', PLAIN.replace(' /', '  /')],
  ['no target', PLAIN.replace('/live/1/1.m4s ', '')],
  ['empty lines before', `\r\n${PLAIN}`],
  ['a part of it', PLAIN.slice(0, -1)],
  ['a request line alone', 'GET / HTTP/1.1\r\n'],
  ['nothing', ''],
  ['another behind it', PLAIN + PLAIN],
  ['bytes behind it', `${PLAIN}x`],
  ['no host', PLAIN.replace('Host', 'Hosts')],
  ['two hosts', withField('host: b')],
  ['a body', withField('content-length: 4')],
  ['a body of no bytes', withField('Content-Length: 0')],
  ['a body in chunks', withField('Transfer-Encoding: chunked')],
  ['another protocol', withField('Upgrade: websocket')],
  ['an answer in between', withField('Expect: 100-continue')],
  ['trailers', withField('TE: trailers')],
  ['a connection that ends', withField('Connection: close')],
  ['a connection with options', withField('Connection: keep-alive, x-hop')],
  ['two connections', withField('Connection: keep-alive\r\nconnection: close')],
  ['two credentials', withField('Authorization: a\r\nauthorization: b')],
  ['two jars of cookies', withField('Cookie: a=1\r\nCookie: b=2')],
  ['a space before the colon', withField('Cookie : a=1')],
  ['a folded line', withField('Cookie: a=1\r\n b=2')],
  ['a field without a name', withField(': a')],
  ['a line without a colon', withField('cookie')],
  ['a bare line feed', withField('Cookie: a=1\nTE: trailers')],
  ['a bare carriage return', withField('Cookie: a=1\rb')],
  ['a null byte', withField('Cookie: a=\0')],
  ['a value that is not ASCII', withField('Cookie: a=\xe9')],
  ['more than 8 kB', withField(`Cookie: ${'a'.repeat(8200)}`)],
] as const)
  t.test(`is for a whole parser: ${why}`, async (t) => t.equal(read(text), undefined))

/** What Node's own parser makes of the bytes. */
async function byNode(bytes: Buffer): Promise<[IncomingMessage, ServerResponse][]> {
  const seen: [IncomingMessage, ServerResponse][] = []
  const server = createServer((request, response) => seen.push([request, response]))
  const refused = (): void => void seen.push(undefined as never)
  server.on('clientError', refused).on('upgrade', refused).on('checkContinue', refused)
  const connection = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })
  server.emit('connection', connection)
  connection.push(bytes)
  await new Promise(setImmediate)
  connection.destroy()
  return seen
}

t.test("whatever is read here, Node's own parser reads the same", async (t) => {
  const random = seeded(20261123)
  const seeds = [PLAIN, BROWSER, withField('authorization: Bearer a'), withField('accept-encoding: gzip;q=0')]
  const tokens = [
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    ':',
    'cookie: c=1\r\n',
    'content-length: 3\r\n',
    'te:\r\n',
    'host: b\r\n',
  ]
  let plain = 0
  let checked = 0
  for (let input = 0; input < 100_000; input++) {
    const bytes = mutate(Buffer.from(seeds[input % seeds.length] ?? '', 'latin1'), random, tokens)
    const head = new RequestHeads().read(bytes)
    if (head === undefined) continue
    plain++
    const seen = await byNode(bytes)
    const [[request, response] = [], ...more] = seen
    const { authorization, cookie, 'accept-encoding': encoding, 'accept-language': language } = request?.headers ?? {}
    const headers = { authorization, cookie, 'accept-encoding': encoding, 'accept-language': language }
    const isSame =
      more.length === 0 &&
      request?.method === 'GET' &&
      request.httpVersion === '1.1' &&
      request.url === head.target &&
      request.complete &&
      response?.shouldKeepAlive === true &&
      Object.entries(headers).every(([name, value]) => value === head.headers[name as keyof typeof headers])
    if (isSame) checked++
    else t.fail(JSON.stringify(bytes.toString('latin1')))
  }
  t.comment(`${plain} of 100000 were plain`)
  t.equal(checked, plain)
  t.ok(plain > 1000)
})
