import t, { type Test } from 'tap'
import { describeStreamBy } from '../../gateway/camera-access.ts'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import type { Township } from '../../scripts/virtual-township/township.ts'
import type { VirtualCamera } from '../../scripts/virtual-township/virtual-camera/virtual-camera.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, type Harness, harness } from './harness.ts'

const dialer = createDialer(['127.0.0.0/8'])

/** Hikvision speaks Media2, Tapo Media1; Axis sends B-frames; a recorder has channels; the nameless one cannot be asked. */
const ASKED = ['cam-dongjie', 'cam-xiaomaibu', 'cam-guangchang', 'nvr-xiaoxue']
const CANNOT = 'cam-shuiku'

let township: Township
t.before(async () => {
  if (!lacksFfmpeg) township = await open('127.0.61.0', [...ASKED, CANNOT])
})
t.teardown(() => township?.close())

async function register(t: Test, h: Harness, { found, device }: VirtualCamera, channel?: string): Promise<string> {
  const { username, password } = device
  const chosen = channel === undefined ? {} : { channel }
  const answer = await h.call('POST', '/cameras', {
    name: device.id,
    cellCode: CELL,
    placeClass: 'article-7',
    ownership: 'public',
    source: { kind: 'onvif', address: found.onvif, username, password, ...chosen },
  })
  t.equal(answer.status, 201, answer.text)
  return answer.body.id
}

/** Opens a stream from cold, to its first picture. */
async function play(t: Test, h: Harness, cameraId: string, role: 'main' | 'sub'): Promise<void> {
  const pool = new RelayPool({ dialer, clock: systemClock })
  const stream = await h.registry.streamSource(cameraId, role)
  if (stream === undefined) throw new Error(`no ${role} stream`)
  const { relay } = pool.acquire(stream.streamId, stream.source)
  const readiness = await relay.ready(AbortSignal.timeout(20_000))
  t.equal(readiness.kind, 'ready')
  await pool.close()
}

/** Plays until the camera was asked as often as is wanted: one that happens to begin with a key frame is not. */
async function playUntilAsked(t: Test, h: Harness, id: string, cameraId: string, role: 'main' | 'sub', times: number) {
  const camera = township.camera(id)
  for (let opens = 0; camera.askedForKeyFrame.length < times && opens < 20; opens++) await play(t, h, cameraId, role)
  return camera.askedForKeyFrame
}

t.test('cameras are asked for a key frame when a stream begins', { skip: lacksFfmpeg, timeout: 110_000 }, async (t) => {
  const h = await harness(t, { describeStream: describeStreamBy(dialer, systemClock) })
  for (const id of ASKED) {
    const camera = township.camera(id)
    const channel = camera.found.channels.at(-1)
    const cameraId = await register(t, h, camera, channel?.sourceToken)
    const main = await playUntilAsked(t, h, id, cameraId, 'main', 1)
    t.match(
      main,
      [{ stream: 'main', sourceToken: channel?.sourceToken }],
      `${id}: the stream that is played, of its channel`,
    )
    const both = await playUntilAsked(t, h, id, cameraId, 'sub', 2)
    t.match(both.slice(1), [{ stream: 'sub', sourceToken: channel?.sourceToken }], `${id}: its other stream`)
    t.equal(camera.refusedLogins, 0, `${id}: no login failed`)
  }
})

t.test('one that cannot give a key frame is asked once, and shows its picture', { skip: lacksFfmpeg }, async (t) => {
  const h = await harness(t, { describeStream: describeStreamBy(dialer, systemClock) })
  const cameraId = await register(t, h, township.camera(CANNOT))
  await playUntilAsked(t, h, CANNOT, cameraId, 'main', 1)
  for (let opens = 0; opens < 4; opens++) await play(t, h, cameraId, 'main')
  t.equal(township.camera(CANNOT).askedForKeyFrame.length, 1)
  t.notMatch(h.logged.join(''), /no key frame was asked for/)
})
