import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { buildApp } from '../../gateway/app.ts'
import { systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config.ts'
import { LIVE_SOCKET_PATH, readLiveHeader } from '../../gateway/contracts/live-socket.ts'
import { picture } from './picture.ts'

/**
 * The gateway's own CPU with so many views of one viewer, over LL-HLS as a player asks for it and over one live socket,
 * and how long a part takes from its end to the socket's viewer. The whole product runs: gate, audit, metrics.
 *
 * usage: node scripts/bench/live-socket.ts [--views 10] [--seconds 20]
 */

const SELF = fileURLToPath(import.meta.url)
const CELL = '990123101001001'
const PASSWORD = 'correct-horse-battery'

interface Started {
  url: string
  /** Wall time at which the gateway's monotonic clock was zero, ms. */
  originMs: number
}

interface View {
  id: string
  hlsUrl: string
}

if (process.argv[2] === 'gateway') await serve()
else await main()

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

async function main(): Promise<void> {
  const count = option('views', 10)
  const seconds = option('seconds', 20)
  const source = fork(SELF.replace('live-socket.ts', 'relay.ts'), ['source', picture()])
  const port = Number(await answer(source))
  const gateway = fork(SELF, ['gateway'])
  try {
    const { url, originMs } = (await answer(gateway)) as Started
    const { headers, cameraIds } = await prepare(url, port, count)
    const views = await Promise.all(
      cameraIds.map((cameraId) =>
        post<View>(`${url}/api/v1/views`, headers, { cameraId, reason: { kind: 'routine' } }),
      ),
    )
    const percent = async (): Promise<number> => {
      await delay(3_000) // until the first burst is over
      const before = await sample(gateway)
      await delay(seconds * 1000)
      return ((await sample(gateway)) - before) / (seconds * 10)
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
    gateway.kill()
    source.kill()
  }
}

async function serve(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  const loaded = loadConfig({
    GRIDLIGHT_DATA_DIR: dataDir,
    GRIDLIGHT_HTTP_PORT: '0',
    GRIDLIGHT_MQTT_PORT: '0',
    GRIDLIGHT_CAMERA_NETWORKS: '127.0.0.0/8',
    GRIDLIGHT_ADMIN_PASSWORD: PASSWORD,
  })
  if (!loaded.ok) throw new Error(loaded.faults.join('; '))
  const gateway = await buildApp(loaded.config, { clock: systemClock, log: pino({ level: 'error' }), version: '0.0.0' })
  await gateway.start()
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1000)
  })
  process.on('SIGTERM', () => {
    rmSync(dataDir, { recursive: true })
    process.exit()
  })
  process.send?.({ url: gateway.url, originMs: performance.timeOrigin } satisfies Started)
}

/** Cells, cameras, links and an operator's token. */
async function prepare(url: string, port: number, count: number) {
  const signedIn = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string }
  const admin = { cookie, 'x-csrf-token': csrfToken }
  const grid = readFileSync(join(import.meta.dirname, '../virtual-township/grid.geojson'), 'utf8')
  await post(`${url}/api/v1/grid`, admin, JSON.parse(grid), 'PUT')
  const { token: installer } = await post<{ token: string }>(`${url}/api/v1/tokens`, admin, {
    name: 'bench installer',
    roles: ['installer', 'administrator'],
  })
  const { token } = await post<{ token: string }>(`${url}/api/v1/tokens`, admin, { name: 'bench', roles: ['operator'] })
  const registrar = { authorization: `Bearer ${installer}` }
  const cameraIds: string[] = []
  for (let at = 0; at < count; at += 1) {
    const { id: cameraId } = await post<{ id: string }>(`${url}/api/v1/cameras`, registrar, {
      name: `camera ${at}`,
      cellCode: CELL,
      placeClass: 'article-7',
      ownership: 'public',
      source: { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:${port}/${at}` },
    })
    await post(`${url}/api/v1/links`, registrar, {
      cameraId,
      ownership: 'public',
      party: { kind: 'government', name: 'bench', contact: 'bench' },
      basis: 'bench',
      purpose: 'bench',
      scopes: ['live'],
      validFrom: '2020-01-01T00:00:00.000Z',
    })
    cameraIds.push(cameraId)
  }
  return { headers: { authorization: `Bearer ${token}` }, cameraIds }
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

async function post<T>(url: string, headers: Record<string, string>, body: object, method = 'POST'): Promise<T> {
  const reply = await fetch(url, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(`${method} ${url}: ${await reply.text()}`)
  return (await reply.json()) as T // the bench's own gateway
}

async function sample(child: ChildProcess): Promise<number> {
  child.send('sample')
  return Number(await answer(child))
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}
