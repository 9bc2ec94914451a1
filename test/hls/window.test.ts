import t from 'tap'
import { MuxedStream } from '../fakes/muxed-stream.ts'

const KEY = ['6742001e95a8280bfe54', '68ce3c80', '6588aa55'].map((hex) => Buffer.from(hex, 'hex'))
const INTER = [Buffer.from('419acc55', 'hex')]
const signal = AbortSignal.timeout(60_000)

async function feed(muxed: MuxedStream, from: number, to: number, gop = 50): Promise<void> {
  for (let i = from; i < to; i++) await muxed.push(i % gop === 0 ? KEY : INTER, i)
}

function media(muxed: MuxedStream): string {
  return `${muxed.window.prefix}/video.m3u8`
}

t.test('blocking reload', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 56) // the opening segment, the rest of its group of pictures, and a part of the next
  const read = async (msn: number, part?: number) =>
    muxed.window.read(media(muxed), { msn, ...(part === undefined ? {} : { part }) }, signal)
  t.match(await read(1), { kind: 'found' })
  t.match(await read(2, 0), { kind: 'found' })
  t.match(await read(1, 99), { kind: 'found' }, 'past the end of a segment means the first part of the next')
  let settled = 0
  const held = [read(2, 1), read(2, 2), read(2), read(3, 0)].map((answer) => answer.finally(() => settled++))
  await feed(muxed, 56, 62)
  t.equal(settled, 1, 'the waiting part only')
  t.match(await held[0], { kind: 'found' })
  await feed(muxed, 62, 101)
  t.equal(settled, 3, 'part and whole segment')
  await feed(muxed, 101, 106)
  for (const answer of await Promise.all(held)) if (answer.kind === 'found') answer.release()
  t.match(await read(5), { kind: 'refused', status: 400 }, 'two past the last whole segment is 4')
  t.match(await read(3, 40), { kind: 'refused', status: 400 }, 'advance part limit')
  t.match(await muxed.window.read(media(muxed), { part: 1 }, signal), { kind: 'refused', status: 400 })
  t.match(await muxed.window.read(media(muxed), { msn: -1 }, signal), { kind: 'refused', status: 400 })
  t.match(await muxed.window.read(media(muxed), { msn: Number.NaN }, signal), { kind: 'refused', status: 400 })
})

t.test('a held request ends after three target durations, with its client, and with the stream', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 6)
  const held = muxed.window.read(media(muxed), { msn: 1 }, signal)
  const gone = new AbortController()
  const left = muxed.window.read(media(muxed), { msn: 1 }, gone.signal)
  gone.abort()
  t.match(await left, { kind: 'refused' })
  await muxed.clock.advance(5_900)
  muxed.window.expire()
  await muxed.clock.advance(200)
  muxed.window.expire()
  t.match(await held, { kind: 'refused', status: 503, code: 'timeout' })
  const last = muxed.window.read(media(muxed), { msn: 1 }, signal)
  muxed.window.close()
  t.match(await last, { kind: 'refused', status: 503 })
  t.match(await muxed.window.read('index.m3u8', {}, signal), { kind: 'refused', status: 503 })
})

t.test('ten thousand requests are held, not more, and who needs not wait is served', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 6)
  const gone = new AbortController()
  const held = Array.from({ length: 10_000 }, () => muxed.window.read(media(muxed), { msn: 1 }, gone.signal))
  t.match(await muxed.window.read(media(muxed), { msn: 1 }, signal), { kind: 'refused', code: 'too-many-waiters' })
  t.match(await muxed.window.read(media(muxed), {}, signal), { kind: 'found' })
  await feed(muxed, 6, 51)
  t.same(new Set((await Promise.all(held)).map(({ kind }) => kind)), new Set(['found']))
})

t.test('the hinted part is honoured, across the end of a segment too', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 6)
  for (let i = 6; i < 120; i++) {
    const hint = /PRELOAD-HINT:TYPE=PART,URI="(p\d+\.m4s)"/.exec(await muxed.text())?.[1] ?? ''
    const part = muxed.window.read(`${muxed.window.prefix}/${hint}`, {}, signal)
    const before = muxed.window.newestKeyChunk
    while ((await muxed.text()).includes(`HINT:TYPE=PART,URI="${hint}"`))
      await muxed.push(i % 50 === 0 ? KEY : INTER, i++)
    const answer = await part
    t.match(answer, { kind: 'found', contentType: 'video/mp4' }, hint)
    if (answer.kind === 'found') answer.release()
    t.ok(before)
  }
  t.match(await muxed.window.read(`${muxed.window.prefix}/p9999.m4s`, {}, signal), { kind: 'refused', status: 404 })
})

