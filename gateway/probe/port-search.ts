import { DialError } from '../dial.ts'
import { Pace } from '../onvif/pace.ts'
import { type Asked, askPort, isThere, type ReachDeps, USUAL_PORTS } from './reach.ts'

/** A device in reach opens a connection at once; one behind a slow link within this. */
const CONNECT_TIMEOUT_MS = 1_500
/** Half-open connections to addresses where nobody is. */
const MAX_UNDER_WAY = 384

export interface PortSearch {
  connectsPerSecond: number
  /** Asked already, by `address:port`. */
  known: (address: string, port: number) => boolean
  onFound: (address: string, found: Asked) => Promise<void> | void
  onProgress: () => void
}

/**
 * Tries the usual ONVIF ports of addresses that did not answer discovery: a connection each, paced, one port after the
 * other over all addresses, and the time without login where one opens. Rejects only with the signal's reason.
 */
export async function searchPorts(
  addresses: readonly string[],
  { connectsPerSecond, known, onFound, onProgress }: PortSearch,
  deps: ReachDeps,
  signal: AbortSignal,
): Promise<void> {
  const pace = new Pace(deps.clock, connectsPerSecond)
  const over = new Set<string>()
  const underWay = new Set<Promise<void>>()

  const tryPort = async (address: string, port: number): Promise<void> => {
    try {
      const socket = await deps.dialer.connect({ host: address, port, timeoutMs: CONNECT_TIMEOUT_MS }, signal)
      socket.destroy()
    } catch (error) {
      signal.throwIfAborted()
      // No host there: its other ports need not be asked.
      if (error instanceof DialError && error.fault === 'unreachable') over.add(address)
      return
    }
    const request = { host: address, ports: USUAL_PORTS, devicePath: undefined, pins: new Map<string, string>() }
    const asked = await askPort(port, request, deps, signal)
    if (!isThere(asked) || over.has(address)) return
    over.add(address)
    await onFound(address, asked)
  }

  try {
    for (const port of USUAL_PORTS) {
      for (const address of addresses) {
        if (over.has(address) || known(address, port)) {
          onProgress()
          continue
        }
        await pace.turn(signal)
        if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay)
        const one: Promise<void> = tryPort(address, port).finally(() => {
          underWay.delete(one)
          onProgress()
        })
        one.catch(() => {}) // awaited below, or everything has ended
        underWay.add(one)
      }
    }
    await Promise.all(underWay)
  } finally {
    await Promise.allSettled(underWay)
  }
}
