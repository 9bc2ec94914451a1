import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { describe } from '../../gateway/relay/describe.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { gstMissing, PIPELINES, startGst, toolMissing } from '../fakes/gst-server.ts'
import { serveRelay } from '../fakes/media-http.ts'
import { runTool } from '../fakes/run-tool.ts'

const skip = gstMissing() || toolMissing('ffmpeg')
const dialer = createDialer(['127.0.0.0/8'])
const clock = systemClock
const signal = AbortSignal.timeout(110_000)

const CASES = [
  { name: 'H.264', mount: '/h264', pipeline: PIPELINES.h264, codec: /^avc1\./ },
  { name: 'H.264 with B frames', mount: '/b', pipeline: PIPELINES.h264BFrames, codec: /^avc1\./ },
  { name: 'H.265', mount: '/h265', pipeline: PIPELINES.h265, codec: /^hvc1\./ },
]

for (const { name, mount, pipeline, codec } of CASES) {
  t.test(`GStreamer's server, ${name}: ffmpeg decodes our HLS without a complaint`, { skip }, async (t) => {
    const server = await startGst({ [mount]: pipeline })
    t.teardown(() => server.close())
    const uri = `rtsp://127.0.0.1:${server.port}${mount}`
    const described = await describe({ uri }, { dialer, clock, play: true }, signal)
    t.match(described, { ok: true, tracks: [{ codec, width: 640, height: 360, frameRate: 25 }] })
    const pool = new RelayPool({ dialer, clock })
    t.teardown(() => pool.close())
    const { relay } = pool.acquire(mount, async () => ({ uri }))
    t.match(await relay.ready(signal), { kind: 'ready', width: 640, height: 360 })
    const http = await serveRelay(relay)
    t.teardown(() => http.close())
    const top = await (await fetch(`${http.url}index.m3u8`)).text()
    const playlist = `${http.url}${top.trim().split('\n').at(-1)}`
    // A classic player wants whole segments, which a held request for the third tells us.
    t.match(await (await fetch(`${playlist}?_HLS_msn=1`)).text(), 's1.m4s')
    t.match(await (await fetch(`${playlist}?_HLS_msn=2&_HLS_part=0`)).text(), 's1.m4s')
    const decoded = await runTool(
      'ffmpeg',
      ['-v', 'error', '-i', `${http.url}index.m3u8`, '-t', '4', '-f', 'null', '-'],
      signal,
    )
    t.same(decoded, { code: 0, out: '', errors: '' })
    const jpeg = await relay.snapshot(signal)
    t.equal(jpeg?.toString('hex', 0, 3), 'ffd8ff')
    t.match(relay.health(), { state: 'live', lostPackets: 0, reconnects: 0 })
  })
}

t.test("GStreamer's server over UDP: plays, nothing lost, the camera's time is known", { skip }, async (t) => {
  const server = await startGst({ '/h264': PIPELINES.h264 })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer, clock })
  t.teardown(() => pool.close())
  const uri = `rtsp://127.0.0.1:${server.port}/h264`
  const { relay } = pool.acquire('udp', async () => ({ uri, transport: 'udp' }))
  t.match(await relay.ready(signal), { kind: 'ready', width: 640 })
  const http = await serveRelay(relay)
  t.teardown(() => http.close())
  const decoded = await runTool(
    'ffmpeg',
    ['-v', 'error', '-i', `${http.url}index.m3u8`, '-t', '3', '-f', 'null', '-'],
    signal,
  )
  t.same(decoded, { code: 0, out: '', errors: '' })
  const { state, lostPackets, receivedPackets, clockOffsetMs = Number.NaN } = relay.health()
  t.match({ state, lostPackets }, { state: 'live', lostPackets: 0 })
  t.ok(receivedPackets > 60)
  t.ok(Math.abs(clockOffsetMs) < 1_000, `${clockOffsetMs} ms between this machine's clock and itself`)
})

t.test("GStreamer's server with Digest: the right password plays, a wrong one does not", { skip }, async (t) => {
  const server = await startGst({ '/h264': PIPELINES.h264 }, { name: 'viewer', password: 'p:ä"ss' })
  t.teardown(() => server.close())
  const uri = `rtsp://127.0.0.1:${server.port}/h264`
  const ask = (password: string) =>
    describe({ uri, username: 'viewer', password }, { dialer, clock, play: true }, signal)
  t.match(await ask('wrong'), { ok: false, fault: { code: 'unauthorized' } })
  t.match(await ask('p:ä"ss'), { ok: true, tracks: [{ width: 640 }] })
})
