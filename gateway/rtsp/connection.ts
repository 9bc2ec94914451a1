import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Dialer } from '../dial.ts'
import { secure } from '../pinned-tls.ts'
import { StreamFault } from './fault.ts'
import { InterleavedReader } from './interleaved-reader.ts'
import { formatRequest, type RtspMessage } from './message.ts'

export type RtspResponse = RtspMessage & { kind: 'response' }
export type FrameHandler = (channel: number, bytes: Buffer, start: number, end: number) => void

/** What a socket reads is taken before the next one reads, so one buffer serves all and stays in the processor's cache. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)
/** A camera that has not answered by then is taken for hung. */
const RESPONSE_TIMEOUT_MS = 5_000
/** Requests without an answer yet; keep-alives that are never answered are forgotten beyond this. */
const MAX_PENDING = 8
/** Answers we owe the server; a server that does not read them is not worth keeping. */
const MAX_WRITE_BACKLOG_BYTES = 64 * 1024

export interface Endpoint {
  host: string
  port: number
  /** RTSP over TLS; `pin` is the certificate the camera is known by, undefined on first use. */
  tls?: { pin: string | undefined }
}

interface Pending {
  resolve(response: RtspResponse): void
  reject(fault: StreamFault): void
}

/** One TCP connection to an RTSP server: requests by CSeq, frames in between (RFC 2326 §10.12). */
export class RtspConnection {
  readonly #clock: Clock
  readonly #onFrame: FrameHandler
  readonly #pending = new Map<number, Pending>()
  readonly #ended = Promise.withResolvers<StreamFault>()
  #socket: Socket | undefined
  #fault: StreamFault | undefined
  #certificate: string | undefined
  #cseq = 0
  #receivedBytes = 0

  constructor(clock: Clock, onFrame: FrameHandler) {
    this.#clock = clock
    this.#onFrame = onFrame
  }

  /** Resolves once the connection is of no more use. */
  get ended(): Promise<StreamFault> {
    return this.#ended.promise
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** The camera's, as it was dialled; empty before that. */
  get address(): string {
    return this.#socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? ''
  }

  /** What the camera showed, SHA-256 in hex; undefined in the clear. */
  get certificate(): string | undefined {
    return this.#certificate
  }

  /** Throws DialError, also for another certificate than the pinned one, or the signal's reason. */
  async open(dialer: Dialer, { host, port, tls }: Endpoint, signal: AbortSignal): Promise<void> {
    const reader = new InterleavedReader({
      frame: this.#onFrame,
      message: (message) => this.#message(message),
    })
    const take = (bytes: Buffer, length: number): true => {
      this.#receivedBytes += length
      const why = this.#fault === undefined ? reader.push(bytes, length) : undefined
      if (why !== undefined) this.fail(new StreamFault('protocol', why))
      return true
    }
    let socket: Socket
    if (tls === undefined) {
      const onread = { buffer: READ_BUFFER, callback: (length: number) => take(READ_BUFFER, length) }
      socket = await dialer.connect({ host, port, onread }, signal)
    } else {
      const plain = await dialer.connect({ host, port }, signal)
      const secured = await secure(plain, { host, pin: tls.pin, timeoutMs: RESPONSE_TIMEOUT_MS }, signal)
      socket = secured.socket
      this.#certificate = secured.certificate
      socket.on('data', (chunk: Buffer) => take(chunk, chunk.length))
    }
    this.#socket = socket
    socket.on('error', (error) => this.fail(new StreamFault('connection-lost', error.message)))
    socket.on('end', () => this.fail(new StreamFault('connection-lost', 'the camera closed the connection')))
    socket.on('close', () => this.fail(new StreamFault('connection-lost', 'the connection was closed')))
  }

  /**
   * @param headers CSeq is added here
   * Rejects with a StreamFault when the connection ends or no answer comes in time, or with the signal's reason.
   */
  async request(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
    signal: AbortSignal,
    timeoutMs = RESPONSE_TIMEOUT_MS,
  ): Promise<RtspResponse> {
    signal.throwIfAborted()
    if (this.#fault !== undefined) throw this.#fault
    const answer = Promise.withResolvers<RtspResponse>()
    const cseq = this.#send(method, uri, headers, answer)
    const timer = new AbortController()
    const stop = AbortSignal.any([signal, timer.signal])
    const timeout = this.#clock.sleep(timeoutMs, stop).then(
      () => answer.reject(new StreamFault('timeout', `${method} was not answered in ${timeoutMs} ms`)),
      () => answer.reject(signal.reason),
    )
    try {
      return await answer.promise
    } finally {
      this.#pending.delete(cseq)
      timer.abort()
      await timeout
    }
  }

  /** Sends a request whose answer, if any, only matters when it is a refusal. */
  post(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
    onStatus: (response: RtspResponse) => void,
  ): void {
    if (this.#fault !== undefined) return
    this.#send(method, uri, headers, { resolve: onStatus, reject: () => {} })
  }

  fail(fault: StreamFault): void {
    if (this.#fault !== undefined) return
    this.#fault = fault
    for (const pending of this.#pending.values()) pending.reject(fault)
    this.#pending.clear()
    this.#socket?.destroy()
    this.#ended.resolve(fault)
  }

  #send(method: string, uri: string, headers: readonly (readonly [string, string])[], pending: Pending): number {
    const cseq = ++this.#cseq
    const oldest = this.#pending.keys().next().value
    if (this.#pending.size >= MAX_PENDING && oldest !== undefined) this.#pending.delete(oldest)
    this.#pending.set(cseq, pending)
    this.#write(formatRequest(method, uri, [['CSeq', String(cseq)], ...headers]))
    return cseq
  }

  #write(text: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    if (socket.writableLength > MAX_WRITE_BACKLOG_BYTES)
      this.fail(new StreamFault('stalled', 'the camera does not read'))
    else socket.write(text, 'latin1')
  }

  #message(message: RtspMessage): void {
    if (message.kind === 'request') {
      this.#answer(message)
      return
    }
    const [first] = this.#pending.keys()
    const text = message.headers.get('cseq')?.[0]
    const cseq = text === undefined ? first : Number(text)
    if (cseq === undefined) return
    const pending = this.#pending.get(cseq)
    this.#pending.delete(cseq)
    pending?.resolve(message)
  }

  /** Servers ask too (RFC 2326 §10): harmless questions get a 200, a redirect ends the session. */
  #answer(request: RtspMessage & { kind: 'request' }): void {
    if (request.method === 'REDIRECT' || request.method === 'TEARDOWN') {
      this.fail(new StreamFault('connection-lost', `the camera ended the session with ${request.method}`))
      return
    }
    const known = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER'].includes(request.method)
    const cseq = /^\d{1,10}$/.exec(request.headers.get('cseq')?.[0] ?? '')?.[0] ?? '0'
    this.#write(`RTSP/1.0 ${known ? '200 OK' : '501 Not Implemented'}\r\nCSeq: ${cseq}\r\n\r\n`)
  }
}
