import { spawnSync } from 'node:child_process'
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny'
import t from 'tap'
import { encode } from '../fakes/elementary-stream.ts'
import { toolMissing } from '../fakes/gst-server.ts'
import { MuxedStream } from '../fakes/muxed-stream.ts'

const skip = toolMissing('ffmpeg', 'ffprobe')

interface Read {
  codec: string | null
  width: number
  height: number
  packets: { timestamp: number; duration: number; key: boolean }[]
}

/** As an independent reader sees it. */
async function read(file: Buffer): Promise<Read> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(new Uint8Array(file)) })
  const track = await input.getPrimaryVideoTrack()
  if (track === null) throw new Error('no video track')
  const packets: Read['packets'] = []
  for await (const { timestamp, duration, type } of new EncodedPacketSink(track).packets())
    packets.push({ timestamp, duration, key: type === 'key' })
  return {
    codec: await track.getCodecParameterString(),
    width: await track.getCodedWidth(),
    height: await track.getCodedHeight(),
    packets,
  }
}

/** ffmpeg's errors, empty if it decoded every frame. */
function decode(file: Buffer): { errors: string; frames: number } {
  const run = spawnSync(
    'ffmpeg',
    ['-v', 'warning', '-i', 'pipe:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
    { input: file, maxBuffer: 1e8 },
  )
  return {
    errors: run.stderr.toString(),
    frames: run.stdout
      .toString()
      .split('\n')
      .filter((line) => /^0,/.test(line)).length,
  }
}

const CASES = [
  { name: 'H.264', codec: 'h264', bFrames: 0, string: /^avc1\.[0-9a-f]{6}$/ },
  { name: 'H.264 with B frames', codec: 'h264', bFrames: 2, string: /^avc1\./ },
  { name: 'H.265', codec: 'h265', bFrames: 0, string: /^h[ev][vc]1\.1\.6\.L63\.90$/ },
  { name: 'H.265 with B frames', codec: 'h265', bFrames: 2, string: /^h[ev][vc]1\.1\.6\.L63\.90$/ },
] as const

for (const { name, codec, bFrames, string } of CASES) {
  t.test(name, { skip }, async (t) => {
    const stream = encode(codec, { seconds: 4, bFrames, size: '640x360' })
    const muxed = new MuxedStream(codec, { firstTimestamp: 0xffffff00 })
    await muxed.pushAll(stream)
    muxed.segmenter.endSession()
    const file = await muxed.file()
    const seen = await read(file)
    t.match(seen.codec, string)
    t.equal(muxed.window.init?.format.codecString.slice(4), seen.codec?.slice(4), 'both read the same from the SPS')
    t.same([seen.width, seen.height], [640, 360])
    t.equal(seen.packets.length, 100)
    t.equal(seen.packets.filter((packet) => packet.key).length, 4)
    const shown = seen.packets.map((packet) => packet.timestamp).sort((a, b) => a - b)
    const uneven = shown.filter((time, i) => i > 0 && Math.abs(time - (shown[i - 1] ?? 0) - 0.04) > 0.0001)
    t.same(uneven, [], 'frames are 40 ms apart in display order')
    if (bFrames > 0)
      t.not(JSON.stringify(shown), JSON.stringify(seen.packets.map((packet) => packet.timestamp)), 'and reordered')
    const decoded = decode(file)
    t.same(decoded, { errors: '', frames: 100 })
    const times = decodeTimes(file)
    t.ok(
      times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0)),
      'decode times rise',
    )
  })
}

function decodeTimes(file: Buffer): number[] {
  const run = spawnSync('ffprobe', ['-v', 'error', '-show_entries', 'packet=dts', '-of', 'csv=p=0', 'pipe:0'], {
    input: file,
    maxBuffer: 1e8,
  })
  return run.stdout.toString().trim().split('\n').map(Number)
}

t.test('big key frames run over slabs and come out whole', { skip }, async (t) => {
  const stream = encode('h264', { seconds: 3, size: '1920x1080' })
  const muxed = new MuxedStream('h264')
  await muxed.pushAll(stream)
  muxed.segmenter.endSession()
  t.ok(
    muxed.window.segments.some((segment) => segment.parts.some((part) => part.buffers.length > 1)),
    'some part has two pieces',
  )
  t.same(decode(await muxed.file()), { errors: '', frames: 75 })
})

t.test('lost packets: a gap, then a clean new beginning', { skip }, async (t) => {
  const stream = encode('h264', { seconds: 4 })
  const muxed = new MuxedStream('h264')
  for (const [i, unit] of stream.units.entries()) {
    if (i === 30) muxed.lose()
    await muxed.push(unit.nals, i)
  }
  muxed.segmenter.endSession()
  t.equal(muxed.receiver.lostPackets, 1)
  t.same(decode(await muxed.file()), { errors: '', frames: 80 }, 'frames 30 to 49 wait for the key frame')
  t.equal((await muxed.text()).match(/#EXT-X-DISCONTINUITY$/gm)?.length, 1)
})

t.test('another picture size mid-stream: new init, both play', { skip }, async (t) => {
  const muxed = new MuxedStream('h264')
  await muxed.pushAll(encode('h264', { seconds: 2 }))
  await muxed.pushAll(encode('h264', { seconds: 2, size: '640x360' }), 50)
  muxed.segmenter.endSession()
  const playlist = await muxed.text()
  t.equal(playlist.match(/#EXT-X-DISCONTINUITY$/gm)?.length, 1)
  t.same(playlist.match(/init-\d+\.mp4/g), ['init-0.mp4', 'init-1.mp4'])
  t.match(await read(await muxed.file(0)), { width: 320, height: 180 })
  t.match(await read(await muxed.file(1)), { width: 640, height: 360 })
  t.same(decode(await muxed.file(1)), { errors: '', frames: 50 })
})
