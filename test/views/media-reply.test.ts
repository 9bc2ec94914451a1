import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { sendMedia } from '../../gateway/views/media-reply.ts'
import { quietServer } from '../fakes/quiet-server.ts'

const MEGABYTE = Buffer.alloc(1024 * 1024, 7)
const LIST = Buffer.from('#EXTM3U\n'.repeat(200))
/** More than the sockets of both sides buffer. */
const MEGABYTES = 64

async function serving(t: { teardown(handler: () => Promise<void>): void }) {
  const app = await quietServer()
  const end = new AbortController()
  const given = Promise.withResolvers<void>()
  let released = 0
  app.get('/media', { config: { access: 'anyone' } }, async (request, reply) => {
    const body = Array.from({ length: MEGABYTES }, () => MEGABYTE)
    const release = (): void => {
      released += 1
      given.resolve()
    }
    const sizeBytes = MEGABYTES * MEGABYTE.length
    reply.hijack()
    const lent = { contentType: 'video/mp4', cacheSeconds: 60, body, sizeBytes, release }
    await sendMedia(reply.raw, lent, request.headers['accept-encoding'], end.signal)
    return reply
  })
  app.get('/list', { config: { access: 'anyone' } }, async (request, reply) => {
    const contentType = 'application/vnd.apple.mpegurl'
    const lent = { contentType, cacheSeconds: 0, body: LIST, sizeBytes: LIST.length, release: () => {} }
    reply.hijack()
    await sendMedia(reply.raw, lent, request.headers['accept-encoding'], end.signal)
    return reply
  })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const request = get(`${base}/media`)
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { base, request, response, end, given: given.promise, released: () => released }
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

t.test('playlists are compressed for who takes it, and for nobody else', async (t) => {
  const { base, request } = await serving(t)
  const ask = async (accepted: string): Promise<[encoding: string | undefined, bytes: Buffer]> => {
    const [response] = (await once(get(`${base}/list`, { headers: { 'accept-encoding': accepted } }), 'response')) as [
      IncomingMessage,
    ]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    t.equal(Number(response.headers['content-length']), bytes.length)
    return [response.headers['content-encoding'], bytes]
  }
  for (const accepted of ['gzip', 'gzip, deflate, br', 'br;q=1.0, gzip;q=0.8']) {
    const [encoding, bytes] = await ask(accepted)
    t.equal(encoding, 'gzip', accepted)
    t.ok(bytes.length < LIST.length / 4 && gunzipSync(bytes).equals(LIST))
  }
  for (const accepted of ['identity', 'br', 'gzip;q=0', 'gzip; q=0.0, br'])
    t.same(await ask(accepted), [undefined, LIST], accepted)
  request.destroy()
})
