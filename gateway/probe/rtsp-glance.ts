import { DialError, type Dialer } from '../dial.ts'

export const GLANCE_TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 4_096

export type Glance = { ok: true } | { ok: false; why: string }

/**
 * One connection, one OPTIONS (RFC 2326 §10.1), no login: any RTSP answer means that the device is there. Of RTSP over
 * TLS the connection alone is looked at. Rejects only with the signal's reason.
 */
export async function answersRtsp(
  dialer: Dialer,
  uri: string,
  signal: AbortSignal,
  timeoutMs = GLANCE_TIMEOUT_MS,
): Promise<Glance> {
  const [, scheme = '', host = '', port] = /^(rtsps?):\/\/(\[[^\]]*\]|[^/:?]+)(?::(\d+))?/.exec(uri) ?? []
  const target = { host, port: Number(port ?? (scheme === 'rtsps' ? 322 : 554)) }
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const socket = await dialer.connect({ ...target, timeoutMs }, signal)
    const end = (): void => void socket.destroy()
    const either = AbortSignal.any([signal, timeout])
    either.addEventListener('abort', end)
    try {
      if (scheme === 'rtsps') return { ok: true }
      socket.write(`OPTIONS ${uri} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Gridlight\r\n\r\n`)
      let answer = ''
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        answer += chunk.toString('latin1')
        if (answer.startsWith('RTSP/1.')) return { ok: true }
        if (answer.length > MAX_ANSWER_BYTES) break
      }
      return { ok: false, why: answer === '' ? 'connection-lost' : 'protocol' }
    } finally {
      either.removeEventListener('abort', end)
      socket.destroy()
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DialError) return { ok: false, why: error.fault }
    return { ok: false, why: timeout.aborted ? 'timeout' : 'connection-lost' }
  }
}
