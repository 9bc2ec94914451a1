import t, { type Test } from 'tap'
import { describeStreamBy } from '../../gateway/camera-access.ts'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import type { Township } from '../../scripts/virtual-township/township.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, type Harness, harness } from './harness.ts'

/** The media plane as the gateway wires it. */
const describeStream = describeStreamBy(createDialer(['127.0.0.0/8']), systemClock)

const ONLY = [
  'cam-dongjie',
  'cam-liangzhan',
  'cam-chachang',
  'cam-xiaomaibu',
  'cam-qiaotou',
  'cam-guangchang',
  'cam-shuiku',
  'nvr-xiaoxue',
  'cam-weishengyuan',
  'cam-chezhan',
]

let township: Township
t.before(async () => {
  if (!lacksFfmpeg) township = await open('127.0.41.0', ONLY)
})
t.teardown(() => township?.close())

async function search(h: Harness, payload: object): Promise<ReturnType<typeof JSON.parse>> {
  const started = await h.call('POST', '/discoveries', payload)
  if (started.status !== 202) return started.body
  for (;;) {
    const { body } = await h.call('GET', `/discoveries/${started.body.id}`)
    if (body.state === 'finished') return body
    await systemClock.sleep(50, new AbortController().signal)
  }
}

const credentialsOf = (id: string) => {
  const { username, password } = township.camera(id).device
  return { username, password }
}

t.test('every device with ONVIF is found, by multicast and by range', { skip: lacksFfmpeg }, async (t) => {
  const h = await harness(t)
  const expected = township.cameras.flatMap(({ found }) => found.onvif ?? []).sort()
  t.ok(expected.length >= 7, `${expected.length} devices`)
  const ours = (body: { devices: { address: string }[] }): string[] =>
    body.devices
      .map(({ address }) => address)
      .filter((address) => address.startsWith('127.0.41.'))
      .sort()

  const multicast = await search(h, { method: 'multicast' })
  t.same(ours(multicast), expected)
  t.match(multicast.searched, ['lo 127.0.0.1'])
  const range = await search(h, { method: 'range', targets: ['127.0.41.0/28', '198.51.100.0/30'] })
  t.same(ours(range), expected)
  t.match(range.problems, [{ code: 'address-not-allowed', detail: /^2 of 16/ }])
  t.equal(range.progress.done, range.progress.total)
  for (const device of range.devices) t.same(device.cameraIds, [])
})

t.test('probe and register each make', { skip: lacksFfmpeg, timeout: 110_000 }, async (t) => {
  const h = await harness(t, { describeStream })
  await search(h, { method: 'multicast' }) // as an installer does; it tells the paths of device services
  const cases: [id: string, profile: string, codec: string, channels: number][] = [
    ['cam-dongjie', 'hikvision', 'h264', 1],
    ['cam-liangzhan', 'dahua', 'h265', 1],
    ['cam-chachang', 'uniview', 'h264', 1],
    ['cam-xiaomaibu', 'tplink', 'h264', 1],
    ['cam-qiaotou', 'reolink', 'h264', 1],
    ['cam-guangchang', 'axis', 'h264', 1],
    ['cam-shuiku', 'xm', 'h264', 1],
    ['nvr-xiaoxue', 'hikvision', 'h264', 4],
    ['cam-chezhan', 'generic', 'mjpeg', 1],
  ]
  const tryOne = async ([id, profile, codec, channels]: (typeof cases)[number]): Promise<void> => {
    const { device, found } = township.camera(id)
    const probe = await h.call('POST', '/probes', { address: found.onvif, ...credentialsOf(id) })
    t.equal(probe.status, 200, `${id}: ${probe.text}`)
    t.equal(probe.body.deviceProfile, profile, `${id}: profile`)
    t.equal(probe.body.channels.length, channels, `${id}: channels`)
    t.same(
      probe.body.checks.map(({ name, ok }: { name: string; ok: boolean }) => `${name} ${ok}`).sort(),
      ['address', 'clock', 'describe', 'first-frame', 'login', 'media', 'reachable'].map((name) => `${name} true`),
      `${id}: checks`,
    )
    const offset = Math.round(probe.body.clockOffsetMs / 1000)
    t.ok(Math.abs(offset - device.clockOffsetSeconds) <= 2, `${id}: clock ${offset} s`)
    const main = probe.body.channels[0].streams[0]
    t.match(main, { role: 'main', codec, width: device.main.width, height: device.main.height }, `${id}: main`)

    const camera = await h.call('POST', '/cameras', {
      name: device.channels[0]?.name,
      cellCode: CELL,
      placeClass: 'article-7',
      ownership: 'public',
      source: { kind: 'onvif', address: found.onvif, ...credentialsOf(id) },
    })
    t.equal(camera.status, 201, `${id}: ${camera.text}`)
    t.match(camera.body, { state: 'unlinked', device: { deviceProfile: profile, address: found.onvif } })
    t.same(
      camera.body.streams.map(({ role }: { role: string }) => role),
      ['main', 'sub'],
    )
    const played = await h.registry.streamSource(camera.body.id, 'main')
    t.equal((await played?.source())?.uri, found.channels[0]?.mainUri, `${id}: the very URI is played`)
    for (const text of [probe.text, camera.text]) t.notMatch(text, device.password, `${id}: no credential is answered`)
  }
  await Promise.all(cases.slice(0, 4).map(tryOne))
  await Promise.all(cases.slice(4).map(tryOne))
  await moreOfTheRegister(t, h)
})

