import { gzipSync } from 'node:zlib'
import type { Ending } from '../ending.ts'
import { AnswerHead, type Exchange } from '../http/exchange.ts'
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
    const { body } = media
    const isZipped = typeof body === 'string' && takesGzip(this.#exchange.headers['accept-encoding'])
    if (this.aborted) this.#exchange.cut()
    else this.#exchange.send(headOf(media, isZipped), isZipped ? gzipped(media, body) : body)
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

interface KindOfMedia extends Pick<Media, 'contentType' | 'cacheSeconds'> {
  isZipped: boolean
  head: AnswerHead
}

/** There are half a dozen. Gone through, since a key for a map would be a new text for every answer. */
const kinds: KindOfMedia[] = []

function headOf({ contentType, cacheSeconds }: Media, isZipped: boolean): AnswerHead {
  for (const kind of kinds)
    if (kind.contentType === contentType && kind.cacheSeconds === cacheSeconds && kind.isZipped === isZipped)
      return kind.head
  const cache = cacheSeconds === 0 ? 'no-store' : `private, max-age=${cacheSeconds}`
  const encoding = isZipped ? ['content-encoding', 'gzip'] : []
  const fields = [...SECURITY_HEADERS, 'content-type', contentType, 'cache-control', cache, ...encoding]
  const head = new AnswerHead(200, fields)
  kinds.push({ contentType, cacheSeconds, isZipped, head })
  return head
}

/** A playlist is rendered once for all viewers, and so it is compressed (RFC 8216bis §6.2.1). Video is not: it would not shrink. */
const compressed = new WeakMap<Media, Buffer>()

function gzipped(playlist: Media, text: string): Buffer {
  const known = compressed.get(playlist) ?? gzipSync(text, { level: 1 })
  compressed.set(playlist, known)
  return known
}
