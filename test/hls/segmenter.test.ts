import t from 'tap'
import { TIMESCALE } from '../../gateway/media.ts'
import { MuxedStream } from '../fakes/muxed-stream.ts'
import { senderReport } from '../fakes/rtp-packets.ts'

const SETS = ['6742001e95a8280bfe54', '68ce3c80'].map((hex) => Buffer.from(hex, 'hex'))
const KEY = [...SETS, Buffer.from('6588aa55', 'hex')]
const INTER = [Buffer.from('419acc55', 'hex')]

/** @param gop frames from key frame to key frame */
async function run(
  frames: number,
  gop: number,
  frameTicks: number,
  jitter: (i: number) => number = () => 0,
  listedSeconds?: number,
): Promise<MuxedStream> {
  const muxed = new MuxedStream('h264', { frameTicks, ...(listedSeconds === undefined ? {} : { listedSeconds }) })
  for (let i = 0; i < frames; i++) await muxed.push(i % gop === 0 ? KEY : INTER, i, i * frameTicks + jitter(i))
  return muxed
}

const CASES: { name: string; fps: number; gop: number; segmentS: number; jitterTicks?: number }[] = [
  { name: '25 fps, key frame a second', fps: 25, gop: 25, segmentS: 1 },
  { name: '25 fps, two seconds', fps: 25, gop: 50, segmentS: 2 },
  { name: '15 fps, two seconds', fps: 15, gop: 30, segmentS: 2 },
  { name: '30 fps, twice a second', fps: 30, gop: 15, segmentS: 1 },
  { name: '24 fps, 2.4 s', fps: 24, gop: 57, segmentS: 2.375 },
  { name: '25 fps, 10 s', fps: 25, gop: 250, segmentS: 2.48 },
  { name: '4 fps, 10 s, jitter of 90 ms', fps: 4, gop: 40, segmentS: 2.48, jitterTicks: 8100 },
  { name: '1 fps, 10 s', fps: 1, gop: 10, segmentS: 2 },
  { name: '25 fps, jitter of 10 ms', fps: 25, gop: 50, segmentS: 2, jitterTicks: 900 },
]

for (const { name, fps, gop, segmentS, jitterTicks = 0 } of CASES) {
  t.test(name, async (t) => {
    const muxed = await run(fps * 30, gop, TIMESCALE / fps, (i) => (i * 7919) % (jitterTicks + 1))
    const playlist = await muxed.text()
    const target = Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(playlist)?.[1])
    const lengths = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].map((match) => Number(match[1]))
    t.ok(lengths.length >= 3)
    t.ok(
      lengths.every((length) => Math.round(length) <= target),
      `rounded lengths ${lengths} within ${target}`,
    )
    t.ok(Math.abs(Math.max(...lengths) - segmentS) < 0.05, `longest of ${lengths}`)
    t.ok(lengths.reduce((sum, length) => sum + length, 0) >= 3 * target)
    const partTarget = Number(/PART-TARGET=([\d.]+)/.exec(playlist)?.[1])
    const parts = [...playlist.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].map((match) => Number(match[1]))
    t.ok(parts.length > 0 && parts.every((part) => part <= partTarget), 'no part is longer than the part target')
    const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1])
    const head = muxed.window.segments.find((segment) => segment.msn === first)
    t.ok(first > 0 && head?.parts[0]?.facts.independent, 'the list has moved and starts with a key frame')
    const starts = muxed.window.segments.flatMap((segment) => segment.parts.map((part) => part.facts.startTicks))
    t.ok(starts.every((start, i) => i === 0 || start > (starts[i - 1] ?? 0)))
  })
}

t.test('the first part is out as soon as the first key frame is', async (t) => {
  const muxed = await run(1, 50, 3600)
  const playlist = await muxed.text()
  t.match(playlist, '#EXT-X-PART:DURATION=0.04000,URI="p0.m4s",INDEPENDENT=YES')
  t.match(playlist, 'PART-TARGET=0.26000')
})

t.test('a full part does not wait for the frame after it, nor does a full chunk', async (t) => {
  const muxed = await run(7, 50, 3600)
  t.equal(muxed.window.segments[1]?.parts.length, 1)
  t.equal(muxed.window.segments[1]?.parts[0]?.facts.durationTicks, 6 * 3600)
  const seen: number[] = []
  muxed.window.subscribe({ init: () => {}, chunk: ({ facts }) => seen.push(facts.samples), end: () => {} })
  t.same(seen, [1, 3, 3])
  await muxed.push(INTER, 7)
  await muxed.push(INTER, 8)
  t.equal(seen.length, 3)
  await muxed.push(INTER, 9)
  t.same(seen, [1, 3, 3, 3], 'told while its part grows')
  t.equal(muxed.window.segments[1]?.parts.length, 1)
})

t.test('a key frame in the middle of a part begins a chunk', async (t) => {
  const muxed = new MuxedStream('h264')
  for (let i = 0; i < 58; i++) await muxed.push(i === 0 || i === 51 || i === 56 ? KEY : INTER, i)
  const key = muxed.window.newestKeyChunk
  t.equal(key?.facts.startTicks, TIMESCALE + 56 * 3600)
  const seen: number[] = []
  muxed.window.subscribe({ init: () => {}, chunk: ({ facts }) => seen.push(facts.startTicks), end: () => {} })
  t.equal(seen[0], key?.facts.startTicks, 'whoever comes begins there')
})

