import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import t from 'tap'
import type { LiveChunk, LiveSink, MediaAnswer, RelayPool } from '../../gateway/views/sources.ts'
import { MAX_SENDING_MS } from '../../gateway/views/view-uses.ts'
import { lawfulAccess, newLink } from '../fakes/lawful-access.ts'
import { liveViewer } from '../fakes/live-viewer.ts'

const MEGABYTE = 1024 * 1024
const LARGE_MEGABYTES = 64
const MAX_WAITING_BYTES = 8 * MEGABYTE

/** Parts far larger than a camera's, so that buffers fill at once; the rest is real. */
function largeParts() {
  const sinks = new Set<LiveSink>()
  const bytes = Buffer.alloc(MEGABYTE)
  const counts = { held: 0, most: 0, sent: 0 }
  /** More than the sockets of both sides buffer. */
  const large = (): MediaAnswer => {
    counts.held += 1
    const release = (): void => {
      counts.held -= 1
    }
    const body = Array.from({ length: LARGE_MEGABYTES }, () => bytes)
    return {
      kind: 'found',
      contentType: 'video/mp4',
      cacheSeconds: 60,
      body,
      release,
    }
  }
  const relays: RelayPool = {
    transcoded: () => undefined,
    acquire: () => ({
      release: () => {},
      relay: {
        ready: async () => ({ kind: 'ready', codec: 'h264', mimeType: 'video/mp4; codecs="avc1.640028"' }),
        read: async (path) => (path === 'large.m4s' ? large() : { kind: 'refused', status: 404, code: 'not-found' }),
        snapshot: async () => undefined,
        health: () => ({ state: 'live' }),
        subscribeSound: () => () => {},
        subscribe: (sink) => {
          sinks.add(sink)
          sink.init({ bytes: Buffer.alloc(700) })
          return () => sinks.delete(sink)
        },
      },
    }),
  }
  const push = (independent: boolean): void => {
    const part: LiveChunk = {
      facts: { startTicks: 18_000 * counts.sent++, durationTicks: 18_000, independent },
      buffers: [bytes.subarray(0, 100), bytes.subarray(100)],
      sizeBytes: MEGABYTE,
      retain: () => {
        counts.held += 1
        counts.most = Math.max(counts.most, counts.held)
      },
      release: () => {
        counts.held -= 1
      },
    }
    for (const sink of [...sinks]) sink.chunk(part, false)
  }
  return { relays, push, counts, sinks }
}

async function scene(t: Parameters<typeof lawfulAccess>[0]) {
  const parts = largeParts()
  const f = await lawfulAccess(t, parts.relays)
  const base = await f.app.listen({ host: '127.0.0.1', port: 0 })
  const cameraId = await f.addCamera('public', { source: async () => ({ uri: 'rtsp://nowhere/' }) })
  const admin = await f.bearer(['administrator'])
  const payload = newLink(cameraId, 'public')
  const link = await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: admin, payload })
  const operator = await f.bearer(['operator'])
  const body = { cameraId, reason: { kind: 'routine' } }
  const view = await f.app.inject({ method: 'POST', url: '/api/v1/views', headers: operator, payload: body })
  const media = new URL(view.json().hlsUrl.replace('index.m3u8', 'large.m4s'), base)
  const viewer = await liveViewer(base, operator)
  viewer.open(view.json().id)
  await viewer.untilMedia(({ type }) => type === 'init')
  return { ...f, ...parts, viewer, media, operator, admin, linkId: String(link.json().id) }
}

t.test('what waits for a viewer who reads nothing is bounded, and goes on with a key frame', async (t) => {
  const { viewer, push, counts } = await scene(t)
  viewer.socket.pause()
  for (let at = 0; at < 100; at += 1) {
    push(at % 10 === 0)
    await new Promise(setImmediate)
  }
  t.ok(counts.held > 0, 'the buffers are full')
  t.ok(counts.most * MEGABYTE <= MAX_WAITING_BYTES, `${counts.most} MB waited at the most`)
  viewer.socket.resume()
  await viewer.roundTrip()
  const received = viewer.media.filter(({ type }) => type === 'chunk').length
  t.ok(received < 60, `${received} of 100 parts came`)
  push(false)
  push(true)
  push(false)
  await viewer.roundTrip()
  const later = viewer.media.filter(({ startTicks }) => startTicks >= 100 * 18_000)
  t.same(
    later.map(({ independent }) => independent),
    [true, false],
  )
  t.equal(counts.held, 0)
  viewer.socket.terminate()
})

t.test('a cut takes what still waits down with the connection', async (t) => {
  const { app, viewer, push, counts, sinks, admin, linkId } = await scene(t)
  viewer.socket.pause()
  for (let at = 0; at < 30; at += 1) {
    push(true)
    await new Promise(setImmediate)
  }
  t.ok(counts.held > 0, 'some still wait')
  const closed = once(viewer.socket, 'close')
  const url = `/api/v1/links/${linkId}/revoke`
  const revoked = await app.inject({ method: 'POST', url, headers: admin, payload: { reason: '停用' } })
  t.equal(revoked.statusCode, 200, revoked.body)
  viewer.socket.resume()
  await closed
  t.notOk(viewer.words.some(({ kind }) => kind === 'ended'))
  t.equal(sinks.size, 0)
  t.equal(counts.held, 0, 'all were given back')
})

t.test('an HTTP viewer who does not read is cut off in time, and nobody else is', async (t) => {
  const { viewer, media, operator, counts, clock, push } = await scene(t)
  const stuck = get(media, { headers: operator })
  const [slow] = (await once(stuck, 'response')) as [IncomingMessage]
  t.equal(counts.held, 1, 'its bytes wait')
  await clock.advance(MAX_SENDING_MS - 1_000)
  t.equal(counts.held, 1, 'slow is not yet too slow')
  await viewer.roundTrip()
  const reader = get(media, { headers: operator })
  const [quick] = (await once(reader, 'response')) as [IncomingMessage]
  let sizeBytes = 0
  for await (const chunk of quick) sizeBytes += (chunk as Buffer).length
  t.equal(sizeBytes, LARGE_MEGABYTES * MEGABYTE, 'who reads gets all of it')
  const cut = new Promise((resolve) => slow.on('error', () => {}).on('close', resolve))
  await clock.advance(3_000)
  slow.resume()
  await cut
  t.notOk(slow.complete, 'the connection of the slow one was cut')
  t.equal(counts.held, 0)
  push(true)
  await viewer.untilMedia(({ type }) => type === 'chunk')
  t.pass('the view itself goes on')
  viewer.socket.terminate()
})
