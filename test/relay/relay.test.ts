import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createDialer } from '../../gateway/dial.ts'
import { backOffMs } from '../../gateway/relay/back-off.ts'
import { describe } from '../../gateway/relay/describe.ts'
import { KeyFrameRequest } from '../../gateway/relay/key-frame-request.ts'
import type { RelayHealth, RelayState } from '../../gateway/relay/relay-health.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { FakeClock } from '../fakes/clock.ts'
import { interleaved, payloads, rtpPacket, senderReport } from '../fakes/rtp-packets.ts'
import { ScriptedCamera, type ScriptedCameraOptions, status } from '../fakes/scripted-camera.ts'

const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n'
const KEY = ['6742001e95a8280bfe54', '68ce3c80', '6588aa55'].map((hex) => Buffer.from(hex, 'hex'))
const INTER = [Buffer.from('419acc55', 'hex')]
const dialer = createDialer(['127.0.0.0/8'])
const signal = AbortSignal.timeout(60_000)

/** The bytes of frames `from` to `to`, a key frame every 25. */
function media(from: number, to: number, frameTicks = 3600): Buffer {
  const frames: Buffer[] = []
  let sequence = from + 2 * Math.ceil(from / 25)
  for (let i = from; i < to; i++) {
    const all = payloads('h264', i % 25 === 0 ? KEY : INTER)
    for (const [at, payload] of all.entries())
      frames.push(interleaved(rtpPacket(sequence++, i * frameTicks, at === all.length - 1, payload)))
  }
  return Buffer.concat(frames)
}

interface Scene {
  camera: ScriptedCamera
  clock: FakeClock
  pool: RelayPool
  seen: RelayHealth[]
  until(state: RelayState): Promise<RelayHealth>
}

async function scene(t: Test, options: Partial<ScriptedCameraOptions> = {}, lingerMs = 30_000): Promise<Scene> {
  const camera = await new ScriptedCamera({ sdp: SDP, ...options }).start()
  const clock = new FakeClock()
  const seen: RelayHealth[] = []
  let waiting: { state: RelayState; resolve(health: RelayHealth): void }[] = []
  const pool = new RelayPool({
    dialer,
    clock,
    lingerMs,
    random: () => 0.5,
    onState: (_id, health) => {
      seen.push(health)
      for (const waiter of waiting.filter(({ state }) => state === health.state)) waiter.resolve(health)
      waiting = waiting.filter(({ state }) => state !== health.state)
    },
  })
  t.teardown(async () => {
    const closed = pool.close()
    await clock.advance(1_000) // an unanswered TEARDOWN
    await closed
    await camera.close()
  })
  return { camera, clock, pool, seen, until: (state) => new Promise((resolve) => waiting.push({ state, resolve })) }
}

t.test('bytes split anywhere, stray channels, garbage between: plays, and says goodbye', async (t) => {
  const stray = Buffer.concat([interleaved(Buffer.from('who set this up?'), 77), Buffer.from([0, 1, 2])])
  const dribble = (socket: Socket, bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; at += 3) socket.write(bytes.subarray(at, at + 3))
  }
  const { camera, pool } = await scene(t, {
    onPlay: (socket) => dribble(socket, Buffer.concat([stray, media(0, 30), stray, media(30, 60)])),
    write: dribble,
  })
  const lease = pool.acquire('a', async () => ({ uri: camera.uri }))
  t.match(await lease.relay.ready(signal), {
    kind: 'ready',
    mimeType: 'video/mp4; codecs="avc1.42001e"',
    width: 640,
    height: 360,
  })
  const top = await lease.relay.read('index.m3u8', {}, signal)
  if (top.kind !== 'found') throw new Error(top.code)
  const path = top.body.toString().trim().split('\n').at(-1) ?? ''
  t.match(await lease.relay.read(path, { msn: 1 }, signal), { kind: 'found' })
  t.equal(lease.relay.health().lostPackets, 0)
  lease.release()
  await pool.close()
  t.same(camera.methods(), ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN'])
})

t.test('data before the PLAY answer', async (t) => {
  const { camera, pool } = await scene(t, {
    answer: (request, socket) => {
      if (request.method === 'PLAY') socket.write(media(0, 6))
      return undefined
    },
  })
  const lease = pool.acquire('a', async () => ({ uri: camera.uri }))
  t.match(await lease.relay.ready(signal), { kind: 'ready' })
})

t.test('a camera in the middle of its pictures is asked for a key frame, until one has come', async (t) => {
  const playing = Promise.withResolvers<Socket>()
  const { camera, pool } = await scene(t, {
    onPlay: (socket) => {
      socket.write(media(1, 20)) // the next key frame would be number 25
      playing.resolve(socket)
    },
  })
  const asked: AbortSignal[] = []
  const askKeyFrame = (until: AbortSignal): void => {
    asked.push(until)
    void playing.promise.then((socket) => socket.write(media(25, 50)))
  }
  const lease = pool.acquire('a', async () => ({ uri: camera.uri, askKeyFrame }))
  t.match(await lease.relay.ready(signal), { kind: 'ready' })
  t.same(
    asked.map(({ aborted }) => aborted),
    [true],
    'once, and whoever still asks can stop',
  )
})

