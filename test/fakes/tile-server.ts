import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { crc32, deflateSync } from 'node:zlib'

const SIDE_PX = 256
/** PNG (ISO/IEC 15948) §5.2. */
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

/** One grey square with a darker edge, so that the seams of a map are seen. */
function tilePng(grey: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIDE_PX, 0)
  header.writeUInt32BE(SIDE_PX, 4)
  header.writeUInt8(8, 8) // bits a sample; all else 0: greyscale, not interlaced
  const rows = Buffer.alloc(SIDE_PX * (SIDE_PX + 1))
  for (let y = 0; y < SIDE_PX; y += 1) {
    for (let x = 0; x < SIDE_PX; x += 1) rows[y * (SIDE_PX + 1) + 1 + x] = x === 0 || y === 0 ? grey / 2 : grey
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

export interface TileServer {
  /** For `GRIDLIGHT_MAP_TILE_URL`. */
  url: string
  origin: string
  /** What was asked for. */
  requests: { path: string; headers: IncomingHttpHeaders }[]
  close(): Promise<void>
}

/** Map tiles over HTTP as a county's map server gives them, under another host name than the console's. */
export async function startTileServer(): Promise<TileServer> {
  const requests: TileServer['requests'] = []
  const server = createServer((request, response) => {
    const { url: path = '', headers } = request
    requests.push({ path, headers })
    const [, x, y] = /^\/\d+\/(\d+)\/(\d+)\.png$/.exec(path) ?? []
    if (x === undefined || y === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'image/png', 'cache-control': 'max-age=60' })
    return response.end(tilePng((Number(x) + Number(y)) % 2 === 0 ? 60 : 80))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Cast: a server that listens on TCP has such an address.
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    url: `${origin}/{z}/{x}/{y}.png`,
    origin,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
