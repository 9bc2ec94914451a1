import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { GatedConnection } from './byte-gate.ts'

export interface ListenerLimits {
  /** From the first byte of TCP to the end of CONNECT. */
  connectMs: number
  /** All connections together. */
  connections: number
  /** From one address; a bridge may speak for many panels. */
  perAddress: number
  /** From one address, before CONNECT. */
  newPerAddress: number
}

export const DEFAULT_LIMITS: ListenerLimits = {
  connectMs: 5000,
  connections: 2000,
  perAddress: 200,
  newPerAddress: 20,
}

/** A peer that lost power never says so. */
const TCP_KEEP_ALIVE_MS = 30_000

export interface ListenerDeps {
  host: string
  port: number
  limits: ListenerLimits
  log: FastifyBaseLogger
  /** Takes over a connection whose bytes are watched. */
  handle(connection: GatedConnection): void
}

/** Accepts MQTT connections and ends those that cost more than they may before the broker knows them. */
export class Listener {
  readonly #deps: ListenerDeps
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #perAddress = new Map<string, { all: number; fresh: number }>()

  constructor(deps: ListenerDeps) {
    this.#deps = deps
    this.#server = createServer(
      { keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS, noDelay: true },
      (socket) => this.#accept(socket),
    )
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    const { host, port } = this.#deps
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#deps.log.error({ err: error }, 'MQTT listener'))
        resolve()
      })
    })
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    const { limits, log } = this.#deps
    const address = socket.remoteAddress ?? ''
    const count = this.#perAddress.get(address) ?? { all: 0, fresh: 0 }
    const isFull =
      this.#sockets.size >= limits.connections || count.all >= limits.perAddress || count.fresh >= limits.newPerAddress
    if (isFull) {
      log.debug({ address }, 'MQTT connection refused: too many')
      socket.destroy()
      return
    }
    this.#perAddress.set(address, count)
    this.#sockets.add(socket)
    count.all++
    count.fresh++
    let isFresh = true
    const settle = (): void => {
      if (isFresh) count.fresh--
      isFresh = false
      clearTimeout(timer)
    }
    // The socket's own lifetime; no test needs to move it.
    const timer = setTimeout(() => connection.destroy(new Error('CONNECT did not arrive in time')), limits.connectMs)
    const connection = new GatedConnection(socket, settle)
    connection.on('error', (error) => log.debug({ err: error, address }, 'MQTT connection ended'))
    socket.on('close', () => {
      settle()
      this.#sockets.delete(socket)
      count.all--
      if (count.all === 0) this.#perAddress.delete(address)
    })
    this.#deps.handle(connection)
  }
}
