import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'

/** Of a request's headers, those that direct routes look at. */
export type AskedHeaders = Readonly<
  Pick<IncomingHttpHeaders, 'authorization' | 'cookie' | 'accept-encoding' | 'accept-language'>
>

/** One request and the way of its answer, whoever reads the connection. */
export interface Exchange {
  readonly headers: AskedHeaders
  /** Nobody can be answered any more, and who asks to be told of the end will not be. */
  readonly hasLeft: boolean
  /** An answer is on its way. */
  readonly isAnswered: boolean
  /** @param over called once: the last byte was handed over, or the connection has ended */
  onOver(over: () => void): void
  /** Once at the most. Bytes must stay as they are until it is over. */
  send(answer: Answer): void
  /** Ends the connection, or its stream of HTTP/2: nothing leaves after this returns. */
  cut(): void
}

/** A whole answer, immutable: who asks for the same gets the same. */
export class Answer {
  readonly status: number
  /** Names and values by turns. */
  readonly headers: readonly string[]
  /** Text is ASCII. What is in pieces is long, and goes out as it lies. */
  readonly body: string | Buffer | readonly Buffer[]
  #opening: Buffer | undefined
  #openingSecond = 0

  /** @param headers names and values by turns; how long the body is need not be among them */
  constructor(status: number, headers: readonly string[], body: string | Buffer | readonly Buffer[]) {
    this.status = status
    this.headers = [...headers, 'content-length', String(lengthOf(body))]
    this.body = body
  }

  /**
   * The first bytes over a connection of HTTP/1.1 that is kept alive (RFC 9112 §4, §6): all but what is in pieces.
   * Within a second they are the same for everybody.
   */
  opening(nowMs: number, keptAliveS: number): Buffer {
    const second = Math.floor(nowMs / 1000)
    if (this.#opening === undefined || this.#openingSecond !== second) {
      this.#opening = this.#render(new Date(second * 1000), keptAliveS)
      this.#openingSecond = second
    }
    return this.#opening
  }

  #render(now: Date, keptAliveS: number): Buffer {
    const { status, headers, body } = this
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`
    head += `date: ${now.toUTCString()}\r\nconnection: keep-alive\r\nkeep-alive: timeout=${keptAliveS}\r\n\r\n`
    if (typeof body === 'string') return Buffer.from(head + body, 'latin1')
    return Buffer.isBuffer(body) ? Buffer.concat([Buffer.from(head, 'latin1'), body]) : Buffer.from(head, 'latin1')
  }
}

function lengthOf(body: Answer['body']): number {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return body.length
  let bytes = 0
  for (const piece of body) bytes += piece.length
  return bytes
}

/** Over Node's own HTTP/1.1 or HTTP/2. */
export class NodeExchange implements Exchange {
  readonly headers: AskedHeaders
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.headers = request.headers
    this.#response = response
  }

  /** No `close` will come then. An HTTP/2 response has no `destroyed`; it loses its socket. */
  get hasLeft(): boolean {
    const { destroyed, socket } = this.#response
    return destroyed || !socket
  }

  get isAnswered(): boolean {
    return this.#response.headersSent
  }

  onOver(over: () => void): void {
    this.#response.on('close', over)
  }

  send({ status, headers, body }: Answer): void {
    const response = this.#response
    // A flat list goes into the answer as it is, where an object's headers are each looked up and stored first.
    response.writeHead(status, [...headers])
    // Text goes out as one string with the headers, where bytes are a write of their own.
    if (typeof body === 'string') response.end(body, 'latin1')
    else if (Buffer.isBuffer(body)) response.end(body)
    else {
      const last = body.length - 1
      response.cork()
      for (let at = 0; at < last; at++) response.write(body[at])
      response.end(body[last])
      response.uncork()
    }
  }

  cut(): void {
    this.#response.destroy()
  }
}
