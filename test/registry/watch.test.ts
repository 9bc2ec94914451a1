import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { NewLiveEvent } from '../../gateway/contracts/event.ts'
import { FakeClock } from '../fakes/clock.ts'
import { CELL, type Harness, harness } from './harness.ts'

const EVERY_MS = 30_000

/** An RTSP port that can be switched off and on, and tells when it was asked. */
async function port(
  t: Test,
  host = '127.0.45.1',
): Promise<{ number: number; asked: string[]; off(): Promise<void>; on(): Promise<void> }> {
  const asked: string[] = []
  const listen = async (number: number): Promise<Server> => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (chunk) => {
        asked.push(chunk.toString())
        socket.end('RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n')
      })
    })
    await once(server.listen(number, host), 'listening')
    return server
  }
  let server = await listen(0)
  const address = server.address()
  const number = typeof address === 'object' && address !== null ? address.port : 0
  t.teardown(() => server.close())
  return {
    number,
    asked,
    off: async () => void (await new Promise((resolve) => server.close(resolve))),
    on: async () => {
      server = await listen(number)
    },
  }
}

async function registered(h: Harness, uri: string): Promise<string> {
  const { body, text } = await h.call('POST', '/cameras', {
    name: 'a',
    cellCode: CELL,
    placeClass: 'other',
    ownership: 'public',
    source: { kind: 'rtsp', mainUri: uri, username: 'u', password: 'canary' },
  })
  if (body.id === undefined) throw new Error(text)
  h.linked.add(body.id)
  h.events.length = 0
  return body.id
}

const described = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 }) as const

/** Lets one round pass, and the answers of real sockets come in. */
async function round(clock: FakeClock, until: () => boolean | Promise<boolean>): Promise<void> {
  for (let at = 0; at < 200; at++) {
    if (await until()) return
    await clock.advance(EVERY_MS / 10)
    await systemClock.sleep(5, new AbortController().signal)
  }
  throw new Error('nothing came')
}

const states = (events: readonly NewLiveEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'camera' ? [event.data.state] : []))

t.test('a device that falls silent goes offline after two rounds, and comes back', async (t) => {
  const clock = new FakeClock()
  const h = await harness(t, { clock, describeStream: described, watchEveryMs: EVERY_MS })
  const camera = await port(t)
  const id = await registered(h, `rtsp://127.0.45.1:${camera.number}/live?a=1`)
  h.registry.start()
  await round(clock, () => camera.asked.length >= 2)
  t.match(camera.asked[0], /^OPTIONS rtsp:\/\/127\.0\.45\.1:\d+\/live\?a=1 RTSP\/1\.0\r\n/)
  t.notMatch(camera.asked.join(), /canary|authorization/i, 'asked without login')
  t.same(states(h.events), [], 'nothing changed, nothing told')

  await camera.off()
  const from = clock.now()
  await round(clock, () => h.events.length > 0)
  t.ok(clock.now() - from >= 1.5 * EVERY_MS, 'one failure is not enough')
  t.match(h.events, [{ kind: 'camera', cellCode: CELL, data: { id, state: 'offline', reason: 'refused' } }])
  t.match((await h.call('GET', `/cameras/${id}`)).body, { state: 'offline', stateReason: 'refused' })

  await camera.on()
  await round(clock, () => h.events.length > 1)
  t.same(states(h.events), ['offline', 'online'])
  t.equal(h.entries.length, 1, 'reachability is not audited')
  await h.registry.close()
  const count = camera.asked.length
  await clock.advance(EVERY_MS * 3)
  t.equal(camera.asked.length, count, 'nobody is asked after close')
})

t.test('what a relay reports is told at once', async (t) => {
  const clock = new FakeClock()
  const h = await harness(t, { clock, describeStream: described, watchEveryMs: EVERY_MS })
  const camera = await port(t)
  const id = await registered(h, `rtsp://127.0.45.1:${camera.number}/live`)
  const streamId = (await h.registry.streamSource(id, 'main'))?.streamId ?? ''
  const note = h.registry.noteRelayState
  await Promise.all([
    note(streamId, { state: 'starting' }),
    note(streamId, { state: 'live' }),
    note(streamId, { state: 'stalled' }),
    note(streamId, { state: 'stalled' }),
    note(streamId, { state: 'live' }),
    note(streamId, { state: 'offline', fault: { code: 'unauthorized', detail: '401' } }),
    note('no such stream', { state: 'offline' }),
  ])
  t.same(states(h.events), ['stalled', 'online', 'offline'], 'in order, changes only')
  h.registry.start()
  await round(clock, () => camera.asked.length >= 3)
  t.same(states(h.events).length, 3, 'a refused login is not mended by an open port')
  await note(streamId, { state: 'live' })
  t.same(states(h.events).at(-1), 'online')

  h.linked.clear()
  await note(streamId, { state: 'stalled' })
  t.equal(h.events.length, 4, 'without a link nobody is told')
  t.equal((await h.call('GET', `/cameras/${id}`)).body.state, 'unlinked')
  await h.database.transaction((tx) => h.registry.publishState(tx, id, true))
  t.match(h.events.at(-1), { data: { state: 'stalled' } })
})

