import t from 'tap'
import { InterleavedReader } from '../../gateway/rtsp/interleaved-reader.ts'
import { mutate, seeded } from '../fakes/random.ts'

function collect(): { reader: InterleavedReader; seen: string[] } {
  const seen: string[] = []
  const reader = new InterleavedReader({
    frame: (channel, bytes, start, end) => seen.push(`$${channel}:${bytes.toString('latin1', start, end)}`),
    message: (message) =>
      seen.push(message.kind === 'response' ? `${message.status}:${message.body.toString()}` : message.method),
  })
  return { reader, seen }
}

function frame(channel: number, text: string): Buffer {
  const head = Buffer.from([0x24, channel, 0, 0])
  head.writeUInt16BE(text.length, 2)
  return Buffer.concat([head, Buffer.from(text)])
}

const STREAM = Buffer.concat([
  Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nhello'),
  frame(0, 'first'),
  frame(1, ''),
  Buffer.from('RTSP/1.0 454 Session Not Found\nCSeq: 2\n\n'),
  frame(200, 'x'.repeat(300)),
  Buffer.from('\r\nOPTIONS rtsp://x RTSP/1.0\r\nCSeq: 9\r\n\r\n'.trimStart()),
  frame(0, 'RTSP/1.0 inside a frame'),
])
const SEEN = [
  '200:hello',
  '$0:first',
  '$1:',
  '454:',
  `$200:${'x'.repeat(300)}`,
  'OPTIONS',
  '$0:RTSP/1.0 inside a frame',
]

t.test('split at any byte', async (t) => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const { reader, seen } = collect()
    reader.push(STREAM.subarray(0, cut), cut)
    reader.push(STREAM.subarray(cut), STREAM.length - cut)
    if (JSON.stringify(seen) !== JSON.stringify(SEEN)) t.same(seen, SEEN, `cut at ${cut}`)
  }
  const { reader, seen } = collect()
  for (const byte of STREAM) reader.push(Buffer.from([byte]), 1)
  t.same(seen, SEEN, 'byte by byte')
})

t.test('elements longer than what is read at a time', async (t) => {
  const body = 'b'.repeat(200_000)
  const elements = Buffer.concat([
    frame(0, 'a'.repeat(65_535)),
    Buffer.from(
      `RTSP/1.0 200 OK\r\nCSeq: 1\r\nX: ${'x'.repeat(9_000)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ),
    frame(1, 'c'.repeat(9_000)),
    frame(0, 'last'),
  ])
  for (const chunkBytes of [997, 1_460, 16_384, 65_536]) {
    const { reader, seen } = collect()
    for (let at = 0; at < elements.length; at += chunkBytes) {
      const chunk = Buffer.from(elements.subarray(at, at + chunkBytes))
      t.equal(reader.push(chunk, chunk.length), undefined)
      chunk.fill(0) // what the next read does to it
    }
    t.same(
      seen.map((one) => [one.length, one.slice(0, 4), one.at(-1)]),
      [
        [65_538, '$0:a', 'a'],
        [200_004, '200:', 'b'],
        [9_003, '$1:c', 'c'],
        [7, '$0:l', 't'],
      ],
    )
  }
})

t.test('garbage between is skipped, endless garbage is a fault', async (t) => {
  const { reader, seen } = collect()
  const bytes = Buffer.concat([Buffer.from([1, 2, 3, 250]), STREAM, Buffer.from('\0\0'), STREAM])
  t.equal(reader.push(bytes, bytes.length), undefined)
  t.same(seen, [...SEEN, ...SEEN])
  const endless = collect().reader
  let fault: string | undefined
  for (let i = 0; i < 10 && fault === undefined; i++) fault = endless.push(Buffer.alloc(65_536, 7), 65_536)
  t.match(fault, 'no RTSP')
})

t.test('bounds', async (t) => {
  const long = Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n')
  t.match(collect().reader.push(long, long.length), 'body too long')
  const { reader, seen } = collect()
  const head = Buffer.concat([
    Buffer.from('RTSP/1.0 200 OK\r\n'),
    Buffer.alloc(20_000, 'a'),
    Buffer.from('\r\n\r\n'),
    STREAM,
  ])
  reader.push(head, head.length)
  t.same(seen, SEEN, 'a head past its bound is skipped')
})

t.test('ten thousand mutated streams', async (t) => {
  const random = seeded(4)
  let elements = 0
  for (let i = 0; i < 10_000; i++) {
    const { reader, seen } = collect()
    const bytes = mutate(STREAM, random)
    const cut = Math.floor(random() * bytes.length)
    reader.push(bytes.subarray(0, cut), cut)
    reader.push(bytes.subarray(cut), bytes.length - cut)
    elements += seen.length
  }
  t.ok(elements > 10_000)
})
