import { request as httpRequest, type IncomingMessage } from 'node:http'
import { DialError, type Dialer, type DialFault } from '../dial.ts'
import { CertificateChanged, secure } from '../pinned-tls.ts'

export interface HttpPost {
  host: string
  port: number
  /** Path and query, as on the request line. */
  path: string
  body: string
  headers: Readonly<Record<string, string>>
  maxBytes: number
  timeoutMs: number
  /** HTTPS; `pin` is the certificate the device is known by, undefined on first use. */
  tls?: { pin: string | undefined }
}

/** `certificate` is what the device showed, SHA-256 in hex; undefined in the clear. */
export type HttpAnswer =
  | { ok: true; status: number; challenges: string[]; body: Buffer; certificate: string | undefined }
  | {
      ok: false
      why: DialFault | 'closed' | 'too-large' | 'not-http'
      detail: string
      certificate?: string | undefined
    }

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
    if (error instanceof CertificateChanged) {
      return { ok: false, why: error.fault, detail: error.message, certificate: error.found }
    }
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
  const { host, port, path, body, headers, maxBytes, timeoutMs, tls } = request
  const plain = await dialer.connect({ host, port, timeoutMs }, signal)
  const secured = tls && (await secure(plain, { host, pin: tls.pin, timeoutMs }, signal))
  const socket = secured?.socket ?? plain
  const certificate = secured?.certificate
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
        collect(incoming, maxBytes, certificate).then(resolve, reject)
      })
      outgoing.end(body)
    })
  } finally {
    socket.destroy()
  }
}

async function collect(
  incoming: IncomingMessage,
  maxBytes: number,
  certificate: string | undefined,
): Promise<HttpAnswer> {
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
    certificate,
  }
}
