import type { Socket } from 'node:net'
import type { AnswerHead, AskedHeaders, Body, Exchange } from './exchange.ts'
import { RequestHeads } from './request-heads.ts'

/** A client that was told how long its connection is kept may use it up to the last moment. */
const GRACE_MS = 1000

export interface DirectConnectionOptions {
  /** How long a connection is kept on which nothing comes or goes. */
  keptAliveMs: number
  /** Answers, now or later. @returns false where it is for others, who then get the connection */
  serve(target: string, exchange: Exchange): boolean
  /** Takes over the connection as if it were new; the bytes of its first request are yet to be read. */
  leave(socket: Socket): void
  onClose(connection: DirectConnection): void
}

/**
 * An HTTP/1.1 connection over which nothing but direct requests have come. Reading them and writing their answers takes
 * half of what Node's own HTTP does, which can do far more. From the first request on that is not among the plainest, the
 * connection is Node's, for good.
 */
export class DirectConnection {
  readonly #socket: Socket
  readonly #options: DirectConnectionOptions
  readonly #heads = new RequestHeads()
  #exchange: DirectExchange | undefined
  #isClosing = false

  constructor(socket: Socket, options: DirectConnectionOptions) {
    this.#socket = socket
    this.#options = options
    socket.setTimeout(options.keptAliveMs + GRACE_MS)
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('timeout', this.#onTimeout)
      .on('error', onError)
      .on('close', this.#onClose)
  }

  /** No request is taken after the one that is being answered. */
  close(): void {
    this.#isClosing = true
    if (this.#exchange === undefined) this.#socket.destroy()
  }

  #take(bytes: Buffer): boolean {
    const head = this.#heads.read(bytes)
    if (head === undefined) return false
    this.#exchange = new DirectExchange(this.#socket, head.headers, this.#options.keptAliveMs, this.#onOver)
    if (this.#options.serve(head.target, this.#exchange)) return true
    this.#exchange = undefined
    return false
  }

  readonly #onData = (bytes: Buffer): void => {
    const socket = this.#socket
    if (this.#exchange !== undefined) {
      // The next request waits in the socket until this one is answered, and what comes after it with the client.
      socket.pause()
      socket.unshift(bytes)
    } else if (!this.#take(bytes)) {
      socket
        .off('data', this.#onData)
        .off('end', this.#onEnd)
        .off('timeout', this.#onTimeout)
        .off('error', onError)
        .off('close', this.#onClose)
      socket.setTimeout(0)
      socket.pause()
      this.#options.onClose(this)
      this.#options.leave(socket)
      socket.unshift(bytes)
      socket.resume()
    }
  }

  readonly #onOver = (): void => {
    const socket = this.#socket
    this.#exchange = undefined
    if (this.#isClosing) socket.destroySoon()
    else if (socket.isPaused()) socket.resume()
  }

  /** Who says no more has left, as Node's own HTTP sees it too; what is on its way still goes out. */
  readonly #onEnd = (): void => {
    this.#socket.end()
  }

  readonly #onTimeout = (): void => {
    this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#options.onClose(this)
    this.#exchange?.end()
  }
}

/** What went wrong is followed by `close`. */
const onError = (): void => {}

class DirectExchange implements Exchange {
  readonly headers: AskedHeaders
  isAnswered = false
  readonly #socket: Socket
  readonly #keptAliveMs: number
  #onOver: (() => void) | undefined
  #tell: (() => void) | undefined

  constructor(socket: Socket, headers: AskedHeaders, keptAliveMs: number, onOver: () => void) {
    this.headers = headers
    this.#socket = socket
    this.#keptAliveMs = keptAliveMs
    this.#onOver = onOver
  }

  get hasLeft(): boolean {
    return !this.#socket.writable
  }

  onOver(over: () => void): void {
    this.#tell = over
  }

  send(head: AnswerHead, body: Body): void {
    if (this.isAnswered || this.#onOver === undefined) throw new Error('a request is answered once')
    this.isAnswered = true
    const socket = this.#socket
    const opening = head.opening(body, Date.now(), this.#keptAliveMs / 1000)
    const sent = (): void => this.end()
    const pieces = typeof body === 'string' ? [] : Buffer.isBuffer(body) ? [body] : body
    const last = pieces.length - 1
    if (last < 0) socket.write(opening, sent)
    else {
      socket.cork()
      socket.write(opening)
      for (let at = 0; at < last; at++) socket.write(pieces[at] as Buffer)
      socket.write(pieces[last] as Buffer, sent)
      socket.uncork()
    }
  }

  cut(): void {
    this.#socket.destroy()
  }

  /** All is handed over, or nothing can be any more. More calls do nothing. */
  end(): void {
    const [onOver, tell] = [this.#onOver, this.#tell]
    this.#onOver = undefined
    this.#tell = undefined
    tell?.()
    onOver?.()
  }
}
