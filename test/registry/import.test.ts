import t from 'tap'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { decodeCsv, parseCsv } from '../../gateway/registry/csv.ts'
import { CELL, type Harness, harness, OTHER_CELL } from './harness.ts'

t.test('comma-separated values', async (t) => {
  const cases: [name: string, text: string, rows: string[][] | undefined][] = [
    [
      'plain',
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['no last line end', 'a,b\n1,', [['a', 'b'], ['1']]],
    ['quoted', '"a,1","say ""hi""","two\nlines"', [['a,1', 'say "hi"', 'two\nlines']]],
    ['empty lines', 'a\n\n,\n\r\nb', [['a'], ['b']]],
    ['trimmed', ' a ,\tb\t', [['a', 'b']]],
    ['byte order mark', '\uFEFFname\nx', [['name'], ['x']]],
    [
      'semicolons',
      'a;b\n"1;2";3',
      [
        ['a', 'b'],
        ['1;2', '3'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1,5\t2',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    ['an open quotation mark', 'a\n"b', undefined],
    ['a quotation mark in the middle', 'a"b', undefined],
    ['a long field', 'a'.repeat(2_001), undefined],
    ['too many rows', 'a\n'.repeat(1_002), undefined],
    ['nothing', '', []],
  ]
  for (const [name, text, rows] of cases) {
    const parsed = parseCsv(decodeCsv(Buffer.from(text)))
    t.same(parsed.ok ? parsed.rows : undefined, rows, name)
  }
  t.equal(decodeCsv(Buffer.from([0xb6, 0xab, 0xbd, 0xd6])), '东街', 'as office programs in China save it')
  const started = performance.now()
  parseCsv(`${' '.repeat(1_000_000)}"x`)
  parseCsv(`"${'""'.repeat(500_000)}`)
  t.ok(performance.now() - started < 1_000, 'no table takes long')
})

const describeStream: DescribeStream = async ({ uri }) =>
  uri.includes('missing')
    ? { ok: false, code: 'not-found', detail: '404' }
    : { ok: true, codec: 'h264', width: 1280, height: 720, firstFrameMs: 5 }

const HEADING = 'name,cellCode,placeClass,ownership,lon,lat,kind,mainUri,username,password'
const put = async (h: Harness, table: string | Buffer, contentType = 'text/csv; charset=utf-8') => {
  const answer = await h.app.inject({
    method: 'POST',
    url: '/api/v1/cameras/import',
    headers: { role: 'installer', 'accept-language': 'en', 'content-type': contentType },
    payload: table,
  })
  return { status: answer.statusCode, body: answer.json(), text: answer.body }
}

t.test('a table, and the same table again', async (t) => {
  const h = await harness(t, { describeStream })
  const line = (name: string, more = `${CELL},article-7,public,119.5,29.5`): string =>
    `${name},${more},rtsp,rtsp://127.0.0.1/${encodeURIComponent(name)},u,canary`
  const table = [
    HEADING,
    line('东街口'),
    line('粮站', `${CELL},article-9,private,,`),
    line('missing'),
    line('nowhere', '990123101009999,article-7,public,,'),
    line('beside', `${CELL},article-7,public,120.5,29.5`),
    line('bad', `${CELL},bathroom,public,,`),
  ]
  const first = await put(h, table.join('\r\n'))
  t.equal(first.status, 200, first.text)
  t.match(first.body, { created: 2, updated: 0, unchanged: 0, problems: 4 })
  t.same(
    first.body.rows.map(({ row, result, code }: { row: number; result: string; code?: string }) => [row, result, code]),
    [
      [2, 'created', undefined],
      [3, 'created', undefined],
      [4, 'problem', 'camera-not-usable'],
      [5, 'problem', 'unknown-cell'],
      [6, 'problem', 'position-outside-cell'],
      [7, 'problem', 'invalid-request'],
    ],
  )
  t.match(first.body.rows[2].nextStep, /channel number/)
  t.match(first.body.rows[5].detail, 'placeClass')

  t.match((await put(h, table.slice(0, 3).join('\n'))).body, { created: 0, updated: 0, unchanged: 2, problems: 0 })
  const moved = [
    HEADING,
    line('东街口', `${OTHER_CELL},article-7,public,120.5,29.5`),
    line('粮站', `${CELL},article-9,public,,`),
  ]
  const third = await put(h, moved.join('\n'))
  t.match(third.body, { created: 0, updated: 1, unchanged: 0, problems: 1 })
  t.match(third.body.rows[1], { code: 'conflict', detail: /ownership/ })
  t.equal(await h.database.client.camera.count(), 2)
  t.notMatch(JSON.stringify([first.text, h.entries, h.events, h.logged]), 'canary')
})

t.test('what is no table of cameras', async (t) => {
  const h = await harness(t, { describeStream })
  const cases: [name: string, table: string, contentType: string, status: number][] = [
    ['unknown column', `${HEADING},colour\n`, 'text/csv', 400],
    ['missing column', 'name\nx', 'text/csv', 400],
    ['not CSV', '{}', 'application/json', 400],
    ['another type', HEADING, 'text/plain', 400],
    ['too large', `${HEADING}\n${'a'.repeat(1_100_000)}`, 'text/csv', 413],
  ]
  for (const [name, table, contentType, status] of cases) {
    const answer = await put(h, table, contentType)
    t.equal(answer.status, status, `${name}: ${answer.text}`)
  }
  const described = await h.app.inject({ url: '/api/v1/openapi.json', headers: { role: 'installer' } })
  t.equal(described.statusCode, 200)
  t.match(described.json().paths['/api/v1/cameras/import'].post.requestBody.content['text/csv'], {})
})

const GB18030_HEADING = Buffer.from(
  'c3fbb3c62ccdf8b8f1b1e0c2eb2cb3a1cbf9c0e0b1f02cc8a8caf42cd6f7c2ebc1f72cd3c3bba7c3fb2cc3dcc2eb',
  'hex',
)

t.test('a table as people in China write it: Chinese headings and words, saved by an office program', async (t) => {
  const h = await harness(t, { describeStream })
  t.equal(decodeCsv(GB18030_HEADING), '名称,网格编码,场所类别,权属,主码流,用户名,密码')
  const line = `\r\n"a ""b"", c",${CELL},第七条,公共,rtsp://127.0.0.1/one,u,canary\r\n`
  const saved = Buffer.concat([GB18030_HEADING, Buffer.from(line.replace('第七条', '@').replace('公共', '#'))])
  const words = new Map([
    [0x40, 'b5dac6dfccf5'], // 第七条
    [0x23, 'b9abb9b2'], // 公共
  ])
  const bytes = Buffer.concat(
    [...saved].map((byte) => Buffer.from(words.get(byte) ?? byte.toString(16).padStart(2, '0'), 'hex')),
  )
  const first = await put(h, bytes)
  t.match(first.body, { created: 1, problems: 0, rows: [{ row: 2, name: 'a "b", c', result: 'created' }] }, first.text)
  const marked = Buffer.from(`\uFEFF${decodeCsv(bytes)}`)
  t.match((await put(h, marked)).body, { unchanged: 1, problems: 0 }, 'the same in UTF-8 with byte order mark')
  const semicolons = Buffer.from(
    `name;cellCode;placeClass;ownership;mainUri;username;password\nx;${CELL};article-7;public;rtsp://127.0.0.1/two;u;c`,
  )
  t.match((await put(h, semicolons)).body, { created: 1, problems: 0 })
})

t.test('another password, another stream: tried, and brought up to date', async (t) => {
  const asked: (string | undefined)[] = []
  const h = await harness(t, {
    describeStream: async (request, signal) => {
      asked.push(request.password)
      return request.password === 'wrong'
        ? { ok: false, code: 'unauthorized', detail: '401' }
        : describeStream(request, signal)
    },
  })
  const table = (uri: string, password: string): string =>
    [HEADING, `a,${CELL},article-7,public,,,rtsp,rtsp://127.0.0.1/${uri},u,${password}`].join('\n')
  const { body: made } = await put(h, table('one', 'first'))
  const id = made.rows[0].cameraId
  const streamId = (await h.registry.streamSource(id, 'main'))?.streamId
  const source = async () => (await (await h.registry.streamSource(id, 'main'))?.source()) ?? {}

  t.match((await put(h, table('one', 'wrong'))).body.rows, [
    { result: 'problem', code: 'camera-refused-login', nextStep: /./ },
  ])
  t.match(await source(), { password: 'first' }, 'what does not work is not stored')
  t.match((await put(h, table('one', 'second'))).body, { updated: 1, rows: [{ result: 'updated', cameraId: id }] })
  t.match(await source(), { password: 'second', uri: 'rtsp://127.0.0.1/one' })
  t.match(
    (await put(h, table('two', 'second'))).body,
    { updated: 1, rows: [{ cameraId: id }] },
    'the camera of that name',
  )
  t.match(await source(), { password: 'second', uri: 'rtsp://127.0.0.1/two' })
  t.equal((await h.registry.streamSource(id, 'main'))?.streamId, streamId, 'the stream goes on under its id')
  const count = asked.length
  t.match((await put(h, table('two', 'second'))).body, { unchanged: 1 })
  t.equal(asked.length, count, 'what is unchanged is not disturbed')

  const patched = await h.call('PATCH', `/cameras/${id}`, {
    name: 'b',
    source: { kind: 'rtsp', mainUri: 'rtsp://127.0.0.1/two', username: 'u', password: 'third' },
  })
  t.match([patched.status, patched.body], [200, { id, name: 'b' }], patched.text)
  t.match(await source(), { password: 'third' })
  t.notMatch(JSON.stringify([h.entries, h.events, h.logged]), /first|second|third/, 'no password is told')
})

t.test('a dry run, row by row', async (t) => {
  const asked: string[] = []
  const h = await harness(t, {
    describeStream: async (request, signal) => {
      asked.push(request.uri)
      return describeStream(request, signal)
    },
  })
  const rows = Array.from(
    { length: 200 },
    (_, at) => `n${at},${CELL},article-7,public,,,rtsp,rtsp://127.0.0.${at + 1}/live,u,p`,
  )
  const bad = ['x,000000000000000,article-7,public,,,rtsp,rtsp://127.0.0.9/x,u,p', 'y,,,,,,rtsp,,,', rows[0]]
  const table = [HEADING, ...rows, ...bad].join('\n')
  const ask = (query: string, accept: string) =>
    h.app.inject({
      method: 'POST',
      url: `/api/v1/cameras/import${query}`,
      headers: { role: 'installer', 'accept-language': 'zh-CN', 'content-type': 'text/csv', accept },
      payload: table,
    })
  const dry = (await ask('?dryRun=true', 'application/json')).json()
  t.match(dry, { dryRun: true, created: 200, problems: 3 })
  t.match(dry.rows.slice(200), [
    { row: 202, code: 'unknown-cell', nextStep: /网格/ },
    { row: 203, code: 'invalid-request', detail: /缺少“网格编码”/, nextStep: /./ },
    { row: 204, code: 'conflict', detail: /第 2 行/ },
  ])
  t.same(asked, [])
  t.equal(await h.database.client.camera.count(), 0)

  const streamed = await ask('', 'application/x-ndjson')
  const lines = streamed.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(lines.length, 204)
  t.match(lines[0], { done: 1, total: 203, row: { result: /./ } })
  t.match(lines.at(-1), { created: 200, problems: 3 })
  t.equal(await h.database.client.camera.count(), 200)
  const template = await h.app.inject({ url: '/api/v1/cameras/import/template', headers: { role: 'installer' } })
  t.match(template.body, /^\uFEFF名称,网格编码,场所类别,权属/)
  const filled = await put(h, template.body)
  t.match(
    filled.body,
    { created: 0, problems: 1, rows: [{ code: 'address-not-allowed' }] },
    'the template is a table itself',
  )
})
