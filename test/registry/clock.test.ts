import t from 'tap'
import type { DescribeStream } from '../../gateway/registry/stream-check.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, harness } from './harness.ts'

const describeStream: DescribeStream = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 })

t.test('a clock a day off: told, registered all the same, and set when asked', { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.54.0', ['cam-shuiku', 'cam-liangzhan'])
  t.teardown(() => township.close())
  const h = await harness(t, { describeStream })
  for (const [id, zh, seconds] of [
    ['cam-shuiku', /设备时钟慢 2[34] 小时/, -86_400],
    ['cam-liangzhan', /设备时钟快 (7 小时 59 分|8 小时)/, 28_800],
  ] as const) {
    const camera = township.camera(id)
    t.equal(camera.device.clockOffsetSeconds, seconds)
    const { username, password } = camera.device
    const device = { address: camera.found.onvif, username, password }
    const probed = await h.call('POST', '/probes', device, { language: 'zh-CN' })
    const clock = probed.body.checks.find(({ name }: { name: string }) => name === 'clock')
    t.match(clock, { ok: true, code: 'clock-skewed', detail: zh, nextStep: /由网关把设备时间校准/ }, probed.text)
    const made = await h.call('POST', '/cameras', {
      name: id,
      cellCode: CELL,
      placeClass: 'other',
      ownership: 'public',
      source: { kind: 'onvif', ...device },
    })
    t.equal(made.status, 201, made.text)

    t.equal((await h.call('POST', `/cameras/${made.body.id}/clock`, undefined, { role: 'operator' })).status, 403)
    const set = await h.call('POST', `/cameras/${made.body.id}/clock`)
    t.equal(set.status, 200, set.text)
    t.ok(Math.abs(set.body.beforeMs - seconds * 1000) < 3_000, set.text)
    t.ok(Math.abs(set.body.clockOffsetMs) < 3_000, set.text)
    t.ok(Math.abs(camera.clockOffsetMs()) < 3_000, 'it is the camera that has changed')
    const { beforeMs, clockOffsetMs: afterMs } = set.body
    const object = `camera:${made.body.id}`
    t.match(h.entries.at(-1), { action: 'device-clock-set', object, detail: { beforeMs, afterMs } })
    t.ok(Math.abs((await h.call('GET', `/cameras/${made.body.id}`)).body.device.clockOffsetMs) < 3_000)

    const before = h.entries.length
    t.equal((await h.call('POST', '/probes/clock', device)).status, 200, 'before it is registered, too')
    t.match(h.entries.slice(before), [{ action: 'device-clock-set', object: `device:${device.address}` }])
    const wrong = await h.call('POST', '/probes/clock', { ...device, password: 'wrong' })
    t.match([wrong.status, wrong.body.code], [422, 'camera-refused-login'])
  }
})
