import { finished } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { MediaAnswer } from './sources.ts'

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
  finished(raw, () => {
    signal.removeEventListener('abort', cut)
    media.release()
    resolve()
  })
  if (signal.aborted || raw.destroyed) {
    cut()
    return promise
  }
  signal.addEventListener('abort', cut, { once: true })
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, {
    'content-type': media.contentType,
    'content-length': media.sizeBytes,
    'cache-control': media.cacheSeconds === 0 ? 'no-store' : `private, max-age=${media.cacheSeconds}`,
  })
  const buffers = Buffer.isBuffer(media.body) ? [media.body] : media.body
  raw.cork()
  for (const buffer of buffers) raw.write(buffer)
  raw.end()
  raw.uncork()
  return promise
}
