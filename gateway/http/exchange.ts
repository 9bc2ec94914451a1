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
  send(head: AnswerHead, body: Body): void
  /** Ends the connection, or its stream of HTTP/2: nothing leaves after this returns. */
  cut(): void
}

/** Text is ASCII. What is in pieces is long, and goes out as it lies. */
export type Body = string | Buffer | readonly Buffer[]

/** Status and fields of answers that differ in nothing but their bodies. */
export class AnswerHead {
  readonly status: number
  /** Names and values by turns. */
  readonly fields: readonly string[]
  #fixed = ''
  #second: number | undefined
  #body: Body | undefined
  #opening: Buffer | undefined

  /** @param fields names and values by turns, without the body's length */
  constructor(status: number, fields: readonly string[]) {
    this.status = status
    this.fields = fields
  }

  /**
   * The first bytes over a connection of HTTP/1.1 that is kept alive (RFC 9112 §4, §6): the head, and text with it. All who
   * wait for the same are answered one after the other, so they are made once for them.
   */
  opening(body: Body, nowMs: number, keptAliveS: number): Buffer {
    const second = Math.floor(nowMs / 1000)
    if (this.#opening !== undefined && this.#body === body && this.#second === second) return this.#opening
    if (this.#second !== second) this.#fixed = this.#render(new Date(second * 1000), keptAliveS)
    this.#second = second
    this.#body = body
    const head = `${this.#fixed}${sizeOf(body)}\r\n\r\n`
    const text = typeof body === 'string' ? body : ''
    this.#opening = Buffer.allocUnsafe(head.length + text.length)
    this.#opening.write(head, 'latin1')
    this.#opening.write(text, head.length, 'latin1') // by itself, since the two as one string would be copied twice
    return this.#opening
  }

  /** All but the length, which is last: within a second it is the same whatever the body. */
  #render(now: Date, keptAliveS: number): string {
    const { status, fields } = this
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    for (let at = 0; at < fields.length; at += 2) head += `${fields[at]}: ${fields[at + 1]}\r\n`
    return `${head}date: ${now.toUTCString()}\r\nconnection: keep-alive\r\nkeep-alive: timeout=${keptAliveS}\r\ncontent-length: `
  }
}

/** @returns bytes */
function sizeOf(body: Body): number {
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

  send({ status, fields }: AnswerHead, body: Body): void {
    const response = this.#response
    // A flat list goes into the answer as it is, where an object's headers are each looked up and stored first.
    response.writeHead(status, [...fields, 'content-length', String(sizeOf(body))])
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
