import { createHash } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { DialError } from './dial.ts'

export interface SecureOptions {
  /** As it was dialled; a name is told to the device (SNI). */
  host: string
  /** The certificate this device is known by; undefined on first use, when any is taken and reported. */
  pin: string | undefined
  timeoutMs?: number
}

export interface Secured {
  socket: TLSSocket
  certificate: string
}

/** The device shows another certificate than the one it is known by: nothing was sent to it. */
export class CertificateChanged extends DialError {
  readonly found: string
  constructor(pin: string, found: string) {
    super('certificate-changed', `the certificate is ${found}, registered is ${pin}`)
    this.name = 'CertificateChanged'
    this.found = found
  }
}

const HANDSHAKE_TIMEOUT_MS = 5_000

/**
 * TLS over a connection that was dialled. Cameras sign their certificates themselves, so nobody's word but the pin
 * counts (trust on first use); not a byte is written before it was compared.
 * Rejects with a DialError (`tls-failed`, `timeout`, `certificate-changed`) or the signal's reason; the connection is
 * then closed.
 */
export function secure(plain: Socket, options: SecureOptions, signal: AbortSignal): Promise<Secured> {
  const { host, pin, timeoutMs = HANDSHAKE_TIMEOUT_MS } = options
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const socket = connectTls({ socket: plain, ...servername, rejectUnauthorized: false })
    const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const done = (): void => {
      stop.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      socket.off('close', onClose)
    }
    const fail = (why: unknown): void => {
      done()
      socket.on('error', () => {}) // of a connection that is given up
      socket.destroy()
      plain.destroy()
      reject(why)
    }
    const onAbort = (): void =>
      fail(signal.aborted ? signal.reason : new DialError('timeout', `no agreement on TLS in ${timeoutMs} ms`))
    const onError = (error: NodeJS.ErrnoException): void =>
      fail(new DialError('tls-failed', `TLS: ${error.code ?? 'failed'}`))
    const onClose = (): void => fail(new DialError('tls-failed', 'TLS: the connection was closed'))
    stop.addEventListener('abort', onAbort, { once: true })
    socket.once('error', onError)
    socket.once('close', onClose)
    socket.once('secureConnect', () => {
      const shown = socket.getPeerCertificate().raw
      if (shown === undefined) return fail(new DialError('tls-failed', 'TLS: no certificate was shown'))
      const certificate = createHash('sha256').update(shown).digest('hex')
      if (pin !== undefined && pin !== certificate) return fail(new CertificateChanged(pin, certificate))
      done()
      return resolve({ socket, certificate })
    })
    if (stop.aborted) onAbort()
  })
}
