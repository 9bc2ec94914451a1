import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { LIVE_SOCKET_PATH, readLiveHeader } from '../../gateway/contracts/live-socket.ts'
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

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

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
    const players = views.map((view) => playHls(url, view, headers, stop.signal))
    const hls = await percent()
    stop.abort()
    await Promise.all(players)

    const ages: number[] = []
    const socket = playSocket(url, views, headers, (sentMs) =>
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

/** As a low-latency player does: each reload is held for the next part, and each part is fetched. */
async function playHls(url: string, view: View, headers: Record<string, string>, stop: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const text = async (path: string): Promise<string> => {
    const request = get(new URL(path, url), { agent, headers })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return Buffer.concat(chunks).toString('latin1')
  }
  const index = await text(view.hlsUrl)
  const folder = `/live/${view.id}/`
  const playlist = `${folder}${index.split('\n').find((line) => line.endsWith('.m3u8'))}`
  const media = playlist.slice(0, playlist.lastIndexOf('/') + 1)
  let reload = ''
  while (!stop.aborted) {
    const lines = (await text(`${playlist}${reload}`)).split('\n')
    const first = Number(lines.find((line) => line.startsWith('#EXT-X-MEDIA-SEQUENCE:'))?.split(':')[1])
    const lastWhole = lines.findLastIndex((line) => line.startsWith('#EXTINF'))
    const whole = lines.filter((line) => line.startsWith('#EXTINF')).length
    const parts = lines.slice(lastWhole + 1).filter((line) => line.startsWith('#EXT-X-PART:'))
    reload = `?_HLS_msn=${first + whole}&_HLS_part=${parts.length}`
    const uri = /URI="([^"]+)"/.exec(lines.findLast((line) => line.startsWith('#EXT-X-PART:')) ?? '')?.[1]
    if (uri !== undefined) await text(`${media}${uri}`)
  }
  agent.destroy()
}

function playSocket(
  url: string,
  views: readonly View[],
  headers: Record<string, string>,
  onPart: (sentMs: number) => void,
): WebSocket {
  const socket = new WebSocket(new URL(LIVE_SOCKET_PATH, url.replace('http', 'ws')), { headers })
  socket.on('open', () => {
    for (const { id } of views) socket.send(JSON.stringify({ open: id }))
  })
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const header = isBinary ? readLiveHeader(new DataView(data.buffer, data.byteOffset, data.length)) : undefined
    if (header?.type === 'part') onPart(header.sentMs)
  })
  return socket
}
