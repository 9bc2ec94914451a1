import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import type { Relay } from '../../gateway/relay/relay.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { SOUND_PATH, Sound } from '../../gateway/relay/sound.ts'
import { soundArguments } from '../../gateway/relay/transcode.ts'
import { adtsFrameAt } from '../../gateway/rtp/adts.ts'
import type { OtherEncoding } from '../../gateway/rtsp/audio-track.ts'
import { gstMissing, PIPELINES, startGst, toolMissing } from '../fakes/gst-server.ts'
import { serveRelay } from '../fakes/media-http.ts'
import { MuxedStream } from '../fakes/muxed-stream.ts'
import { rtpPacket } from '../fakes/rtp-packets.ts'
import { runTool } from '../fakes/run-tool.ts'

const skip = gstMissing() || toolMissing('ffmpeg', 'ffprobe')
const dialer = createDialer(['127.0.0.0/8'])
const clock = systemClock
const signal = AbortSignal.timeout(110_000)

async function playing(t: Test, pipeline: string, options: { sound: boolean }): Promise<{ relay: Relay; url: string }> {
  const server = await startGst({ '/live': pipeline })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer, clock })
  t.teardown(() => pool.close())
  const uri = `rtsp://127.0.0.1:${server.port}/live`
  const { relay } = pool.acquire('live', async () => ({ uri }), options)
  t.match(await relay.ready(signal), { kind: 'ready' })
  const http = await serveRelay(relay, options.sound)
  t.teardown(() => http.close())
  return { relay, url: http.url }
}

for (const [name, pipeline] of [
  ['AAC, copied', PIPELINES.h264Aac],
  ['A-law, made into AAC', PIPELINES.h264Pcma],
] as const) {
  t.test(`${name}: ffmpeg decodes picture and sound without a complaint, and they go together`, { skip }, async (t) => {
    const { url } = await playing(t, pipeline, { sound: true })
    const top = await (await fetch(`${url}index.m3u8`)).text()
    t.match(top, /#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",.*URI="(sound\/[^"]+)"/)
    t.match(top, /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=640x360,FRAME-RATE=[0-9.]+,AUDIO="sound"/)
    const soundUri = /URI="([^"]+)"/.exec(top)?.[1] ?? ''
    const playlist = await (await fetch(`${url}${soundUri}`)).text()
    t.match(playlist, /#EXT-X-RENDITION-REPORT:URI="\.\.\/\.\.\/[\w-]+\/video\.m3u8",LAST-MSN=\d+,LAST-PART=\d+/)
    t.match(playlist, '#EXTINF')
    const decoded = await runTool(
      'ffmpeg',
      ['-v', 'error', '-i', `${url}index.m3u8`, '-t', '4', '-f', 'null', '-'],
      signal,
    )
    t.same(decoded, { code: 0, out: '', errors: '' })
    const probe = [
      '-v',
      'error',
      '-read_intervals',
      '%+4',
      '-show_entries',
      'packet=codec_type,pts_time',
      '-of',
      'csv=p=0',
    ]
    const { out } = await runTool('ffprobe', [...probe, `${url}index.m3u8`], signal)
    const times = (type: string): number[] =>
      out.split('\n').flatMap((line) => (line.startsWith(type) ? [Number(line.split(',')[1])] : []))
    const [picture, sound] = [times('video'), times('audio')]
    t.ok(picture.length > 20 && sound.length > 20, `${picture.length} pictures, ${sound.length} frames of sound`)
    const apartS = Math.abs((picture.at(-1) ?? 0) - (sound.at(-1) ?? 99))
    t.ok(apartS < 1.5, `${apartS} s apart at the end`)
    const gaps = sound.slice(1).map((time, i) => time - (sound[i] ?? 0))
    t.ok(Math.max(...gaps) < 0.1, `no frame of sound is missing: ${Math.max(...gaps)} s`)
  })
}

t.test(
  'without the scope there is no sound: not listed, not readable, not asked of the camera',
  { skip },
  async (t) => {
    const { relay, url } = await playing(t, PIPELINES.h264Aac, { sound: false })
    const top = await (await fetch(`${url}index.m3u8`)).text()
    t.notMatch(top, /AUDIO|mp4a/)
    t.equal((await fetch(`${url}sound/x/sound.m3u8`)).status, 404)
    t.equal(((await relay.ready(signal)) as { soundMimeType?: string }).soundMimeType, undefined)
  },
)

t.test('who may hear comes later: the session is begun anew with the sound', { skip }, async (t) => {
  const server = await startGst({ '/live': PIPELINES.h264Aac })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer, clock })
  t.teardown(() => pool.close())
  const source = async () => ({ uri: `rtsp://127.0.0.1:${server.port}/live` })
  const first = pool.acquire('live', source)
  t.match(await first.relay.ready(signal), { kind: 'ready' })
  const { relay } = pool.acquire('live', source, { sound: true })
  t.match(await relay.ready(signal), { kind: 'ready', soundMimeType: 'audio/mp4; codecs="mp4a.40.2"' })
  t.match(relay.health(), { state: 'live', reconnects: 0 })
})

