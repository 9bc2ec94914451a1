import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Ending } from '../ending.ts'
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
  readonly #response: ServerResponse
  #media: Media | undefined
  #onAbort: (() => void) | undefined

  /** @param onOver called exactly once: after the last byte was handed over, or with the connection's end */
  constructor(response: ServerResponse, onOver: () => void) {
    this.#response = response
    response.on('close', () => {
      this.#wake()
      this.#media?.release()
      this.#media = undefined
      onOver()
    })
  }

  abort(): void {
    this.#wake()
    if (this.#media !== undefined) this.#response.destroy()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#onAbort !== undefined) throw new Error('a request waits for one thing at a time')
    this.#onAbort = listener
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#onAbort === listener) this.#onAbort = undefined
  }

  /** Sends lent bytes as they are, without a copy, and gives them back exactly once. */
  send(media: Media, acceptEncoding: string | string[] | undefined): void {
    const response = this.#response
    this.#media = media
    if (this.aborted) {
      response.destroy()
      return
    }
    const { body } = media
    const zipped = typeof body === 'string' && takesGzip(acceptEncoding) ? gzipped(media, body) : undefined
    // A flat list goes into the answer as it is, where an object's headers are each looked up and stored first.
    const headers = [
      ...SECURITY_HEADERS,
      'content-type',
      media.contentType,
      'content-length',
      String(zipped?.length ?? media.sizeBytes),
      'cache-control',
      media.cacheSeconds === 0 ? 'no-store' : `private, max-age=${media.cacheSeconds}`,
    ]
    if (zipped !== undefined) headers.push('content-encoding', 'gzip')
    response.writeHead(200, headers)
    if (zipped !== undefined) response.end(zipped)
    // Text goes out as one string with the headers, where bytes are a write of their own.
    else if (typeof body === 'string') response.end(body, 'latin1')
    else this.#end(body)
  }

  #end(buffers: readonly Buffer[]): void {
    const response = this.#response
    const last = buffers.length - 1
    response.cork()
    for (let at = 0; at < last; at++) response.write(buffers[at])
    response.end(buffers[last])
    response.uncork()
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

/** A playlist is rendered once for all viewers, and so it is compressed (RFC 8216bis §6.2.1). Video is not: it would not shrink. */
const compressed = new WeakMap<Media, Buffer>()

function gzipped(playlist: Media, text: string): Buffer {
  const known = compressed.get(playlist) ?? gzipSync(text, { level: 1 })
  compressed.set(playlist, known)
  return known
}
