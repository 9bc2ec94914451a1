import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, harness } from './harness.ts'

const describeStream: DescribeStream = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 })

t.test(
  'another device at the address of a registered one is an alarm; a clock that drifts is noted',
  { skip: lacksFfmpeg, timeout: 30_000 },
  async (t) => {
    const township = await open('127.0.52.0', ['cam-dongjie', 'cam-liangzhan'])
    t.teardown(() => township.close())
    const told: { id: string; type: string; state?: string | undefined; place: object }[] = []
    const alarms = {
      raiseFrom: async () => undefined,
      openFrom: async () => [],
      raiseOwn: async (place: object, message: { id: string; type: string; state?: string | undefined }) =>
        void told.push({ ...message, place }),
      openOwn: async () =>
        told
          .filter(({ id }) => !told.some((later) => later.id === id && later.state === 'cleared'))
          .map(({ id }) => ({ sourceKey: id, cellCode: CELL })),
    }
    const h = await harness(t, { alarms, describeStream, reviewEveryMs: 300 })
    const register = async (id: string): Promise<string> => {
      const { device, found } = township.camera(id)
      const { username, password } = device
      const source = { kind: 'onvif', address: found.onvif, username, password }
      const place = { name: id, cellCode: CELL, placeClass: 'other', ownership: 'public' }
      const { body, text } = await h.call('POST', '/cameras', { ...place, source })
      if (body.id === undefined) throw new Error(text)
      return body.id
    }
    const [cameraId, unlinked] = [await register('cam-dongjie'), await register('cam-liangzhan')]
    h.linked.add(cameraId)
    const { client } = h.database
    const rows = await client.device.findMany({ include: { cameras: true } })
    const deviceOf = (id: string) => rows.find(({ cameras }) => cameras.some((camera) => camera.id === id))
    const own = deviceOf(cameraId)?.serial ?? ''
    t.not(own, '')
    const drifted = {
      where: { id: deviceOf(unlinked)?.id ?? '' },
      data: { clockOffsetMs: 3_600_000, serial: 'another' },
    }
    await client.device.update(drifted)
    await client.device.update({ where: { id: deviceOf(cameraId)?.id ?? '' }, data: { serial: 'another' } })
    const { signal } = new AbortController()
    const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await what())) await systemClock.sleep(20, signal)
    }
    h.registry.start()
    await until(() => told.length > 0)
    t.match(told, [{ type: 'tamper', place: { cellCode: CELL, cameraId } }])
    await until(async () => (await h.call('GET', `/cameras/${unlinked}`)).body.device.clockOffsetMs !== 3_600_000)
    const { clockOffsetMs } = (await h.call('GET', `/cameras/${unlinked}`)).body.device
    const real = township.camera('cam-liangzhan').device.clockOffsetSeconds * 1000
    t.ok(Math.abs(clockOffsetMs - real) < 2_000 || clockOffsetMs === 0, `${clockOffsetMs} ms`)
    await systemClock.sleep(700, signal)
    t.equal(told.length, 1, 'told once, and of linked cameras only')
    await client.device.update({ where: { id: deviceOf(cameraId)?.id ?? '' }, data: { serial: own } })
    await until(() => told.length > 1)
    t.match(told[1], { id: told[0]?.id, state: 'cleared' }, 'over when the device is the registered one again')
  },
)
