import { request as httpRequest, type IncomingMessage } from 'node:http'
import { DialError, type Dialer, type DialFault } from '../dial.ts'

export interface HttpPost {
  host: string
  port: number
  /** Path and query, as on the request line. */
  path: string
  body: string
  headers: Readonly<Record<string, string>>
  maxBytes: number
  timeoutMs: number
}

export type HttpAnswer =
  | { ok: true; status: number; challenges: string[]; body: Buffer }
  | { ok: false; why: DialFault | 'closed' | 'too-large' | 'not-http'; detail: string }

/** Response headers of a camera are few. */
const MAX_HEADER_BYTES = 32 * 1024

/**
 * One POST on one connection of its own, dialled through the gate. Redirects are answers like any other: nobody
 * follows them. Rejects only with the signal's reason.
 */
export async function post(dialer: Dialer, request: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs)
  const either = AbortSignal.any([signal, timeout])
  try {
    return await send(dialer, request, either)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DialError) return { ok: false, why: error.fault, detail: error.message }
    if (timeout.aborted) {
      return { ok: false, why: 'timeout', detail: `no complete answer in ${request.timeoutMs} ms` }
    }
    const { code, message } = error as { code?: string; message?: string }
    if (code?.startsWith('HPE_')) return { ok: false, why: 'not-http', detail: `the answer is not HTTP (${code})` }
    return { ok: false, why: 'closed', detail: message ?? 'the connection was closed' }
  }
}

async function send(dialer: Dialer, request: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
  const { host, port, path, body, headers, maxBytes, timeoutMs } = request
  const socket = await dialer.connect({ host, port, timeoutMs }, signal)
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const outgoing = httpRequest({
        createConnection: () => socket,
        method: 'POST',
        path,
        setHost: false,
        maxHeaderSize: MAX_HEADER_BYTES,
        headers: {
          host: `${host.includes(':') ? `[${host}]` : host}:${port}`,
          'content-type': 'application/soap+xml; charset=utf-8',
          'content-length': Buffer.byteLength(body),
          connection: 'close',
          ...headers,
        },
        signal,
      })
      outgoing.on('error', reject)
      outgoing.on('response', (incoming) => {
        collect(incoming, maxBytes).then(resolve, reject)
      })
      outgoing.end(body)
    })
  } finally {
    socket.destroy()
  }
}

async function collect(incoming: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) return { ok: false, why: 'too-large', detail: `an answer of more than ${maxBytes} bytes` }
    chunks.push(chunk)
  }
  return {
    ok: true,
    status: incoming.statusCode ?? 0,
    challenges: incoming.headersDistinct['www-authenticate'] ?? [],
    body: Buffer.concat(chunks, size),
  }
}
