import { setTimeout as delay } from 'node:timers/promises'
import { classicAges, endlessAges, filed, lowLatencyAges, served, socketAges } from './frame-ages.ts'
import { option } from './options.ts'
import { FETCHING, SERVING } from './peers.ts'
import { cpuOf, post, prepare, startCameras, startGateway } from './whole-gateway.ts'

/**
 * From the wish to watch (`POST /api/v1/views`) to the first playable media in hand, through the whole gateway: cold, when
 * nobody watches that camera yet, and warm. The bench's cameras start with a key frame, so what is left cold is what
 * we and the way to the camera take. Then the age of frames in the viewer's hand, by the camera's clock in each of them: over LL-HLS, the
 * live socket and classic HLS, and beside them of ffmpeg, GStreamer, and MediaMTX and go2rtc where BENCH_MEDIAMTX and
 * BENCH_GO2RTC name their binaries.
 *
 * usage: node scripts/bench/first-frame.ts [--cameras 20] [--warm 60] [--seconds 20]
 */

const cameras = option('cameras', 20)
const seconds = option('seconds', 20)
/** Until the lists of peers are as long as they get. */
const PEER_WARM_UP_MS = 20_000

interface Opened {
  id: string
  index: URL
  ms: number
  grantedMs: number
}

const source = await startCameras('main', 'stamped')
try {
  await gatewayFigures()
  for (const name of Object.keys({ ...FETCHING, ...SERVING })) await peerFigures(name)
} finally {
  source.child.kill()
}

async function gatewayFigures(): Promise<void> {
  const gateway = await startGateway()
  try {
    const { headers, cameraIds } = await prepare(gateway.url, source.port, cameras)
    const cold: Opened[] = []
    for (const cameraId of cameraIds) cold.push(await open(gateway.url, headers, cameraId))
    report(
      'cold, request to first media',
      cold.map(({ ms }) => ms),
    )
    const warm: Opened[] = []
    for (let i = 0; i < option('warm', 60); i++) {
      const opened = await open(gateway.url, headers, cameraIds[i % cameras] ?? '')
      warm.push(opened)
      await fetch(`${gateway.url}/api/v1/views/${opened.id}`, { method: 'DELETE', headers })
    }
    report(
      'warm, request to first media',
      warm.map(({ ms }) => ms),
    )
    report(
      'warm, view granted to first media',
      warm.map(({ ms, grantedMs }) => ms - grantedMs),
    )
    const [view] = cold
    if (view === undefined) return
    report('age of a frame, LL-HLS', await lowLatencyAges(view.index, headers, seconds))
    report('age of a frame, live socket', await socketAges(gateway.url, view.id, headers, seconds))
    reportClassic('gateway', await classicAges(await served(view.index, headers), seconds))
    console.log(`${((await cpuOf(gateway)) / 1000).toFixed(1)} s of CPU of the gateway in all`)
  } finally {
    gateway.child.kill()
  }
}

async function open(url: string, headers: Record<string, string>, cameraId: string): Promise<Opened> {
  const startedMs = performance.now()
  const body = { cameraId, reason: { kind: 'routine' } }
  const { id, hlsUrl } = await post<{ id: string; hlsUrl: string }>(`${url}/api/v1/views`, headers, body)
  const grantedMs = performance.now() - startedMs
  const index = new URL(hlsUrl, url)
  const read = await served(index, headers)
  const list = (await read()).toString()
  for (const pattern of [/#EXT-X-MAP:URI="([^"]+)"/, /#EXT-X-PART:.*URI="([^"]+)",INDEPENDENT/]) {
    const name = pattern.exec(list)?.[1]
    if (name === undefined) throw new Error(`nothing to play:\n${list}`)
    await read(name)
  }
  return { id, index, ms: performance.now() - startedMs, grantedMs }
}

/** Of one camera, in each of the ways the peer has. */
async function peerFigures(name: string): Promise<void> {
  const peer = await (FETCHING[name] ?? SERVING[name])?.(1, source.port)
  if (peer === undefined) return
  try {
    await delay(PEER_WARM_UP_MS)
    const url = peer.url?.(0)
    const file = peer.file?.(0)
    if (file !== undefined) reportClassic(name, await classicAges(filed(file), seconds))
    else if (url?.endsWith('.m3u8'))
      report(`age of a frame, LL-HLS, ${name}`, await lowLatencyAges(new URL(url), {}, seconds))
    else if (url !== undefined) report(`age of a frame, ${name}`, await endlessAges(url, seconds))
  } finally {
    await peer.stop()
  }
}

function reportClassic(name: string, { inHand, shown }: Awaited<ReturnType<typeof classicAges>>): void {
  report(`age of a frame, classic HLS of ${name}, newest segment in hand`, inHand)
  report(`age of a frame, classic HLS of ${name}, on the screen of a player three target durations behind`, shown)
}

function report(name: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(0)
  console.log(`${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (${values.length})`)
}
