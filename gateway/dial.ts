import { lookup } from 'node:dns/promises'
import { BlockList, isIP, connect as netConnect, type OnReadOpts, type Socket } from 'node:net'

/** Ports of other services that a hostile answer could point us at; cameras do not live there. */
const FOREIGN_PORTS = new Set([
  0, 22, 23, 25, 53, 110, 135, 139, 143, 445, 1433, 1883, 3306, 3389, 5432, 6379, 8883, 11211, 27017,
])

const CONNECT_TIMEOUT_MS = 5_000

export type DialRefusal = 'address-not-allowed' | 'port-not-allowed' | 'name-not-found'
export type DialFault = DialRefusal | 'refused' | 'timeout' | 'unreachable' | 'tls-failed' | 'certificate-changed'

/** Thrown by `connect`; `fault` says which step failed, so that a probe can name the cause. */
export class DialError extends Error {
  readonly fault: DialFault
  constructor(fault: DialFault, message: string) {
    super(message)
    this.name = 'DialError'
    this.fault = fault
  }
}

export interface DialTarget {
  host: string
  port: number
  timeoutMs?: number
  /** Reads into a buffer that the caller owns instead of allocating one a chunk. */
  onread?: OnReadOpts
}

/**
 * The only way out to a camera. Names are resolved here and the connection goes to the very address that was
 * checked, so a second resolution cannot point elsewhere.
 */
export interface Dialer {
  /** True if the literal address lies in one of the allowed networks; never sends a packet. */
  allows(address: string): boolean
  /** Address and port as they would be dialled, or why not; resolves names, sends nothing to the target. */
  check(host: string, port: number): Promise<{ ok: true; address: string } | { ok: false; why: DialRefusal }>
  /** A connected socket, or a DialError. */
  connect(target: DialTarget, signal: AbortSignal): Promise<Socket>
}

/** @param networks CIDR list, each already validated by configuration, such as `10.0.0.0/8` or `fd00::/8` */
export function createDialer(networks: readonly string[]): Dialer {
  const allowed = new BlockList()
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/')
    allowed.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }

  const allows = (address: string): boolean => {
    const plain = unmapped(address)
    const family = isIP(plain)
    return family !== 0 && allowed.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }

  const check: Dialer['check'] = async (host, port) => {
    if (!Number.isInteger(port) || port < 1 || port > 65_535 || FOREIGN_PORTS.has(port)) {
      return { ok: false, why: 'port-not-allowed' }
    }
    const name = host.replace(/^\[|\]$/g, '')
    if (isIP(name) !== 0) {
      return allows(name) ? { ok: true, address: unmapped(name) } : { ok: false, why: 'address-not-allowed' }
    }
    const found = await lookup(name).catch(() => undefined)
    if (found === undefined) return { ok: false, why: 'name-not-found' }
    return allows(found.address)
      ? { ok: true, address: unmapped(found.address) }
      : { ok: false, why: 'address-not-allowed' }
  }

  const connect: Dialer['connect'] = async ({ host, port, timeoutMs = CONNECT_TIMEOUT_MS, onread }, signal) => {
    signal.throwIfAborted()
    const checked = await check(host, port)
    if (!checked.ok) throw new DialError(checked.why, `${host}:${port} is not dialled: ${checked.why}`)
    const { address } = checked
    return new Promise<Socket>((resolve, reject) => {
      const socket = netConnect({ host: address, port, noDelay: true, ...(onread ? { onread } : {}) })
      const fail = (fault: DialFault, message: string): void => {
        done()
        socket.destroy()
        reject(new DialError(fault, message))
      }
      const timer = setTimeout(() => fail('timeout', `${address}:${port} did not answer in ${timeoutMs} ms`), timeoutMs)
      const onAbort = (): void => {
        done()
        socket.destroy()
        reject(signal.reason)
      }
      const onError = (error: NodeJS.ErrnoException): void =>
        fail(error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable', `${address}:${port}: ${error.message}`)
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        socket.off('error', onError)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      socket.once('error', onError)
      socket.once('connect', () => {
        done()
        resolve(socket)
      })
    })
  }

  return { allows, check, connect }
}

/** `::ffff:192.0.2.1` names the IPv4 host behind it and is judged as that host (RFC 4291 §2.5.5.2). */
function unmapped(address: string): string {
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (dotted !== undefined) return dotted
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address)
  if (hex === null) return address
  const bits = (Number.parseInt(hex[1] ?? '0', 16) << 16) | Number.parseInt(hex[2] ?? '0', 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}
