import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../../gateway/clock.ts'
import type { RtspHabits } from '../township-data.ts'
import { DigestChallenger } from './digest.ts'
import { RtspConnection, type ServedStream } from './rtsp-connection.ts'

export interface RtspServerOptions {
  address: string
  habits: RtspHabits
  username: string
  password: string
  streams: readonly ServedStream[]
  clock: Clock
}

/** A camera's RTSP port: interleaved TCP and nothing else, several clients at once. */
export class RtspServer {
  readonly options: RtspServerOptions
  readonly digest: DigestChallenger
  /** Refuses every login, as after a changed password. */
  refusesLogins = false
  /** How often each path was played since the start, whatever came of it. */
  readonly plays = new Map<string, number>()
  readonly #connections = new Map<Socket, RtspConnection>()
  #server: Server | undefined

  constructor(options: RtspServerOptions) {
    this.options = options
    this.digest = new DigestChallenger({ realm: options.habits.realm, clock: options.clock, qop: false })
  }

  get playing(): number {
    return [...this.#connections.values()].filter((connection) => connection.isPlaying).length
  }

  /** @param port 0 for any @returns the port it listens on */
  async start(port: number): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => {
      const connection = new RtspConnection(socket, this)
      this.#connections.set(socket, connection)
      socket.on('close', () => this.#connections.delete(socket))
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, this.options.address, resolve)
    })
    const bound = server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : port
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#connections.keys()) socket.destroy()
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  /** The stream a URI names; what a client appends after the path (a control, further query items) does not matter. */
  streamAt(uri: string): ServedStream | undefined {
    const path = uri.replace(/^rtsps?:\/\/[^/]*/i, '')
    return this.options.streams.find(
      (stream) =>
        path === stream.path || (path.startsWith(stream.path) && '/?&'.includes(path.charAt(stream.path.length))),
    )
  }
}