async function moreOfTheRegister(t: Test, h: Harness): Promise<void> {
  const source = (id: string, more: object = {}) => ({
    name: 'twin',
    cellCode: CELL,
    placeClass: 'article-7',
    ownership: 'public',
    source: { kind: 'onvif', address: township.camera(id).found.onvif, ...credentialsOf(id), ...more },
  })
  const again = await h.call('POST', '/cameras', source('cam-dongjie'))
  t.match([again.status, again.body.code], [409, 'conflict'])
  const nvr = township.camera('nvr-xiaoxue').found
  const second = await h.call('POST', '/cameras', source('nvr-xiaoxue', { channel: nvr.channels[1]?.sourceToken }))
  t.equal(second.status, 201, 'another channel of the same recorder')
  t.match(second.body.streams[0].uri, /\/201/)
  const none = await h.call('POST', '/cameras', source('nvr-xiaoxue', { channel: 'nonsense' }))
  t.match([none.status, none.body.code, none.body.detail], [422, 'camera-not-usable', /no channel nonsense/])

  const ezviz = township.camera('cam-weishengyuan').found.channels[0]
  const rtsp = await h.call('POST', '/cameras', {
    ...source('cam-weishengyuan'),
    source: { kind: 'rtsp', mainUri: ezviz?.mainUri, subUri: ezviz?.subUri, ...credentialsOf('cam-weishengyuan') },
  })
  t.equal(rtsp.status, 201, rtsp.text)
  t.match(rtsp.body.streams, [{ role: 'main' }, { role: 'sub' }])

  const found = await search(h, { method: 'multicast' })
  const listed = found.devices.find(({ address }: { address: string }) => address === nvr.onvif)
  t.equal(listed.cameraIds.length, 2, 'discovery names what is registered already')
  t.equal(h.entries.filter(({ action }) => action === 'camera-registered').length, 11)
  t.equal(h.events.length, 11)
  const secrets = township.cameras.map(({ device }) => device.password)
  const written = JSON.stringify([h.entries, h.events, h.logged])
  for (const secret of secrets) t.notMatch(written, secret, 'no credential in audit, events or log')
  const rows = JSON.stringify([await h.database.client.device.findMany(), await h.database.client.stream.findMany()])
  for (const secret of secrets) t.notMatch(rows, secret, 'nor in the clear in the database')
}

t.test('a wrong password is tried once and explained', { skip: lacksFfmpeg }, async (t) => {
  const h = await harness(t, { describeStream })
  const { found } = township.camera('cam-liangzhan')
  const answer = await h.call('POST', '/probes', { address: found.onvif, username: 'gridlight', password: 'wrong' })
  const failed = answer.body.checks.at(-1)
  t.match(failed, { name: 'login', ok: false, code: 'login-refused' })
  t.match(failed.detail, /4 attempt|attempt/i, 'the tries left are told')
  const chinese = await h.call('POST', '/probes', { address: found.onvif }, { language: 'zh-CN' })
  t.match(chinese.body.checks.at(-1), { code: 'login-needed', nextStep: /用户名/ })
})