t.test('a camera that sends pictures is there, though it takes no other connection', async (t) => {
  const clock = new FakeClock()
  const live = new Set<string>()
  const now = { state: 'live', since: 0 } as const
  const counts = { reconnects: 0, receivedPackets: 0, lostPackets: 0, opens: { count: 1, failed: 0 } }
  const h = await harness(t, {
    clock,
    describeStream: described,
    watchEveryMs: EVERY_MS,
    streamFigures: (id) => ({ ...counts, ...(live.has(id) ? { now } : {}) }),
  })
  const [sending, silent] = [await port(t), await port(t, '127.0.45.2')]
  const id = await registered(h, `rtsp://127.0.45.1:${sending.number}/live`)
  const other = await registered(h, `rtsp://127.0.45.2:${silent.number}/live`)
  const streamId = (await h.registry.streamSource(id, 'main'))?.streamId ?? ''
  live.add(streamId)
  await sending.off()
  await silent.off()
  const told = (cameraId: string): string[] =>
    states(h.events.filter((event) => event.kind === 'camera' && event.data.id === cameraId))
  h.registry.start()
  await round(clock, () => told(other).length > 0)
  for (let rounds = 0; rounds < 20; rounds++) await clock.advance(EVERY_MS / 10)
  t.same([told(id), told(other)], [[], ['offline']])

  live.delete(streamId)
  await round(clock, () => told(id).length > 0)
  t.same(told(id), ['offline'], 'nobody watches any more, so it is asked')
  live.add(streamId)
  await round(clock, () => told(id).length > 1)
  t.same(told(id), ['offline', 'online'])
  t.equal(sending.asked.length, 0)
})

t.test('forty cameras behind one dead switch are one incident', { timeout: 60_000 }, async (t) => {
  const clock = new FakeClock()
  const h = await harness(t, { clock, describeStream: described, watchEveryMs: EVERY_MS })
  const everywhere = await port(t, '0.0.0.0')
  const alone = await port(t)
  const at = (host: string): Promise<string> => registered(h, `rtsp://${host}:${everywhere.number}/live`)
  const cameraIds: string[] = []
  for (let host = 1; host <= 40; host += 1) cameraIds.push(await at(`127.0.46.${host}`))
  const single = await registered(h, `rtsp://127.0.45.1:${alone.number}/live`)
  h.registry.start()
  await round(clock, () => everywhere.asked.length >= 80)
  t.same(h.alarms, [])

  await everywhere.off()
  const from = clock.now()
  await round(clock, () => h.alarms.length > 0)
  const tookMs = clock.now() - from
  const [incident] = h.alarms
  t.equal(states(h.events).length, 40, 'all of them were away by then')
  t.match(incident, {
    type: 'device-offline',
    text: /^127\.0\.46\.0\/24 \(40\): a, a/,
    data: { cameras: 40, cellCodes: [CELL] },
    place: { cellCode: CELL },
  })
  t.comment(`one alarm ${tookMs / 1000} s after the switch died`)
  await alone.off()
  await round(clock, () => h.alarms.length > 1)
  t.match(
    h.alarms[1],
    { text: 'a', place: { cellCode: CELL, cameraId: single } },
    'another network is another incident',
  )
  t.equal(h.alarms.length, 2)

  await everywhere.on()
  await round(clock, () => h.alarms.length > 2)
  t.match(h.alarms[2], { id: incident?.id, state: 'cleared' }, 'over when the last is back')
  t.equal(states(h.events).filter((state) => state === 'online').length, 40)

  const query = async (by: string): Promise<{ items: { availability: number }[] }> =>
    (await h.call('GET', `/health/availability?by=${by}&days=1`)).body
  const { items } = await query('cell')
  t.match(items, [{ key: CELL, cameras: 41 }])
  t.ok((items[0]?.availability ?? 1) < 0.9, `availability ${items[0]?.availability}`)
})

t.test('an outage told before a restart ends after it', async (t) => {
  const clock = new FakeClock()
  const key = 'offline:127.0.45.0/24:1'
  const told: { id: string; state?: string | undefined }[] = []
  const alarms = {
    raiseFrom: async () => undefined,
    openFrom: async () => [],
    raiseOwn: async (_place: object, message: { id: string; state?: string | undefined }) => void told.push(message),
    openOwn: async () => [key, 'offline:127.0.99.0/24:1'].map((sourceKey) => ({ sourceKey, cellCode: CELL })),
  }
  const h = await harness(t, { clock, alarms, describeStream: described, watchEveryMs: EVERY_MS })
  const camera = await port(t)
  const id = await registered(h, `rtsp://127.0.45.1:${camera.number}/live`)
  await h.database.client.camera.update({ where: { id }, data: { state: 'offline' } })
  h.registry.start()
  await round(clock, () => told.length >= 2)
  t.match(told, [
    { id: 'offline:127.0.99.0/24:1', state: 'cleared' },
    { id: key, state: 'cleared' },
  ])
})