const PLAIN = {
  kind: 'other',
  payloadType: 0,
  clockRate: 8_000,
  sampleRate: 8_000,
  channels: 1,
  headerBytes: 0,
} as const
/** Child processes of this one. */
const children = (): number => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length

t.test('what has to be made into AAC is made while somebody listens', { skip: toolMissing('ffmpeg') }, async (t) => {
  const key = ['6742001e95a8280bfe54', '68ce3c80', '6588aa55'].map((hex) => Buffer.from(hex, 'hex'))
  const picture = new MuxedStream('h264')
  await picture.push(key, 0)
  let nowMs = picture.clock.monotonicMs()
  const monotonicMs = (): number => nowMs
  const sound = new Sound({
    monotonicMs,
    slabs: picture.slabs,
    picture: picture.segmenter,
    pictureWindow: picture.window,
  })
  t.teardown(() => sound.close())
  const media = { kind: 'audio', direction: 'sendrecv', control: undefined, frameRate: undefined, formats: [] } as const
  const receiver = sound.start({ ...PLAIN, encoding: 'PCMU', media })
  let sequence = 0
  const play = (seconds: number): void => {
    for (let i = 0; i < seconds * 50; i++, nowMs += 20) {
      const packet = rtpPacket(sequence, sequence * 160, false, Buffer.alloc(160, 0x55), { payloadType: 0 })
      if (!receiver.packet(packet, 0, packet.length)) t.fail('a packet that was not taken')
      sequence++
      if (i % 50 === 0) sound.tick()
    }
  }
  const before = children()
  play(5)
  t.equal(children(), before, 'nobody listens')
  const stop = sound.subscribe({ init: () => {}, chunk: () => {}, end: () => {} })
  play(4)
  t.equal(children(), before + 1, 'somebody does')
  while (sound.sizeBytes === 0) await new Promise(setImmediate)
  stop()
  sound.tick()
  t.equal(sound.sizeBytes, 0)
  while (children() > before) await new Promise(setImmediate)
  play(5)
  t.equal(children(), before, 'gone with the last listener')
  const uri = sound.rendition?.uri.slice(SOUND_PATH.length) ?? ''
  const read = sound.read(uri, {}, signal)
  play(4)
  t.equal(children(), before + 1, 'a player reads')
  t.match(await read, { kind: 'found' })
  nowMs += 6_100 // ten seconds since then
  sound.tick()
  while (children() > before) await new Promise(setImmediate)
  play(1)
  t.equal(children(), before, 'gone with the last reader')
})

/** Four seconds of each; what is inside does not matter. ffmpeg leaves out a block of 1024 bytes that is not whole. */
const RAW: { encoding: OtherEncoding; bytes: number; sampleRate?: number; channels?: number }[] = [
  { encoding: 'PCMU', bytes: 32_000 },
  { encoding: 'PCMA', bytes: 32_000 },
  { encoding: 'G722', bytes: 32_000, sampleRate: 16_000 },
  { encoding: 'L16', bytes: 4 * 44_100 * 4, sampleRate: 44_100, channels: 2 },
  { encoding: 'G726-16', bytes: 8_000 },
  { encoding: 'G726-24', bytes: 12_000 },
  { encoding: 'G726-32', bytes: 16_000 },
  { encoding: 'G726-40', bytes: 20_000 },
]

t.test('ffmpeg takes every sound that we take', { skip: toolMissing('ffmpeg') }, async (t) => {
  for (const { encoding, bytes, ...more } of RAW) {
    const media = {
      kind: 'audio',
      direction: 'sendrecv',
      control: undefined,
      frameRate: undefined,
      formats: [],
    } as const
    const args = soundArguments({ ...PLAIN, ...more, encoding, media })
    const { status, stdout, stderr } = spawnSync('ffmpeg', args, { input: Buffer.alloc(bytes, 0x55) })
    t.same([status, stderr.toString()], [0, ''], encoding)
    let frames = 0
    for (let at = 0; at < stdout.length; frames++) at = adtsFrameAt(stdout, at, stdout.length)?.end ?? stdout.length
    t.ok(Math.abs(frames * 0.064 - 4) < 0.6, `${encoding}: ${frames} frames of 64 ms`)
  }
})

t.test('sound over UDP, beside the picture', { skip }, async (t) => {
  const server = await startGst({ '/live': PIPELINES.h264Aac })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer, clock })
  t.teardown(() => pool.close())
  const uri = `rtsp://127.0.0.1:${server.port}/live`
  const { relay } = pool.acquire('live', async () => ({ uri, transport: 'udp' }), { sound: true })
  t.match(await relay.ready(signal), { kind: 'ready', soundMimeType: /mp4a/ })
  await new Promise<void>((resolve) => {
    let parts = 0
    relay.subscribeSound({ init: () => {}, chunk: () => void (++parts > 3 && resolve()), end: () => {} })
  })
  t.match(relay.health(), { state: 'live', lostPackets: 0 })
})
