import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, type Harness, harness } from './harness.ts'

/** Of the gateways on a database one watches the cameras, and what the others saw is in the database. */

const describeStream: DescribeStream = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 })
const { signal } = new AbortController()
const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await what())) await systemClock.sleep(20, signal)
}

async function register(h: Harness, source: object): Promise<string> {
  const place = { name: 'a', cellCode: CELL, placeClass: 'other', ownership: 'public' }
  const { body, text } = await h.call('POST', '/cameras', { ...place, source })
  if (body.id === undefined) throw new Error(text)
  h.linked.add(body.id)
  return body.id
}

t.test(
  'who begins to lead tells the outages that another gateway saw, and ends them',
  { timeout: 30_000 },
  async (t) => {
    let leads = false
    const h = await harness(t, { describeStream, watchEveryMs: 100, lead: { isHeld: () => leads } })
    const id = await register(h, { kind: 'rtsp', mainUri: 'rtsp://127.0.83.1:9/live' })
    const note = async (state: string, stateReason: string | null): Promise<void> => {
      await h.database.client.camera.update({ where: { id }, data: { state, stateReason, stateSince: new Date() } })
    }
    const other = await register(h, { kind: 'rtsp', mainUri: 'rtsp://127.0.84.1:9/live' })
    const stateOf = async (camera: string): Promise<string> => (await h.call('GET', `/cameras/${camera}`)).body.state
    h.registry.start()
    await note('offline', 'unauthorized')
    await systemClock.sleep(1_000, signal)
    t.not(await stateOf(other), 'offline', 'whoever does not lead asks no camera')
    t.same(h.alarms, [])

    leads = true
    await until(() => h.alarms.length === 2)
    t.same(new Set(h.alarms.map(({ type }) => type)), new Set(['device-offline']))
    t.equal(await stateOf(other), 'offline')
    const told = h.alarms.find(({ place }) => 'cameraId' in place && place.cameraId === id)

    await h.database.client.camera.update({ where: { id }, data: { state: 'online', stateReason: null } })
    await until(() => h.alarms.length > 2)
    t.match(h.alarms[2], { id: told?.id, state: 'cleared' })
  },
)

t.test('only who leads listens to cameras', { skip: lacksFfmpeg, timeout: 60_000 }, async (t) => {
  const township = await open('127.0.83.0', ['cam-dongjie'])
  t.teardown(() => township.close())
  let leads = false
  const h = await harness(t, { describeStream, lead: { isHeld: () => leads } })
  const { device, found } = township.camera('cam-dongjie')
  const { username, password } = device
  await register(h, { kind: 'onvif', address: found.onvif, username, password })
  h.registry.start()
  const following = (): number | undefined => h.registry.eventCounts().following
  await systemClock.sleep(1_000, signal)
  t.equal(following(), 0)
  leads = true
  await until(() => following() === 1)
  leads = false
  await until(() => following() === 0)
})
