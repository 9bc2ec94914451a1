import type { Socket } from 'node:net'
import t from 'tap'
import { backOffMs } from '../../gateway/relay/back-off.ts'
import { interleaved, rtpPacket, senderReport } from '../fakes/rtp-packets.ts'
import { status } from '../fakes/scripted-camera.ts'
import { media, scene, signal } from './scene.ts'

for (const [name, first, packets] of [
  ['never a key frame', media(1, 20), 19],
  ['a picture that ends', media(0, 60), 66],
] as const) {
  t.test(`packets go on coming, ${name}: after half a minute the session is begun anew`, async (t) => {
    const { camera, clock, pool } = await scene(t, { onPlay: (socket) => socket.write(first) })
    const { relay } = pool.acquire('a', async () => ({ uri: camera.uri }))
    while (relay.health().receivedPackets < packets) await new Promise(setImmediate)
    const [socket] = camera.sockets
    for (let second = 1; second <= 30; second++) {
      socket?.write(interleaved(rtpPacket(1_000 + second, 5_000_000, false, Buffer.from([6, 1, 2]))))
      while (relay.health().receivedPackets < packets + second) await new Promise(setImmediate)
      await clock.advance(1_000)
      t.not(relay.health().fault?.code, 'no-key-frame')
    }
    await clock.advance(1_500)
    while (relay.health().fault?.code !== 'no-key-frame') await new Promise(setImmediate)
    await clock.advance(1_500) // a goodbye, and back-off
    while (camera.methods().filter((method) => method === 'PLAY').length < 2) {
      await clock.advance(100)
      await new Promise(setImmediate)
    }
    t.pass('it plays again')
  })
}

for (const [fps, stalledMs] of [
  [25, 2_000],
  [1, 3_000],
] as const) {
  t.test(`${fps} frames a second: stalled after ${stalledMs} ms`, async (t) => {
    const { camera, clock, pool, until } = await scene(t, {
      onPlay: (socket) => socket.write(media(0, 60, 90_000 / fps)),
    })
    const { relay } = pool.acquire('a', async () => ({ uri: camera.uri }))
    await relay.ready(signal)
    while (relay.health().receivedPackets < 66) await new Promise(setImmediate)
    const stalled = until('stalled')
    await clock.advance(stalledMs - 20)
    t.equal(relay.health().state, 'live')
    await clock.advance(20)
    t.match(await stalled, { lastFrameAgeMs: stalledMs })
  })
}

t.test('stalled to the moment, wherever between two looks at all streams it comes', async (t) => {
  const { camera, clock, pool } = await scene(t, { onPlay: (socket) => socket.write(media(0, 60)) })
  const source = async () => ({ uri: camera.uri })
  pool.acquire('first', source) // from now on all are looked at every second
  await clock.advance(300)
  const { relay } = pool.acquire('second', source)
  await relay.ready(signal)
  while (relay.health().receivedPackets < 66) await new Promise(setImmediate)
  await clock.advance(1_980)
  t.match(relay.health(), { state: 'live', lastFrameAgeMs: 1_980 })
  await clock.advance(20)
  t.match(relay.health(), { state: 'stalled', lastFrameAgeMs: 2_000 })
})

t.test('a hung camera is noticed within five seconds and comes back into the same window', async (t) => {
  let plays = 0
  const { camera, clock, pool, seen, until } = await scene(t, {
    onPlay: (socket) => socket.write(plays++ === 0 ? media(0, 60) : media(1000, 1060)),
  })
  const lease = pool.acquire('a', async () => ({ uri: camera.uri }))
  const { relay } = lease
  await relay.ready(signal)
  const prefix = async (): Promise<string> => {
    const top = await relay.read('index.m3u8', {}, signal)
    return top.kind === 'found' ? (top.body.toString().trim().split('\n').at(-1) ?? '') : top.code
  }
  const before = await prefix()
  const startedMs = clock.monotonicMs()
  const offline = until('offline')
  let noticed = false
  void offline.then(() => {
    noticed = true
  })
  const live = until('live')
  for (let i = 0; i < 60 && !noticed; i++) await clock.advance(100)
  t.match(await offline, { fault: { code: 'stalled' } })
  t.ok(
    clock.monotonicMs() - startedMs <= 5_600,
    `after ${clock.monotonicMs() - startedMs} ms, a goodbye that is not answered included`,
  )
  t.ok(seen.some(({ state }) => state === 'stalled'))
  await clock.advance(1_000) // back-off
  await live
  t.equal(await prefix(), before, 'viewers go on')
  const playlist = await relay.read(before, {}, signal)
  t.match(playlist.kind === 'found' ? playlist.body.toString() : playlist.code, '#EXT-X-DISCONTINUITY\n')
  t.equal(relay.health().reconnects, 1)
})

t.test('a reset connection is an outage of one stream, not of its neighbour', async (t) => {
  const sockets: Socket[] = []
  const { camera, pool, until } = await scene(t, {
    onPlay: (socket) => {
      sockets.push(socket)
      socket.write(media(0, 60))
    },
  })
  const one = pool.acquire('one', async () => ({ uri: camera.uri }))
  await one.relay.ready(signal)
  const two = pool.acquire('two', async () => ({ uri: camera.uri }))
  await two.relay.ready(signal)
  const offline = until('offline')
  sockets[0]?.resetAndDestroy()
  t.match(await offline, { fault: { code: 'connection-lost' } })
  t.equal(two.relay.health().state, 'live')
  t.equal(one.relay.health().state, 'offline')
})

