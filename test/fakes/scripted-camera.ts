import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'

export interface CameraRequest {
  method: string
  uri: string
  headers: Map<string, string>
}

export interface ScriptedCameraOptions {
  sdp: string
  /** Answer instead of the usual one; undefined: the usual one; null: none at all. */
  answer?(request: CameraRequest, socket: Socket): string | null | undefined
  /** After PLAY was answered. */
  onPlay?(socket: Socket): void
  /** How bytes reach the client; the usual way is one write. */
  write?(socket: Socket, bytes: Buffer): void
}

/** An RTSP server that does exactly what a test tells it to. */
export class ScriptedCamera {
  readonly requests: CameraRequest[] = []
  readonly sockets = new Set<Socket>()
  readonly #options: ScriptedCameraOptions
  readonly #server: Server
  port = 0

  constructor(options: ScriptedCameraOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#serve(socket))
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get uri(): string {
    return `rtsp://127.0.0.1:${this.port}/stream?b=2&a=1`
  }

  methods(): string[] {
    return this.requests.map((request) => request.method)
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 4)
        this.#answer(socket, parse(head))
      }
    })
  }

  #answer(socket: Socket, request: CameraRequest): void {
    this.requests.push(request)
    const own = this.#options.answer?.(request, socket)
    if (own === null) return
    const cseq = request.headers.get('cseq') ?? '0'
    const usual = usualAnswer(request.method, this.#options.sdp)
    const bytes = Buffer.from((own ?? usual).replace('CSeq: ?', `CSeq: ${cseq}`), 'latin1')
    if (this.#options.write === undefined) socket.write(bytes)
    else this.#options.write(socket, bytes)
    if (request.method === 'PLAY' && own === undefined) this.#options.onPlay?.(socket)
  }
}

function parse(head: string): CameraRequest {
  const [start = '', ...lines] = head.split('\r\n')
  const [method = '', uri = ''] = start.split(' ')
  const headers = new Map(
    lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { method, uri, headers }
}

function usualAnswer(method: string, sdp: string): string {
  const head = 'RTSP/1.0 200 OK\r\nCSeq: ?\r\n'
  switch (method) {
    case 'OPTIONS':
      return `${head}Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n\r\n`
    case 'DESCRIBE':
      return `${head}Content-Type: application/sdp\r\nContent-Length: ${Buffer.byteLength(sdp)}\r\n\r\n${sdp}`
    case 'SETUP':
      return `${head}Session: 12345678;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n`
    default:
      return `${head}Session: 12345678\r\n\r\n`
  }
}

export function status(code: number, ...headers: string[]): string {
  return `RTSP/1.0 ${code} Said So\r\nCSeq: ?\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`
}