for (const [fps, frames, chunks] of [
  [60, 14, [6, 6, 2]],
  [50, 12, [5, 5, 2]],
  [30, 6, [3, 3]],
  [25, 6, [3, 3]],
  [24, 6, [3, 3]],
  [20, 4, [2, 2]],
  [15, 3, [2, 1]],
  [12.5, 3, [2, 1]],
  [12, 3, [2, 1]],
  [10, 2, [1, 1]],
  [7.5, 1, [1]],
  [5, 1, [1]],
] as const) {
  t.test(`${fps} frames a second: parts of ${frames}, chunks of ${chunks}`, async (t) => {
    const frameMs = 1000 / fps
    const frameTicks = TIMESCALE / fps
    const muxed = new MuxedStream('h264', { frameTicks, frameRate: fps })
    for (let i = 0; i < fps * 6; i++) await muxed.push(i % Math.ceil(fps * 2) === 0 ? KEY : INTER, i)
    const parts = muxed.window.segments.slice(1).flatMap((segment) => segment.parts.slice(0, -1)) // the last has what is left
    t.ok(parts.length > 10)
    t.same(new Set(parts.map((part) => part.facts.samples)), new Set([frames]))
    for (const part of parts)
      t.same(
        part.chunks.map(({ facts }) => facts.samples),
        chunks,
      )
    t.ok((Math.max(...chunks) - 1) * frameMs <= 100, 'the first frame of a chunk is young when its last is there')
    const playlist = await muxed.text()
    const target = Number(/PART-TARGET=([\d.]+)/.exec(playlist)?.[1])
    const holdBack = Number(/PART-HOLD-BACK=([\d.]+)/.exec(playlist)?.[1])
    t.ok(holdBack >= 0.5 && holdBack >= 3 * target - 1e-9, `hold back ${holdBack} s, part target ${target} s`)
  })
}

t.test('the first key frame is a segment of its own, so that a cold player has one at once', async (t) => {
  const muxed = await run(1, 50, 3600)
  const playlist = await muxed.text()
  t.match(playlist, /#EXTINF:0\.04000,\ns0\.m4s/)
  t.match(muxed.window.segments[0]?.parts, [{ facts: { independent: true } }])
  const later = await run(60, 50, 3600)
  t.same(
    later.window.segments.map(({ parts, durationTicks }) => [parts[0]?.facts.independent, durationTicks]),
    [
      [true, 3600],
      [false, 49 * 3600],
      [true, undefined],
    ],
  )
})

t.test('INDEPENDENT only where true, and always at key frames', async (t) => {
  const muxed = await run(60, 12, 3600)
  for (const part of muxed.window.segments.flatMap((segment) => segment.parts)) {
    const frame = (part.facts.startTicks - TIMESCALE) / 3600
    t.equal(part.facts.independent, frame % 12 === 0, `part at frame ${frame}`)
  }
})

t.test('jumps and pauses become discontinuities, time goes on', async (t) => {
  for (const step of [90_000 * 3600, 90_000 * 5, -90_000 * 3600]) {
    const muxed = await run(60, 25, 3600, (i) => (i >= 30 ? step : 0))
    const playlist = await muxed.text()
    t.equal(playlist.match(/#EXT-X-DISCONTINUITY$/gm)?.length, 1, String(step))
    const last = muxed.window.segments.at(-1)?.parts.at(-1)?.facts.startTicks ?? 0
    t.ok(last < 4 * TIMESCALE, 'no hours long segment')
  }
})

t.test('a new session goes on in the same window', async (t) => {
  const muxed = await run(50, 25, 3600)
  muxed.segmenter.endSession()
  await muxed.clock.advance(5000)
  muxed.segmenter.startSession('h264', 25)
  muxed.lose(500) // what the builder sees of a new connection
  await muxed.push(INTER, 51)
  await muxed.push(KEY, 52)
  for (let i = 53; i < 58; i++) await muxed.push(INTER, i)
  const playlist = await muxed.text()
  t.match(playlist, '#EXT-X-DISCONTINUITY\n')
  const days = [...playlist.matchAll(/PROGRAM-DATE-TIME:(\S+)/g)].map((match) => Date.parse(match[1] ?? ''))
  t.ok((days.at(-1) ?? 0) - (days.at(-2) ?? 0) > 5000, 'wall clock shows the gap')
})

for (const [name, cameraIsMs, shownIsMs] of [
  ['a clock that is right tells when a frame was taken', -300, -300],
  ['a clock that is behind does not count', -3_000, 0],
  ['nor does one ahead of ours: nothing is sent before it is taken', 500, 0],
] as const) {
  t.test(name, async (t) => {
    const muxed = new MuxedStream('h264')
    muxed.segmenter.startSession('h264', undefined, muxed.receiver)
    const report = senderReport(0, muxed.clock.now() + cameraIsMs)
    muxed.receiver.report(report, 0, report.length)
    const startedMs = muxed.clock.now()
    for (let i = 0; i < 60; i++) await muxed.push(i % 50 === 0 ? KEY : INTER, i)
    const first = /PROGRAM-DATE-TIME:(.*)/.exec(await muxed.text())?.[1] ?? ''
    t.equal(Date.parse(first) - startedMs, shownIsMs)
    t.equal(muxed.segmenter.clockOffsetMs, cameraIsMs)
    t.equal(muxed.segmenter.keyFrameIntervalMs, 2_000)
  })
}
