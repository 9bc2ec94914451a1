import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { NodeExchange } from '../../gateway/http/exchange.ts'
import { MediaReply } from '../../gateway/views/media-reply.ts'
import { quietServer } from '../fakes/quiet-server.ts'

const MEGABYTE = Buffer.alloc(1024 * 1024, 7)
const TEXT = '#EXTM3U\n'.repeat(200)
const LIST = Buffer.from(TEXT)
/** More than the sockets of both sides buffer. */
const MEGABYTES = 64

async function serving(t: { teardown(handler: () => Promise<void>): void }) {
  const app = await quietServer()
  const given = Promise.withResolvers<void>()
  const replies: MediaReply[] = []
  let released = 0
  let over = 0
  app.get('/media', { config: { access: 'anyone' } }, async (request, reply) => {
    const body = Array.from({ length: MEGABYTES }, () => MEGABYTE)
    const release = (): void => {
      released += 1
    }
    const sending = new MediaReply(new NodeExchange(request.raw, reply.raw), () => {
      over += 1
      given.resolve()
    })
    replies.push(sending)
    const lent = { kind: 'found', contentType: 'video/mp4', cacheSeconds: 60, body, release } as const
    sending.send(lent)
    return reply.hijack()
  })
  app.get('/list', { config: { access: 'anyone' } }, async (request, reply) => {
    const contentType = 'application/vnd.apple.mpegurl'
    const lent = { kind: 'found', contentType, cacheSeconds: 0, body: TEXT } as const
    new MediaReply(new NodeExchange(request.raw, reply.raw), () => {}).send({ ...lent, release: () => {} })
    return reply.hijack()
  })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const request = get(`${base}/media`)
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const abort = (): void => replies[0]?.abort()
  return { base, request, response, abort, given: given.promise, counts: () => [released, over] }
}

t.test('whole media: lent until the last byte is written, given back once', async (t) => {
  const { response, given, counts } = await serving(t)
  t.match(response.headers, { 'content-type': 'video/mp4', 'cache-control': 'private, max-age=60' })
  t.same(counts(), [0, 0], 'a reader that has not read')
  let sizeBytes = 0
  for await (const chunk of response) sizeBytes += chunk.length
  t.equal(sizeBytes, MEGABYTES * MEGABYTE.length)
  await given
  t.same(counts(), [1, 1])
})

t.test('the view ends in the middle: the connection is cut, and nothing follows', async (t) => {
  const { response, abort, given, counts } = await serving(t)
  const closed = new Promise((resolve) => response.on('error', () => {}).on('close', resolve))
  abort()
  await given
  response.resume()
  await closed
  t.notOk(response.complete)
  t.same(counts(), [1, 1])
})

t.test('the client leaves in the middle', async (t) => {
  const { request, given, counts } = await serving(t)
  request.destroy()
  await given
  t.same(counts(), [1, 1])
})

t.test('the view ends before there is anything to send', async (t) => {
  const app = await quietServer()
  const asked = Promise.withResolvers<MediaReply>()
  const over = Promise.withResolvers<void>()
  app.get('/waits', { config: { access: 'anyone' } }, async (request, reply) => {
    asked.resolve(new MediaReply(new NodeExchange(request.raw, reply.raw), () => over.resolve()))
    return reply.hijack()
  })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const failed = once(get(`${base}/waits`), 'error')
  const reply = await asked.promise
  const heard: string[] = []
  const left = (): void => void heard.push('left')
  reply.addEventListener('abort', left)
  t.throws(() => reply.addEventListener('abort', left), /one thing at a time/)
  reply.removeEventListener('abort', left)
  reply.addEventListener('abort', () => heard.push('abort'))
  reply.abort()
  t.same([heard, reply.aborted], [['abort'], true], 'only who still waits is told')
  let released = 0
  const lent = {
    kind: 'found',
    contentType: 'video/mp4',
    cacheSeconds: 0,
    body: [LIST],
  } as const
  reply.send({ ...lent, release: () => released++ })
  await Promise.all([failed, over.promise])
  t.same([heard, released], [['abort'], 1], 'what comes late is given back and not sent')
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
