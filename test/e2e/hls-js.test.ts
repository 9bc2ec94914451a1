import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { ChunkWriter } from '../../gateway/cmaf/chunk-writer.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import { createDialer } from '../../gateway/dial.ts'
import { Segmenter } from '../../gateway/hls/segmenter.ts'
import { Window } from '../../gateway/hls/window.ts'
import type { Relay } from '../../gateway/relay/relay.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { encode } from '../fakes/elementary-stream.ts'
import { gstMissing, PIPELINES, startGst } from '../fakes/gst-server.ts'
import { serveRelay } from '../fakes/media-http.ts'
import { payloads, rtpPacket } from '../fakes/rtp-packets.ts'
import { lacksBrowser, launch } from './browser.ts'

const HLS_JS = readFileSync(createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'))
const FRAME_MS = 40
const signal = AbortSignal.timeout(110_000)

/** hls.js with all it can, as anybody's player would use it. */
const PAGE = (playlist: string): string => `<!doctype html><video muted></video><script src="/hls.js"></script><script>
  const video = document.querySelector('video')
  window.seen = { sizes: [], fatal: [], parts: 0 }
  const hls = new Hls({ lowLatencyMode: true })
  hls.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && seen.fatal.push(details))
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { part }) => { if (part) seen.parts++ })
  window.pictures = () => video.getVideoPlaybackQuality().totalVideoFrames
  video.onresize = () => seen.sizes.push(video.videoWidth + 'x' + video.videoHeight)
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play())
  hls.loadSource(${JSON.stringify(playlist)})
  hls.attachMedia(video)
</script>`

interface Seen {
  sizes: string[]
  fatal: string[]
  parts: number
}

async function play(t: Test, relay: Pick<Relay, 'read'>): Promise<Page> {
  const media = await serveRelay(relay, true)
  t.teardown(() => media.close())
  const server = createServer((request, response) => {
    const isScript = request.url === '/hls.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? HLS_JS : PAGE(`${media.url}index.m3u8`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const browser = await launch()
  t.teardown(() => browser.close())
  const page = await (await browser.newContext()).newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return page
}

const seenBy = (page: Page): Promise<Seen> => page.evaluate<Seen>('window.seen')

for (const name of ['h264Aac', 'h264Pcma'] as const) {
  t.test(`hls.js plays picture and sound together: ${name}`, { skip: lacksBrowser || gstMissing() }, async (t) => {
    const camera = await startGst({ '/live': PIPELINES[name] })
    t.teardown(() => camera.close())
    const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock })
    t.teardown(() => pool.close())
    const uri = `rtsp://127.0.0.1:${camera.port}/live`
    const { relay } = pool.acquire('live', async () => ({ uri }), { sound: true })
    t.match(await relay.ready(signal), { kind: 'ready' })
    const page = await play(t, relay)
    await page.waitForFunction('pictures() > 75 && video.webkitAudioDecodedByteCount > 4000')
    const { fatal, parts } = await seenBy(page)
    t.same(fatal, [])
    t.ok(parts > 5, `${parts} parts, not whole segments`)
    const before = await page.evaluate<number>('video.webkitAudioDecodedByteCount')
    await page.waitForFunction(`video.webkitAudioDecodedByteCount > ${before} + 4000`)
    t.pass('and the sound goes on')
  })
}

t.test('a camera that changes its picture size: hls.js goes on with the new one', { skip: lacksBrowser }, async (t) => {
  const window = new Window({ monotonicMs: () => systemClock.monotonicMs() })
  const writer = new ChunkWriter(new SlabPool())
  const segmenter = new Segmenter(writer, window, systemClock)
  segmenter.startSession('h264', 25)
  const track = { codec: 'h264' as const, payloadType: 96, clockRate: 90_000, sets: { vps: [], sps: [], pps: [] } }
  const receiver = videoReceiver(track, writer, segmenter)
  const small = encode('h264', { seconds: 1, size: '320x180' }).units
  const large = encode('h264', { seconds: 1, size: '640x360' }).units
  let frame = 0
  let sequence = 0
  let units = small
  // As fast as a camera would send them.
  const timer = setInterval(() => {
    window.expire()
    const { nals } = units[frame % units.length] ?? { nals: [] }
    const all = payloads('h264', nals)
    for (const [i, payload] of all.entries()) {
      const packet = rtpPacket(sequence++, frame * 3600, i === all.length - 1, payload)
      receiver.packet(packet, 0, packet.length)
    }
    frame++
  }, FRAME_MS)
  t.teardown(() => clearInterval(timer))
  t.teardown(() => window.close())
  await new Promise<void>((resolve) => {
    const stop = window.subscribe({ init: () => {}, chunk: () => resolve(), end: () => {} })
    void stop
  })
  const page = await play(t, window)
  await page.waitForFunction('video.videoWidth === 320 && pictures() > 25')
  units = large
  frame = Math.ceil(frame / units.length) * units.length
  await page.waitForFunction('video.videoWidth === 640')
  const at = await page.evaluate<number>('video.currentTime')
  await page.waitForFunction(`video.currentTime > ${at} + 2`)
  t.match(await seenBy(page), { sizes: ['320x180', '640x360'], fatal: [] })
  const answer = await window.read(`${window.prefix}/video.m3u8`, {}, signal)
  t.match(String(answer.kind === 'found' ? answer.body : ''), /#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"/)
  if (answer.kind === 'found') answer.release()
})