t.test('delta update', async (t) => {
  const muxed = new MuxedStream('h264', { listedSeconds: 20 })
  await feed(muxed, 0, 25 * 30)
  const full = await muxed.text()
  const delta = await muxed.text(media(muxed), { skip: true })
  const skipped = Number(/#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/.exec(delta)?.[1])
  const count = (text: string): number => text.match(/#EXTINF/g)?.length ?? 0
  t.ok(skipped >= 3)
  t.equal(count(delta) + skipped, count(full))
  t.ok(full.endsWith(delta.slice(delta.indexOf('#EXT-X-PROGRAM-DATE-TIME'))), 'the rest is the same')
  t.notMatch(delta, 'EXT-X-MAP')
  const short = new MuxedStream('h264')
  await feed(short, 0, 300)
  t.equal(await short.text(media(short), { skip: true }), await short.text(), 'nothing old enough: the full list')
})

t.test('the window is bounded and keeps a key frame at its head', async (t) => {
  const muxed = new MuxedStream('h264')
  const sizes: number[] = []
  for (let i = 0; i < 25 * 60; i++) {
    await muxed.push(i % 250 === 0 ? KEY : INTER, i)
    if (i > 500) sizes.push(muxed.window.segments.length)
  }
  t.ok(
    Math.max(...sizes) <= 12,
    `ten seconds between key frames: that, the list and one in grace, not ${Math.max(...sizes)}`,
  )
  const heavy = new MuxedStream('h264')
  const filler = Buffer.concat([Buffer.from('419acc', 'hex'), Buffer.alloc(1_000_000, 0xaa)])
  for (let i = 0; i < 150; i++) await heavy.push(i % 50 === 0 ? KEY : [filler], i)
  t.ok(heavy.window.sizeBytes <= 52 * 1024 * 1024, `${heavy.window.sizeBytes} bytes`)
})

t.test('a segment whose parts are leaving is handed out whole or not at all', async (t) => {
  const muxed = new MuxedStream('h264')
  const parts = new Map<number, number>()
  let leaving = 0
  for (let i = 0; i < 25 * 40; i++) {
    await feed(muxed, i, i + 1)
    for (const one of muxed.window.segments) parts.set(one.msn, Math.max(parts.get(one.msn) ?? 0, one.parts.length))
    const [oldest] = muxed.window.segments
    if (oldest === undefined || oldest.parts.length === parts.get(oldest.msn)) continue
    leaving++
    const answer = await muxed.window.read(`${muxed.window.prefix}/s${oldest.msn}.m4s`, {}, signal)
    if (answer.kind === 'found') answer.release()
    t.match(answer, { kind: 'refused', status: 404 }, `${oldest.parts.length} of ${parts.get(oldest.msn)} parts`)
  }
  t.ok(leaving > 10, `${leaving} looks at a segment whose parts are leaving`)
})

t.test('time stamps that crawl: parts and segments end by what they hold', async (t) => {
  const MEGABYTE = 1024 * 1024
  const heavy = new MuxedStream('h264')
  const filler = Buffer.concat([Buffer.from('419acc', 'hex'), Buffer.alloc(MEGABYTE, 0xaa)])
  for (let i = 0; i < 150; i++) {
    await heavy.push(i === 0 ? KEY : [filler], i, i)
    const largest = Math.max(...heavy.window.segments.flatMap(({ parts }) => parts.map(({ sizeBytes }) => sizeBytes)))
    if (largest > 6 * MEGABYTE) t.fail(`a part of ${largest} bytes`)
    if (heavy.window.sizeBytes > 56 * MEGABYTE) t.fail(`${heavy.window.sizeBytes} bytes after ${i} frames`)
  }
  t.ok(heavy.window.sizeBytes > 32 * MEGABYTE, 'it was full')
  const light = new MuxedStream('h264')
  for (let i = 0; i < 40 * 2_000; i++) await light.push(i === 0 ? KEY : INTER, i, i)
  t.ok(Math.max(...light.window.segments.map(({ parts }) => parts.length)) <= 64)
  const listed = (await light.text()).match(/#EXT-X-PART:/g)?.length ?? 0
  t.ok(listed > 64 && listed <= 8 * 64, `${listed} parts listed of 2,000`)
})

t.test('a part is one piece of memory, unless it runs over the end of a slab', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 250)
  const pieces = muxed.window.segments.flatMap(({ parts }) => parts).map(({ buffers }) => buffers.length)
  t.ok(pieces.length > 20)
  const whole = pieces.filter((count) => count === 1).length
  t.ok(whole > 0.8 * pieces.length, `${whole} of ${pieces.length}`)
  const segment = await muxed.window.read(`${muxed.window.prefix}/s2.m4s`, {}, signal)
  if (segment.kind !== 'found') throw new Error(segment.code)
  t.ok(segment.body.length < 4, `a segment is ${segment.body.length} pieces`)
  segment.release()
})

t.test('a slow reader never sees a recycled slab', async (t) => {
  const muxed = new MuxedStream('h264')
  const picture = (i: number): Buffer =>
    Buffer.concat([Buffer.from(i % 50 === 0 ? '6588' : '419a', 'hex'), Buffer.alloc(20_000, (i % 200) + 1)])
  const push = (i: number): Promise<void> =>
    muxed.push(i % 50 === 0 ? [...KEY.slice(0, 2), picture(i)] : [picture(i)], i)
  for (let i = 0; i < 60; i++) await push(i)
  const slow = await muxed.window.read(`${muxed.window.prefix}/s1.m4s`, {}, signal)
  if (slow.kind !== 'found') throw new Error(slow.code)
  const before = Buffer.concat(slow.body as Buffer[])
  for (let i = 60; i < 900; i++) await push(i)
  t.ok(Buffer.concat(slow.body as Buffer[]).equals(before), 'the same bytes long after the segment left the window')
  const usedBefore = muxed.slabs.usedBytes
  slow.release()
  slow.release()
  t.ok(muxed.slabs.usedBytes < usedBefore, 'and the slabs go back once')
  muxed.window.close()
  muxed.writer.close()
  t.equal(muxed.slabs.usedBytes, 0, 'all of them')
})

t.test('subscribers get init first and start at the newest key frame', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 70)
  const seen: string[] = []
  const past: boolean[] = []
  const stop = muxed.window.subscribe({
    init: (init) => seen.push(`init ${init.id}`),
    chunk: ({ facts }, isPast) => {
      seen.push(`${facts.independent ? 'key' : 'chunk'} ${facts.id}`)
      past.push(isPast)
    },
    end: () => seen.push('end'),
  })
  const first = Number(seen[1]?.split(' ')[1])
  t.same(seen.slice(0, 3), ['init 0', `key ${first}`, `chunk ${first + 1}`])
  t.ok(past.length > 2)
  t.same(past, [...past.slice(1).fill(true), false], 'all but the newest are past')
  await feed(muxed, 70, 76)
  t.ok(seen.length > 4)
  t.equal(past.at(-1), false)
  muxed.window.close()
  t.equal(seen.at(-1), 'end')
  stop()
})

