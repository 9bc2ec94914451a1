import { fork } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { playLowLatency } from './ll-hls-viewer.ts'
import { option } from './options.ts'
import { SERVING } from './peers.ts'
import { cpuOf, post, prepare, startBare, startCameras, startGateway } from './whole-gateway.ts'

/**
 * CPU per stream with so many low-latency viewers each, through the whole gateway (gate, audit, metrics), and beside it
 * the least that Node takes for it (bare-server.ts), and MediaMTX and go2rtc if BENCH_MEDIAMTX and BENCH_GO2RTC name their
 * binaries.
 *
 * usage: node scripts/bench/viewers.ts [--cameras 50] [--viewers 1] [--seconds 20] [--warm-up 60]
 */

/** The window is full after ten seconds; V8 goes on compiling what happens only from then on, seldom as it does, for 45 s. */
const WARM_UP_S = 60
/** Viewers that share a view. */
const SHARING = 10
const SELF = fileURLToPath(import.meta.url)

interface Watch {
  /** Multivariant playlists, or endless streams where `endless` says so. */
  urls: string[]
  headers: Record<string, string>
  endless: boolean
}

if (process.argv[2] === 'watch') await watch()
else await main()

async function main(): Promise<void> {
  const cameras = option('cameras', 50)
  const viewers = option('viewers', 1)
  const seconds = option('seconds', 20)
  const warmUp = option('warm-up', WARM_UP_S)
  const source = await startCameras()
  const percent = new Map<string, number>()
  const measure = async (name: string, work: Watch, cpuMs: () => Promise<number> | number): Promise<void> => {
    const child = fork(SELF, ['watch'])
    child.send(work)
    await delay(warmUp * 1_000)
    const parts = async (): Promise<number> => {
      child.send('sample')
      return Number((await once(child, 'message'))[0])
    }
    const before = { cpuMs: await cpuMs(), parts: await parts() }
    await delay(seconds * 1_000)
    percent.set(name, ((await cpuMs()) - before.cpuMs) / (seconds * 10) / cameras)
    const rate = ((await parts()) - before.parts) / seconds / work.urls.length
    if (!work.endless)
      console.log(
        `${name.padEnd(9)} ${work.urls.length} viewers in all, each of them got ${rate.toFixed(1)} parts a second`,
      )
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  try {
    const gateway = await startGateway()
    const { headers, cameraIds } = await prepare(gateway.url, source.port, cameras)
    // A session has 64 views at the most, a view 16 requests at once: several viewers of the bench share one.
    const urls: string[] = []
    for (const cameraId of cameraIds.flatMap((id) => Array.from({ length: Math.ceil(viewers / SHARING) }, () => id))) {
      const asked = { cameraId, reason: { kind: 'routine' } }
      const { hlsUrl } = await post<{ hlsUrl: string }>(`${gateway.url}/api/v1/views`, headers, asked)
      for (let i = 0; i < Math.min(viewers, SHARING); i++) urls.push(new URL(hlsUrl, gateway.url).href)
    }
    await measure('gateway', { urls, headers, endless: false }, () => cpuOf(gateway))
    gateway.child.kill()
    const bare = await startBare(cameras, source.port)
    const asked = urls.map((_, at) => `${bare.url}/${at % cameras}/index.m3u8`)
    await measure('floor', { urls: asked, headers: {}, endless: false }, () => cpuOf(bare))
    bare.child.kill()
    for (const [name, start] of Object.entries(SERVING)) {
      const peer = await start(cameras, source.port)
      const own = cameraIds.flatMap((_, i) => Array.from({ length: viewers }, () => peer.url?.(i) ?? ''))
      await delay(8_000)
      await measure(name, { urls: own, headers: {}, endless: name === 'go2rtc' }, () => peer.sample().cpuMs)
      await peer.stop()
    }
  } finally {
    source.child.kill()
  }
  const ours = percent.get('gateway') ?? Number.NaN
  for (const [name, value] of percent)
    console.log(
      `${name.padEnd(9)} ${value.toFixed(3)} % of a core a stream with ${viewers} low-latency viewer${viewers === 1 ? '' : 's'}${name === 'gateway' ? '' : `, gateway / ${name}: ${(ours / value).toFixed(2)}x`}`,
    )
}

async function watch(): Promise<void> {
  const [{ urls, headers, endless }] = (await once(process, 'message')) as [Watch]
  const never = new AbortController().signal
  let parts = 0
  process.on('message', () => process.send?.(parts))
  await Promise.all(
    urls.map(async (url) => {
      if (!endless) return playLowLatency(new URL(url), headers, never, () => parts++)
      const [response] = (await once(get(url), 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
    }),
  )
}
