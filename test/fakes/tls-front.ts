import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'

interface Teardown {
  teardown(handler: () => void | Promise<void>): void
}

/** A reason to skip, or false: certificates are made with openssl. */
export const lacksOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'

export interface TlsFront {
  port: number
  /** SHA-256 of what is shown now, hex. */
  readonly certificate: string
  /** Bytes that clients have sent through TLS. */
  readonly received: string
  /** Shows another certificate from now on. */
  renew(): void
  close(): Promise<void>
}

/** TLS with a certificate that nobody vouches for, before a server that speaks in the clear. */
export async function tlsFront(t: Teardown, target: { host: string; port: number }): Promise<TlsFront> {
  let made = selfSigned()
  const received: Buffer[] = []
  const server = createServer(made, (socket) => {
    const inner = connect(target)
    for (const end of [socket, inner]) end.on('error', () => {})
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    socket.pipe(inner).pipe(socket)
    socket.on('close', () => inner.destroy())
  })
  server.on('tlsClientError', () => {}) // the client did not trust us, or speaks no TLS
  await new Promise<void>((resolve) => server.listen(0, target.host, resolve))
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  t.teardown(close)
  return {
    port: (server.address() as AddressInfo).port,
    get certificate() {
      return createHash('sha256').update(new X509Certificate(made.cert).raw).digest('hex')
    },
    get received() {
      return Buffer.concat(received).toString('latin1')
    },
    renew() {
      made = selfSigned()
      server.setSecureContext(made)
    },
    close,
  }
}

/** A certificate that nobody vouches for, PEM. */
export function selfSigned(): { key: Buffer; cert: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-'))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const made = spawnSync('openssl', [...kind, '-keyout', key, '-out', cert, '-subj', '/CN=camera'])
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`)
  const pair = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(directory, { recursive: true })
  return pair
}
