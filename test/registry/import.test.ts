import t from 'tap'
import { decodeCsv, parseCsv } from '../../gateway/registry/csv.ts'
import type { DescribeStream } from '../../gateway/registry/stream-check.ts'
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