t.test('after a loss the camera is asked again, not within two seconds and until a key frame has come', async (t) => {
  const { camera, clock, pool } = await scene(t, { onPlay: (socket) => socket.write(media(0, 30)) })
  const asked: AbortSignal[] = []
  const askKeyFrame = (until: AbortSignal): void => void asked.push(until)
  const { relay } = pool.acquire('a', async () => ({ uri: camera.uri, askKeyFrame }))
  await relay.ready(signal)
  const [socket] = camera.sockets
  let received = 34
  const send = async (from: number, to: number): Promise<void> => {
    received += to - from + 2 * (Math.ceil(to / 25) - Math.ceil(from / 25))
    socket?.write(media(from, to))
    while (relay.health().receivedPackets < received) await new Promise(setImmediate)
  }
  await send(30, 31)
  await clock.advance(2_000)
  await send(31, 32)
  await clock.advance(2_500) // whatever was asked at the beginning is long ago
  asked.length = 0
  await send(32, 33)
  t.equal(asked.length, 0, 'nothing is missing')
  await send(34, 36)
  t.same(
    asked.map(({ aborted }) => aborted),
    [false],
  )
  await clock.advance(1_900)
  await send(38, 41)
  t.equal(asked.length, 1, 'not so soon again')
  await clock.advance(1_100)
  t.same(
    asked.map(({ aborted }) => aborted),
    [true, false],
    'again, and the last time is over',
  )
  await send(50, 60)
  t.same(
    asked.map(({ aborted }) => aborted),
    [true, true],
    'one has come',
  )
  await clock.advance(5_000)
  t.equal(asked.length, 2)
  t.equal(relay.health().lostPackets, 12)
})

t.test('a camera that loses all the time is asked more and more seldom', async (t) => {
  let nowMs = 0
  const askedAt: number[] = []
  const request = new KeyFrameRequest({ askKeyFrame: () => void askedAt.push(nowMs / 1000) }, () => nowMs)
  for (; nowMs <= 260_000; nowMs += 500) request.ask()
  t.same(askedAt, [0, 2, 6, 14, 30, 62, 126, 190, 254])
  nowMs += 130_000
  request.ask()
  nowMs += 2_000
  request.ask()
  t.same(askedAt.slice(9), [390.5, 392.5], 'anew after a good while')
})

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

t.test('one relay for all viewers, lingers, and can be wanted again', async (t) => {
  const { camera, clock, pool } = await scene(t, { onPlay: (socket) => socket.write(media(0, 60)) })
  const source = async (): Promise<{ uri: string }> => ({ uri: camera.uri })
  const first = pool.acquire('a', source)
  const second = pool.acquire('a', source)
  t.equal(first.relay, second.relay)
  await first.relay.ready(signal)
  t.equal(camera.methods().filter((method) => method === 'PLAY').length, 1)
  first.release()
  first.release()
  t.equal([...pool.running()].length, 1)
  second.release()
  await clock.advance(2_000)
  const third = pool.acquire('a', source)
  t.equal(third.relay, first.relay, 'within the linger time')
  third.release()
  await clock.advance(31_000)
  t.equal([...pool.running()].length, 0)
  t.match(await first.relay.read('index.m3u8', {}, signal), { kind: 'refused', status: 503 })
})

t.test('ending a stream ends held requests at once', async (t) => {
  const { camera, pool } = await scene(t, { onPlay: (socket) => socket.write(media(0, 60)) })
  const { relay } = pool.acquire('a', async () => ({ uri: camera.uri }))
  await relay.ready(signal)
  const top = await relay.read('index.m3u8', {}, signal)
  const path = top.kind === 'found' ? (top.body.toString().trim().split('\n').at(-1) ?? '') : ''
  const held = relay.read(path, { msn: 3 }, signal)
  pool.end('a')
  t.match(await held, { kind: 'refused', status: 503 })
  t.equal([...pool.running()].length, 0)
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

t.test('describe plays to the first key frame', async (t) => {
  const { camera, clock } = await scene(t, { onPlay: (socket) => socket.write(media(20, 30)) })
  const result = await describe({ uri: camera.uri }, { dialer, clock, play: true }, signal)
  t.match(result, {
    ok: true,
    tracks: [{ encoding: 'H264', codec: 'avc1.42001e', width: 640, height: 360 }],
    firstFrameMs: 0,
  })
  t.match(camera.methods().slice(-2), ['PLAY', 'TEARDOWN'])
})

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

t.test('what is known of a stream outlives its relay', async (t) => {
  let refused = 1
  const { camera, clock, pool, until } = await scene(t, {
    answer: (request) => (request.method === 'DESCRIBE' && refused-- > 0 ? status(404) : undefined),
    onPlay: (socket) => socket.write(media(0, 60)),
  })
  t.equal(pool.figures('a'), undefined)
  const offline = until('offline')
  const lease = pool.acquire('a', async () => ({ uri: camera.uri }))
  await offline
  const live = until('live')
  await clock.advance(500) // back-off
  await live
  t.match(pool.figures('a'), {
    reconnects: 1,
    lostPackets: 0,
    opens: { count: 2, failed: 1, firstFrameMs: { p50: 0 }, connectMs: { p50: 0 }, lastFault: { code: 'not-found' } },
    now: { state: 'live', keyFrameIntervalMs: 1_000 },
  })
  while (lease.relay.health().receivedPackets < 66) await new Promise(setImmediate)
  lease.release()
  pool.end('a')
  await clock.advance(1_000)
  while (pool.figures('a')?.receivedPackets === 0) await new Promise(setImmediate)
  const after = pool.figures('a')
  t.equal(after?.now, undefined)
  t.match(after, { receivedPackets: 66, opens: { count: 2 } })
})

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