t.test('a key frame in the middle of a segment is where subscribers start', async (t) => {
  const muxed = new MuxedStream('h264')
  await feed(muxed, 0, 57, 12)
  const key = muxed.window.newestKeyChunk
  t.ok(
    key !== undefined && !muxed.window.segments.some(({ parts }) => parts[0]?.chunks[0] === key),
    'no segment begins there',
  )
  const seen: number[] = []
  muxed.window.subscribe({ init: () => {}, chunk: ({ facts }) => seen.push(facts.id), end: () => {} })
  t.equal(seen[0], key?.facts.id)
})

t.test('paths that are none', async (t) => {
  const muxed = new MuxedStream('h264')
  t.match(await muxed.window.read('index.m3u8', {}, signal), { kind: 'refused', status: 503 })
  await feed(muxed, 0, 6)
  for (const path of [
    '',
    'x',
    'other/video.m3u8',
    `${muxed.window.prefix}/../index.m3u8`,
    `${muxed.window.prefix}/s1.m4s`,
    `${muxed.window.prefix}/p-1.m4s`,
    `${muxed.window.prefix}/init-1.mp4`,
  ]) {
    t.match(await muxed.window.read(path, {}, signal), { kind: 'refused', status: 404 }, path)
  }
  t.match(
    await muxed.text('index.m3u8'),
    /#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.42001e",RESOLUTION=640x360/,
  )
})
