import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { discard } from './discard.ts'

/**
 * The least that Node takes to serve low-latency viewers: receives the cameras' streams and throws them away, and answers
 * as many requests with as many bytes as the gateway does, from memory, with no view, no session and no media behind it.
 */

/** Nine parts to a segment of two seconds, the last one short: on average. */
const PART_BYTES = 114_000
const PART_MS = 2000 / 9
const PARTS = 9
const SEGMENTS_LISTED = 4
const [, , camerasText = '', portText = ''] = process.argv
const cameras = Number(camerasText)

class Stream {
  readonly #waiting: [part: number, response: ServerResponse][] = []
  #next = PARTS * SEGMENTS_LISTED
  #list = this.#render()

  grow(): void {
    this.#next++
    this.#list = this.#render()
    for (const [part, response] of this.#waiting.splice(0)) this.list(part, response)
  }

  /** @param part counted from the start of the stream; the answer waits for it */
  list(part: number, response: ServerResponse): void {
    if (part >= this.#next) this.#waiting.push([part, response])
    else {
      response.writeHead(200, headers('application/vnd.apple.mpegurl', this.#list.length, 'no-store'))
      response.end(this.#list, 'latin1')
    }
  }

  #render(): string {
    const open = Math.floor(this.#next / PARTS)
    const first = open - SEGMENTS_LISTED
    const lines = ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2', '#EXT-X-PART-INF:PART-TARGET=0.26']
    lines.push('#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.78', `#EXT-X-MEDIA-SEQUENCE:${first}`)
    for (let msn = first; msn <= open; msn++) {
      for (let part = msn * PARTS; part < Math.min(this.#next, (msn + 1) * PARTS) && msn >= open - 1; part++)
        lines.push(`#EXT-X-PART:DURATION=0.24000,URI="p${part}.m4s"`)
      if (msn < open) lines.push('#EXTINF:2.00000,', `s${msn}.m4s`)
    }
    return `${lines.join('\n')}\n`
  }
}

/** As many and as long as the gateway's. */
const headers = (type: string, sizeBytes: number, cache: string): string[] => [
  ...['cross-origin-resource-policy', 'same-origin', 'referrer-policy', 'no-referrer'],
  ...['x-content-type-options', 'nosniff', 'content-type', type],
  ...['content-length', String(sizeBytes), 'cache-control', cache],
]

const streams = Array.from({ length: cameras }, () => new Stream())
const bytes = Buffer.alloc(PART_BYTES, 7)

const server = createServer({ optimizeEmptyRequests: true }, ({ url = '' }, response) => {
  const [, camera, file, msn, part] = /^\/(\d+)\/([\w.]+)(?:\?_HLS_msn=(\d+)&_HLS_part=(\d+))?$/.exec(url) ?? []
  const stream = streams[Number(camera)]
  if (file === 'index.m3u8') response.end('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=4100000\nvideo.m3u8\n')
  else if (file === 'video.m3u8') stream?.list(Number(msn ?? 0) * PARTS + Number(part ?? 0), response)
  else {
    response.writeHead(200, headers('video/mp4', PART_BYTES, 'private, max-age=3600'))
    response.end(bytes)
  }
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

for (const [at, stream] of streams.entries()) {
  discard(Number(portText))
  setTimeout(() => setInterval(() => stream.grow(), PART_MS), (at * PART_MS) / cameras)
}
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.((user + system) / 1000)
})
process.on('disconnect', () => process.exit())
process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, originMs: performance.timeOrigin })