t.test('garbage for a stream: a protocol fault', async (t) => {
  const { camera, pool, until } = await scene(t, { onPlay: (socket) => socket.write(Buffer.alloc(1_000_000, 5)) })
  const offline = until('offline')
  pool.acquire('a', async () => ({ uri: camera.uri }))
  t.match(await offline, { fault: { code: 'protocol' } })
})

t.test('a wrong password is tried once and not again for a minute, however many look', async (t) => {
  let nonce = 0
  const { camera, clock, pool } = await scene(t, {
    answer: () => status(401, `WWW-Authenticate: Digest realm="cam", nonce="n${nonce++}"`),
  })
  const { relay } = pool.acquire('a', async () => ({ uri: camera.uri, username: 'u', password: 'canary' }))
  for (let i = 0; i < 5; i++) t.match(await relay.ready(signal), { kind: 'failed', code: 'unauthorized' })
  await clock.advance(59_000)
  t.match(await relay.ready(signal), { kind: 'failed', code: 'unauthorized' })
  t.equal(camera.requests.filter((request) => request.headers.has('authorization')).length, 1)
  t.notMatch(JSON.stringify(relay.health()), 'canary')
})

t.test('a viewer shortens the wait for a camera that came back', async (t) => {
  let broken = true
  const { camera, clock, pool } = await scene(t, {
    answer: (request) => (broken && request.method === 'DESCRIBE' ? status(404) : undefined),
    onPlay: (socket) => socket.write(media(0, 30)),
  })
  const { relay } = pool.acquire('a', async () => ({ uri: camera.uri }))
  t.match(await relay.ready(signal), { kind: 'failed', code: 'not-found' })
  t.match(await relay.ready(signal), { kind: 'failed', code: 'not-found' }, 'at once, without asking the camera')
  t.equal(camera.methods().filter((method) => method === 'DESCRIBE').length, 1)
  for (let i = 0; i < 6; i++) {
    const before = camera.requests.length
    await clock.advance(30_000)
    while (camera.requests.length === before) await new Promise(setImmediate)
    while (camera.sockets.size > 0) await new Promise(setImmediate)
  }
  broken = false
  await clock.advance(6_000)
  t.match(await relay.ready(signal), { kind: 'ready' })
})

for (const [stableS, waitMs] of [
  [20, 8_000],
  [31, 500],
] as const) {
  t.test(`a camera that failed four times and played for ${stableS} s: the next wait is ${waitMs} ms`, async (t) => {
    let failures = 0
    const { camera, clock, pool, until } = await scene(t, {
      answer: (request) => (request.method === 'DESCRIBE' && failures++ < 4 ? status(404) : undefined),
      onPlay: (socket) => socket.write(media(0, 25)),
    })
    const asked = (): number => camera.methods().filter((method) => method === 'DESCRIBE').length
    const { relay } = pool.acquire('a', async () => ({ uri: camera.uri }))
    while (relay.health().state !== 'live') {
      if (camera.sockets.size === 0) await clock.advance(100)
      else await new Promise(setImmediate)
    }
    const [socket] = camera.sockets
    for (let second = 1; second <= stableS; second++) {
      await clock.advance(1_000)
      socket?.write(media(25 * second, 25 * (second + 1)))
      while (relay.health().receivedPackets < 27 * (second + 1)) await new Promise(setImmediate)
    }
    const offline = until('offline')
    socket?.resetAndDestroy()
    await offline
    await clock.advance(waitMs - 1)
    t.equal(asked(), 5)
    await clock.advance(1)
    while (asked() < 6) await new Promise(setImmediate)
    t.pass('asked again')
  })
}

t.test(
  'a picture that stands still is stalled after two seconds and offline after eight, whatever else comes',
  async (t) => {
    const { camera, clock, pool, until } = await scene(t, {
      onPlay: (socket) => void socket.write(Buffer.concat([media(0, 60), interleaved(senderReport(0, 1e12), 1)])),
    })
    const { relay } = pool.acquire('a', async () => ({ uri: camera.uri }))
    await relay.ready(signal)
    await clock.advance(1_980)
    t.equal(relay.health().state, 'live')
    const [socket] = camera.sockets
    let sequence = 1_000
    let heard = 0
    // Packets of no picture: the camera is there, but a viewer would see an old frame.
    const nonsense = async (): Promise<void> => {
      socket?.write(interleaved(rtpPacket(sequence++, 5_000_000, false, Buffer.from([6, 1, 2]))))
      heard++
      while (relay.health().receivedPackets < 66 + heard) await new Promise(setImmediate)
    }
    await nonsense()
    const stalled = until('stalled')
    await clock.advance(20)
    t.match(await stalled, { state: 'stalled' })
    const offline = until('offline')
    for (let i = 0; i < 6; i++) {
      await nonsense()
      await clock.advance(900)
      t.equal(relay.health().state, 'stalled')
    }
    await nonsense()
    await clock.advance(1_000)
    t.match(await offline, { fault: { code: 'stalled' } })
    const live = until('live')
    socket?.write(media(1_000, 1_030))
    t.match(await live, { state: 'live' })
    t.notOk('fault' in relay.health())
    t.match(pool.figures('a'), { opens: { count: 1, failed: 0 }, reconnects: 0 })
  },
)

t.test('back-off', async (t) => {
  t.same(
    [0, 1, 2, 5, 6, 20].map((failures) => backOffMs(failures, 'timeout', () => 0.999999)).map(Math.round),
    [1000, 2000, 4000, 32_000, 60_000, 60_000],
  )
  t.equal(
    backOffMs(3, 'timeout', () => 0),
    250,
  )
  t.equal(
    backOffMs(0, 'unauthorized', () => 0),
    60_000,
  )
})
