/** A request, or what else a client may send between requests on the same connection. */
export interface RtspRequest {
  method: string
  uri: string
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>
}

const MAX_HEAD_BYTES = 16_384
const MAX_BODY_BYTES = 65_536
const DOLLAR = 0x24

/** Cuts a connection's bytes into requests (RFC 2326 §6) and skips interleaved receiver reports (§10.12). */
export class RtspReader {
  #pending: Buffer = Buffer.alloc(0)

  /** @returns the requests completed by these bytes, or undefined when they are no RTSP */
  push(chunk: Buffer): RtspRequest[] | undefined {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const requests: RtspRequest[] = []
    for (;;) {
      if (this.#pending[0] === DOLLAR) {
        if (this.#pending.length < 4) return requests
        const frameBytes = 4 + this.#pending.readUInt16BE(2)
        if (this.#pending.length < frameBytes) return requests
        this.#pending = this.#pending.subarray(frameBytes)
        continue
      }
      const headBytes = this.#pending.indexOf('\r\n\r\n')
      if (headBytes === -1) return this.#pending.length > MAX_HEAD_BYTES ? undefined : requests
      const request = parseHead(this.#pending.toString('latin1', 0, headBytes))
      const bodyBytes = Number(request?.headers.get('content-length') ?? 0)
      if (request === undefined || !(bodyBytes >= 0 && bodyBytes <= MAX_BODY_BYTES)) return undefined
      if (this.#pending.length < headBytes + 4 + bodyBytes) return requests
      this.#pending = this.#pending.subarray(headBytes + 4 + bodyBytes)
      requests.push(request)
    }
  }
}

function parseHead(head: string): RtspRequest | undefined {
  const [start = '', ...lines] = head.trimStart().split('\r\n')
  const [, method, uri] = /^([A-Z_]+) (\S+) RTSP\/1\.\d$/.exec(start) ?? []
  if (method === undefined || uri === undefined) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { method, uri, headers }
}

const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
} as const
export type RtspStatus = keyof typeof REASONS

/** @param headers in the order they are sent; a name may come twice, as WWW-Authenticate does */
export function formatResponse(
  status: RtspStatus,
  cseq: string | undefined,
  headers: readonly (readonly [string, string])[] = [],
  body = '',
): string {
  const lines = [`RTSP/1.0 ${status} ${REASONS[status]}`, `CSeq: ${cseq ?? '0'}`]
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
