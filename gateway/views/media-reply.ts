import { gzipSync } from 'node:zlib'
import type { Ending } from '../ending.ts'
import { Answer, type Exchange } from '../http/exchange.ts'
import type { MediaAnswer } from './sources.ts'
import type { ViewUse } from './view-uses.ts'

/** Of the headers that all answers have, those that mean something for media: hundreds of parts leave a second. */
const SECURITY_HEADERS = [
  'cross-origin-resource-policy',
  'same-origin',
  'referrer-policy',
  'no-referrer',
  'x-content-type-options',
  'nosniff',
] as const

export type Media = Extract<MediaAnswer, { kind: 'found' }>

/**
 * One answer with media, from its request to its last byte. It is the `Ending` of what the request waits for; once lent
 * bytes are on their way, an abort cuts the connection, so nothing follows it.
 */
export class MediaReply implements ViewUse, Ending {
  aborted = false
  sendingSinceMs: number | undefined
  readonly #exchange: Exchange
  #media: Media | undefined
  #onAbort: (() => void) | undefined

  /** @param onOver called exactly once: after the last byte was handed over, or with the connection's end */
  constructor(exchange: Exchange, onOver: () => void) {
    this.#exchange = exchange
    exchange.onOver(() => {
      this.#wake()
      this.#media?.release()
      this.#media = undefined
      onOver()
    })
  }

  abort(): void {
    this.#wake()
    if (this.#media !== undefined) this.#exchange.cut()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#onAbort !== undefined) throw new Error('a request waits for one thing at a time')
    this.#onAbort = listener
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#onAbort === listener) this.#onAbort = undefined
  }

  /** Sends lent bytes as they are, without a copy, and gives them back exactly once. */
  send(media: Media): void {
    this.#media = media
    if (this.aborted) this.#exchange.cut()
    else this.#exchange.send(answerOf(media, this.#exchange.headers['accept-encoding']))
  }

  #wake(): void {
    this.aborted = true
    const onAbort = this.#onAbort
    this.#onAbort = undefined
    onAbort?.()
  }
}

const takesGzip = (accepted: string | string[] | undefined): boolean =>
  typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0+)?(?:,|$))/.test(accepted)

/** All who ask for the same playlist, or for the bytes of the same part, get one and the same answer. */
const plain = new WeakMap<object, Answer>()
const compressed = new WeakMap<object, Answer>()

/** A playlist is compressed for who takes it (RFC 8216bis §6.2.1). Video is not: it would not shrink. */
function answerOf(media: Media, acceptEncoding: string | string[] | undefined): Answer {
  const { body } = media
  const isZipped = typeof body === 'string' && takesGzip(acceptEncoding)
  const answers = isZipped ? compressed : plain
  const key = typeof body === 'string' ? media : body
  let answer = answers.get(key)
  if (answer === undefined) {
    const { contentType, cacheSeconds } = media
    const cache = cacheSeconds === 0 ? 'no-store' : `private, max-age=${cacheSeconds}`
    const headers = [...SECURITY_HEADERS, 'content-type', contentType, 'cache-control', cache]
    if (isZipped) headers.push('content-encoding', 'gzip')
    answer = new Answer(200, headers, isZipped ? gzipSync(body, { level: 1 }) : body)
    answers.set(key, answer)
  }
  return answer
}
