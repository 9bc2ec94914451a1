import { option } from './options.ts'
import { cpuOf, post, prepare, startCameras, startGateway } from './whole-gateway.ts'

/**
 * From the wish to watch (`POST /api/v1/views`) to the first playable media in hand, through the whole gateway: cold, when
 * nobody watches that camera yet, and warm. The bench's cameras start with a key frame, so what is left cold is what
 * we and the way to the camera take. Also the age of frames as a low-latency player gets them, by the playlist's own
 * clock, which on one machine is the camera's.
 *
 * usage: node scripts/bench/first-frame.ts [--cameras 20] [--warm 60] [--parts 150]
 */

const cameras = option('cameras', 20)
const source = await startCameras()
const gateway = await startGateway()
try {
  const { headers, cameraIds } = await prepare(gateway.url, source.port, cameras)
  const open = async (cameraId: string): Promise<{ id: string; ms: number; grantedMs: number; playlist: URL }> => {
    const startedMs = performance.now()
    const body = { cameraId, reason: { kind: 'routine' } }
    const { id, hlsUrl } = await post<{ id: string; hlsUrl: string }>(`${gateway.url}/api/v1/views`, headers, body)
    const grantedMs = performance.now() - startedMs
    const index = new URL(hlsUrl, gateway.url)
    const media = (await text(index)).trim().split('\n').at(-1) ?? ''
    const playlist = new URL(media, index)
    const list = await text(playlist)
    const names = [/#EXT-X-MAP:URI="([^"]+)"/, /#EXT-X-PART:.*URI="([^"]+)",INDEPENDENT/].map(
      (of) => of.exec(list)?.[1],
    )
    for (const name of names) {
      if (name === undefined) throw new Error(`nothing to play:\n${list}`)
      await (await fetch(new URL(name, playlist), { headers })).arrayBuffer()
    }
    return { id, ms: performance.now() - startedMs, grantedMs, playlist }
  }
  const text = async (url: URL): Promise<string> => (await fetch(url, { headers })).text()

  const cold: number[] = []
  let playlist: URL | undefined
  for (const cameraId of cameraIds) {
    const opened = await open(cameraId)
    cold.push(opened.ms)
    playlist = opened.playlist
  }
  report('cold, request to first media', cold)
  const warm: number[] = []
  const granted: number[] = []
  for (let i = 0; i < option('warm', 60); i++) {
    const { id, ms, grantedMs } = await open(cameraIds[i % cameras] ?? '')
    warm.push(ms)
    granted.push(ms - grantedMs)
    await fetch(`${gateway.url}/api/v1/views/${id}`, { method: 'DELETE', headers })
  }
  report('warm, request to first media', warm)
  report('warm, view granted to first media', granted)
  if (playlist !== undefined)
    report('LL-HLS, age of frames', await frameAges(playlist, text, headers, option('parts', 150)))
  console.log(`${((await cpuOf(gateway)) / 1000).toFixed(1)} s of CPU in all`)
} finally {
  gateway.child.kill()
  source.child.kill()
}

/** Ages of the frames of parts when the part is in hand, 40 ms apart within it. */
async function frameAges(
  playlist: URL,
  text: (url: URL) => Promise<string>,
  headers: Record<string, string>,
  parts: number,
): Promise<number[]> {
  const ages: number[] = []
  let reload = ''
  for (let i = 0; i < parts; i++) {
    const lines = (await text(new URL(`${playlist.href}${reload}`))).split('\n')
    const last = lines.findLastIndex((line) => line.startsWith('#EXT-X-PART:'))
    const started = lines.findLastIndex((line) => line.startsWith('#EXT-X-PROGRAM-DATE-TIME:'))
    const own = lines.slice(started, last + 1).filter((line) => line.startsWith('#EXT-X-PART:'))
    const lengths = own.map((line) => Number(/DURATION=([\d.]+)/.exec(line)?.[1]))
    const name = /URI="([^"]+)"/.exec(own.at(-1) ?? '')?.[1] ?? ''
    await (await fetch(new URL(name, playlist), { headers })).arrayBuffer()
    const nowMs = Date.now()
    const startMs = Date.parse(lines[started]?.slice(25) ?? '')
    const beforeS = lengths.slice(0, -1).reduce((sum, length) => sum + length, 0)
    for (let atS = 0; atS < (lengths.at(-1) ?? 0) - 0.001; atS += 0.04)
      ages.push(nowMs - startMs - (beforeS + atS) * 1000)
    const first = Number(lines.find((line) => line.startsWith('#EXT-X-MEDIA-SEQUENCE:'))?.split(':')[1])
    const whole = lines.filter((line) => line.startsWith('#EXTINF')).length
    const open = lines.slice(lines.findLastIndex((line) => line.startsWith('#EXTINF')) + 1)
    const count = open.filter((line) => line.startsWith('#EXT-X-PART:')).length
    reload = `?_HLS_msn=${first + whole}&_HLS_part=${count}`
  }
  return ages
}

function report(name: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(0)
  console.log(`${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (${values.length})`)
}
