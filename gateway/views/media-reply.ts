import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { MediaAnswer } from './sources.ts'

/** Of the headers that all answers have, those that mean something for media: hundreds of parts leave a second. */
const SECURITY_HEADERS = [
  'cross-origin-resource-policy',
  'same-origin',
  'referrer-policy',
  'no-referrer',
  'x-content-type-options',
  'nosniff',
] as const

export type Media = Omit<Extract<MediaAnswer, { kind: 'found' }>, 'kind'>

/**
 * Sends lent bytes as they are, without a copy, and gives them back exactly once: when they are written, or when the
 * connection or the view ends first. An abort cuts the connection, so nothing follows it.
 * @returns resolves when the bytes are given back
 */
export function sendMedia(
  response: ServerResponse,
  media: Media,
  acceptEncoding: string | string[] | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cut = (): void => {
    response.destroy()
  }
  const giveBack = (): void => {
    signal.removeEventListener('abort', cut)
    media.release()
    resolve()
  }
  if (signal.aborted || response.destroyed) {
    cut()
    giveBack()
    return promise
  }
  // Comes exactly once, after the last byte was handed over or with the connection's end.
  response.once('close', giveBack)
  signal.addEventListener('abort', cut, { once: true })
  const whole = isPlaylist(media) && takesGzip(acceptEncoding) ? gzipped(media.body) : undefined
  // A flat list goes into the answer as it is, where an object's headers are each looked up and stored first.
  const headers = [
    ...SECURITY_HEADERS,
    'content-type',
    media.contentType,
    'content-length',
    String(whole?.length ?? media.sizeBytes),
    'cache-control',
    media.cacheSeconds === 0 ? 'no-store' : `private, max-age=${media.cacheSeconds}`,
  ]
  if (whole !== undefined) headers.push('content-encoding', 'gzip')
  response.writeHead(200, headers)
  const body = whole ?? media.body
  if (Buffer.isBuffer(body)) {
    response.end(body)
    return promise
  }
  response.cork()
  for (const buffer of body) response.write(buffer)
  response.end()
  response.uncork()
  return promise
}

type Playlist = Media & { body: Buffer }

const isPlaylist = (media: Media): media is Playlist =>
  media.contentType === 'application/vnd.apple.mpegurl' && Buffer.isBuffer(media.body)

const takesGzip = (accepted: string | string[] | undefined): boolean =>
  typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0+)?(?:,|$))/.test(accepted)

/** A playlist is rendered once for all viewers, and so it is compressed (RFC 8216bis §6.2.1). Video is not: it would not shrink. */
const compressed = new WeakMap<Buffer, Buffer>()

function gzipped(playlist: Buffer): Buffer {
  const known = compressed.get(playlist) ?? gzipSync(playlist, { level: 1 })
  compressed.set(playlist, known)
  return known
}
