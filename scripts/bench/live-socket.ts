import { setTimeout as delay } from 'node:timers/promises'
import { playSocket } from './live-socket-viewer.ts'
import { playLowLatency } from './ll-hls-viewer.ts'
import { option } from './options.ts'
import { cpuOf, post, prepare, startCameras, startGateway } from './whole-gateway.ts'

/**
 * The gateway's own CPU with so many views of one viewer, over LL-HLS as a player asks for it and over one live socket,
 * and how long a part takes from its end to the socket's viewer. The whole product runs: gate, audit, metrics.
 *
 * usage: node scripts/bench/live-socket.ts [--views 10] [--seconds 20]
 */

interface View {
  id: string
  hlsUrl: string
}

await main()

async function main(): Promise<void> {
  const count = option('views', 10)
  const seconds = option('seconds', 20)
  const { child: source, port } = await startCameras()
  const gateway = await startGateway()
  const { url, originMs } = gateway
  try {
    const { headers, cameraIds } = await prepare(url, port, count)
    const views = await Promise.all(
      cameraIds.map((cameraId) =>
        post<View>(`${url}/api/v1/views`, headers, { cameraId, reason: { kind: 'routine' } }),
      ),
    )
    const percent = async (): Promise<number> => {
      await delay(3_000) // until the first burst is over
      const before = await cpuOf(gateway)
      await delay(seconds * 1000)
      return ((await cpuOf(gateway)) - before) / (seconds * 10)
    }
    const stop = new AbortController()
    const players = views.map((view) => playLowLatency(new URL(view.hlsUrl, url), headers, stop.signal))
    const hls = await percent()
    stop.abort()
    await Promise.all(players)

    const ages: number[] = []
    const socket = playSocket(url, views, headers, ({ sentMs }) =>
      ages.push(performance.timeOrigin + performance.now() - originMs - sentMs),
    )
    const live = await percent()
    socket.terminate()
    const idle = await percent()

    console.log(`${count} streams, nobody watching: ${idle.toFixed(2)} % of a core`)
    console.log(`${count} views over LL-HLS: ${hls.toFixed(2)} %`)
    console.log(`${count} views over one live socket: ${live.toFixed(2)} %`)
    console.log(`beyond the streams themselves, socket / LL-HLS: ${((live - idle) / (hls - idle)).toFixed(2)}x`)
    ages.sort((a, b) => a - b)
    const at = (share: number): string => (ages[Math.floor(share * ages.length)] ?? Number.NaN).toFixed(1)
    console.log(`part to viewer, ${ages.length} messages: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms`)
  } finally {
    gateway.child.kill()
    source.kill()
  }
}
