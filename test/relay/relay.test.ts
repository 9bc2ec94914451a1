import type { Socket } from 'node:net'
import t from 'tap'
import { describe } from '../../gateway/relay/describe.ts'
import { interleaved } from '../fakes/rtp-packets.ts'
import { status } from '../fakes/scripted-camera.ts'
import { dialer, media, scene, signal } from './scene.ts'

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
  await clock.advance(31_000)
  t.equal([...pool.running()].length, 1, 'somebody watches again')
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
