import { resolve } from 'node:path'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { overridden } from '../../gateway/probe/effective-profile.ts'
import { readProfiles } from '../../gateway/probe/profile-files.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { prepareMedia } from '../../scripts/virtual-township/media.ts'
import { Device, loadTownship } from '../../scripts/virtual-township/township-data.ts'
import { VirtualCamera } from '../../scripts/virtual-township/virtual-camera/virtual-camera.ts'
import { lacksFfmpeg, MEDIA_DIR } from '../virtual-township/running.ts'
import { CELL, harness, OTHER_CELL } from './harness.ts'

const CHANNELS = 64
const { signal } = new AbortController()

t.test(
  'a recorder of 64 channels: paged, and registered in one go',
  { skip: lacksFfmpeg, timeout: 90_000 },
  async (t) => {
    const { makes, devices } = await loadTownship()
    const make = makes.get('hikvision-nvr')
    const plan = devices.find((device) => device.make === 'hikvision-nvr')
    const [model] = plan?.channels ?? []
    if (make === undefined || plan === undefined || model === undefined) throw new Error('no recorder')
    const channels = Array.from({ length: CHANNELS }, (_, at) => ({ ...model, id: `c${at + 1}` }))
    const device = Device.parse({ ...plan, host: 1, channels })
    const one = await prepareMedia([{ ...device, channels: channels.slice(0, 1) }], {
      mediaDir: MEDIA_DIR,
      loopSeconds: 4,
      signal,
      log: () => {},
    })
    const clips = one.get('c1')
    if (clips === undefined) throw new Error('no clips')
    const media = new Map(channels.map(({ id }) => [id, clips]))
    const recorder = new VirtualCamera({
      device,
      make,
      address: '127.0.58.1',
      ports: 'free',
      media,
      clock: systemClock,
      signal,
    })
    await recorder.start()
    t.teardown(() => recorder.close())

    const played: string[] = []
    const describeStream: DescribeStream = async ({ uri }) => {
      played.push(uri)
      const isDark = /\/(?:1|7)0[12]\b/.test(uri)
      return isDark
        ? { ok: false, code: 'not-found', detail: 'no camera at this channel' }
        : { ok: true, codec: 'h264', width: 1280, height: 720, firstFrameMs: 1 }
    }
    const h = await harness(t, { describeStream })
    const login = { address: recorder.found.onvif, username: device.username, password: device.password }

    const first = (await h.call('POST', '/probes', { ...login, channelLimit: 20 })).body
    t.match([first.channelCount, first.channels.length], [CHANNELS, 20])
    t.ok(
      first.checks.every(({ ok }: { ok: boolean }) => ok),
      'that one channel is dark is no fault of the recorder',
    )
    t.equal(played.length, 2, 'two are looked at: the dark one, and the next')
    const second = (await h.call('POST', '/probes', { ...login, channelLimit: 60, fromChannel: first.nextChannel }))
      .body
    t.match([second.channels.length, second.nextChannel], [44, undefined])
    const tokens = [...first.channels, ...second.channels].map(({ token }: { token: string }) => token)
    t.equal(new Set(tokens).size, CHANNELS)
    const none = (await h.call('POST', '/probes', { ...login, fromChannel: 'nonsense' })).body
    t.match(none.checks.at(-1), { code: 'no-such-channel' })

    played.length = 0
    const { address, username, password } = login
    const place = (at: number) => ({
      channel: tokens[at],
      name: `channel ${at + 1}`,
      cellCode: at % 2 === 0 ? CELL : OTHER_CELL,
      placeClass: 'other',
      ownership: 'public',
    })
    const wanted = [1, 2, 6, 30, 63].map(place)
    const started = performance.now()
    const answer = await h.call('POST', '/cameras/channels', {
      source: { kind: 'onvif', address, username, password },
      channels: [...wanted, { ...place(3), channel: 'nonsense' }],
    })
    t.comment(`5 channels of 64 in ${Math.round(performance.now() - started)} ms`)
    t.match([answer.status, answer.body.created, answer.body.problems], [200, 4, 2], answer.text)
    const results = answer.body.channels
    t.match(results[2], { result: 'problem', code: 'stream-not-found', detail: /./, nextStep: /./ })
    t.match(results[5], { result: 'problem', code: 'no-such-channel' })
    t.match(results[3].camera, { name: 'channel 31', cellCode: CELL, device: { channel: tokens[30] } })
    t.match(results[0].camera, { cellCode: OTHER_CELL })
    t.equal(await h.database.client.device.count(), 1, 'one device')
    t.equal(await h.database.client.camera.count(), 4)
    t.match(results[3].camera.streams[0].uri, /\/Streaming\/Channels\/3101/)
    const again = await h.call('POST', '/cameras/channels', {
      source: { kind: 'onvif', address, username, password },
      channels: wanted.slice(0, 1),
    })
    t.match(again.body, { created: 0, channels: [{ result: 'problem', code: 'conflict' }] })
    const outside = await h.call(
      'POST',
      '/cameras/channels',
      { source: { kind: 'onvif', address, username, password }, channels: [place(4)] },
      { cells: OTHER_CELL },
    )
    t.equal(outside.body.code, 'not-in-your-cells')

    const udp = await h.call('POST', '/cameras', {
      ...place(10),
      channel: undefined,
      source: {
        kind: 'onvif',
        address,
        username,
        password,
        channel: tokens[10],
        overrides: { deviceProfile: 'dahua', transport: 'udp', events: 'none' },
      },
    })
    t.match(udp.body.device, { deviceProfile: 'dahua', overrides: { transport: 'udp' } }, udp.text)
    const stream = await h.registry.streamSource(udp.body.id, 'main')
    t.match(await stream?.source(), { transport: 'udp' }, 'what the installer says wins over the profile')
    const made = await h.call('POST', '/cameras/channels', {
      source: { kind: 'onvif', address, username, password },
      channels: [place(12)],
    })
    t.match(made.body.channels[0].camera.device.overrides, { transport: 'udp' }, 'and stays when it is not said again')
  },
)

t.test('what an installer says of a device wins over its profile, and the profile over the code', async (t) => {
  const read = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
  const of = (id: string) => {
    const profile = read.ok ? read.profiles.find((one) => one.id === id) : undefined
    if (profile === undefined) throw new Error(id)
    return profile
  }
  t.equal(overridden(of('yoosee'), {}).streams?.transport, 'udp', 'the profile')
  t.equal(overridden(of('yoosee'), { transport: 'tcp' }).streams?.transport, 'tcp', 'the installer')
  t.match(overridden(of('kedacom'), { transport: 'udp' }).streams, { transport: 'udp', port: 554 }, 'where it has none')
  t.equal(overridden(of('bosch'), {}).ptz?.sendTimeout, false)
  t.equal(overridden(of('bosch'), { ptzTimeout: true }).ptz?.sendTimeout, true)
  const dahua = overridden(of('dahua'), { renew: 'recreate', devicePath: '/x' })
  t.match(dahua.events, { renew: 'recreate', topics: of('dahua').events?.topics })
  t.match(dahua.onvif, { devicePath: '/x', auth: of('dahua').onvif?.auth })
  t.match(overridden(of('kedacom'), { events: 'none' }).events, { mode: 'none' })
})
