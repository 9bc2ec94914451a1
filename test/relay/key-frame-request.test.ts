import type { Socket } from 'node:net'
import t from 'tap'
import { KeyFrameRequest } from '../../gateway/relay/key-frame-request.ts'
import { media, scene, signal } from './scene.ts'

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
