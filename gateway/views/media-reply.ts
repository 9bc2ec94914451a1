import { gzipSync } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import type { MediaAnswer } from './sources.ts'

/** Of the headers that all answers have, those that mean something for media: hundreds of parts leave a second. */
const SECURITY_HEADERS = {
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

type Media = Omit<Extract<MediaAnswer, { kind: 'found' }>, 'kind'>

/**
 * Sends lent bytes as they are, without a copy, and gives them back exactly once: when they are written, or when the
 * connection or the view ends first. An abort cuts the connection, so nothing follows it.
 * @returns resolves when the bytes are given back
 */
export function sendMedia(reply: FastifyReply, media: Media, signal: AbortSignal): Promise<void> {
  reply.hijack()
  const { raw } = reply
  const { promise, resolve } = Promise.withResolvers<void>()
  const cut = (): void => {
    raw.destroy()
  }
  const giveBack = (): void => {
    signal.removeEventListener('abort', cut)
    media.release()
    resolve()
  }
  if (signal.aborted || raw.destroyed) {
    cut()
    giveBack()
    return promise
  }
  // Comes exactly once, after the last byte was handed over or with the connection's end.
  raw.once('close', giveBack)
  signal.addEventListener('abort', cut, { once: true })
  const whole = isPlaylist(media) && takesGzip(reply) ? gzipped(media.body) : undefined
  raw.writeHead(200, {
    ...SECURITY_HEADERS,
    'content-type': media.contentType,
    'content-length': whole?.length ?? media.sizeBytes,
    'cache-control': media.cacheSeconds === 0 ? 'no-store' : `private, max-age=${media.cacheSeconds}`,
    ...(whole === undefined ? {} : { 'content-encoding': 'gzip' }),
  })
  const buffers = whole !== undefined ? [whole] : Buffer.isBuffer(media.body) ? [media.body] : media.body
  raw.cork()
  for (const buffer of buffers) raw.write(buffer)
  raw.end()
  raw.uncork()
  return promise
}

type Playlist = Media & { body: Buffer }

const isPlaylist = (media: Media): media is Playlist =>
  media.contentType === 'application/vnd.apple.mpegurl' && Buffer.isBuffer(media.body)

const takesGzip = ({ request }: FastifyReply): boolean => {
  const accepted = request.headers['accept-encoding']
  return typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0+)?(?:,|$))/.test(accepted)
}

/** A playlist is rendered once for all viewers, and so it is compressed (RFC 8216bis §6.2.1). Video is not: it would not shrink. */
const compressed = new WeakMap<Buffer, Buffer>()

function gzipped(playlist: Buffer): Buffer {
  const known = compressed.get(playlist) ?? gzipSync(playlist, { level: 1 })
  compressed.set(playlist, known)
  return known
}
