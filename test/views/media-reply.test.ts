import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { pino } from 'pino'
import t from 'tap'
import { createServer } from '../../gateway/http/server.ts'
import { sendMedia } from '../../gateway/views/media-reply.ts'

const MEGABYTE = Buffer.alloc(1024 * 1024, 7)
/** More than the sockets of both sides buffer. */
const MEGABYTES = 64

async function serving(t: { teardown(handler: () => Promise<void>): void }) {
  const app = await createServer({
    logger: pino({ level: 'silent' }),
    version: '0.0.0',
    tls: undefined,
    behindTlsProxy: false,
    authenticator: { authenticate: async () => undefined },
    onRefused: async () => {},
  })
  const end = new AbortController()
  const given = Promise.withResolvers<void>()
  let released = 0
  app.get('/media', { config: { access: 'anyone' } }, async (_request, reply) => {
    const body = Array.from({ length: MEGABYTES }, () => MEGABYTE)
    const release = (): void => {
      released += 1
      given.resolve()
    }
    const sizeBytes = MEGABYTES * MEGABYTE.length
    await sendMedia(reply, { contentType: 'video/mp4', cacheSeconds: 60, body, sizeBytes, release }, end.signal)
    return reply
  })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const request = get(`${base}/media`)
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { request, response, end, given: given.promise, released: () => released }
}

t.test('whole media: lent until the last byte is written, given back once', async (t) => {
  const { response, given, released } = await serving(t)
  t.match(response.headers, { 'content-type': 'video/mp4', 'cache-control': 'private, max-age=60' })
  t.equal(released(), 0, 'a reader that has not read')
  let sizeBytes = 0
  for await (const chunk of response) sizeBytes += chunk.length
  t.equal(sizeBytes, MEGABYTES * MEGABYTE.length)
  await given
  t.equal(released(), 1)
})

t.test('the view ends in the middle: the connection is cut, and nothing follows', async (t) => {
  const { response, end, given, released } = await serving(t)
  const closed = new Promise((resolve) => response.on('error', () => {}).on('close', resolve))
  end.abort()
  await given
  response.resume()
  await closed
  t.notOk(response.complete)
  t.equal(released(), 1)
})

t.test('the client leaves in the middle', async (t) => {
  const { request, given, released } = await serving(t)
  request.destroy()
  await given
  t.equal(released(), 1)
})
