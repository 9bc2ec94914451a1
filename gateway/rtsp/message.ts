/** A response to one of our requests, or a request of the server's own. */
export type RtspMessage = {
  /** Lower-case names, values in order, folded lines joined. */
  headers: ReadonlyMap<string, readonly string[]>
  body: Buffer
} & ({ kind: 'response'; status: number; reason: string } | { kind: 'request'; method: string; uri: string })

export const MAX_HEAD_BYTES = 16 * 1024
export const MAX_BODY_BYTES = 256 * 1024
const MAX_HEADERS = 100

/** Start line and headers (RFC 2326 §4); tolerates bare LF. @param head up to, not including, the empty line */
export function parseHead(head: string): RtspMessage | undefined {
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  const start = lines[0] ?? ''
  const headers = new Map<string, string[]>()
  for (const line of lines.slice(1, MAX_HEADERS + 1)) {
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    const values = headers.get(name)
    if (values === undefined) headers.set(name, [line.slice(colon + 1).trim()])
    else values.push(line.slice(colon + 1).trim())
  }
  const body = Buffer.alloc(0)
  const response = /^RTSP\/\d\.\d[ \t]+(\d{3})[ \t]*(.*)$/.exec(start)
  if (response !== null) {
    return { kind: 'response', status: Number(response[1]), reason: response[2] ?? '', headers, body }
  }
  const request = /^([A-Z_]{1,32}) (\S{1,2048}) RTSP\/\d\.\d$/.exec(start)
  return request === null
    ? undefined
    : { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '', headers, body }
}

/** @returns bytes of the body that follows, or undefined if it is out of bounds */
export function bodyBytes(message: RtspMessage): number | undefined {
  const text = message.headers.get('content-length')?.[0]
  if (text === undefined) return 0
  const bytes = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return bytes <= MAX_BODY_BYTES ? bytes : undefined
}

/** @param headers values are latin1 and free of line breaks, or the request is refused with a throw */
export function formatRequest(method: string, uri: string, headers: readonly (readonly [string, string])[]): string {
  for (const text of [uri, ...headers.flat()]) if (/[\r\n]/.test(text)) throw new Error('line break in an RTSP request')
  return `${method} ${uri} RTSP/1.0\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}
