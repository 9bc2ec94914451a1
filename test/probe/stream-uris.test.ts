import { resolve } from 'node:path'
import t from 'tap'
import type { DeviceProfile } from '../../gateway/probe/device-profile.ts'
import { readProfiles } from '../../gateway/probe/profile-files.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { rewritten, templateUris } from '../../gateway/probe/stream-uris.ts'
import { CELL, harness } from '../registry/harness.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'

const read = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
if (!read.ok) throw new Error(read.faults.join('\n'))
const { profiles } = read
const streamsOf = (make: string): DeviceProfile['streams'] => profiles.find(({ id }) => id === make)?.streams
const BASE = { port: 554, transport: 'tcp', channelBase: 1, secretInPath: false } as const

t.test('templates are filled in, by channel and stream', async (t) => {
  const cases: [name: string, streams: DeviceProfile['streams'], channel: string | undefined, uris: string[]][] = [
    [
      'one for both streams',
      streamsOf('dahua'),
      undefined,
      ['/cam/realmonitor?channel=1&subtype=0', '/cam/realmonitor?channel=1&subtype=1'],
    ],
    ['each its own', streamsOf('hikvision'), '3', ['/Streaming/Channels/301', '/Streaming/Channels/302']],
    [
      'counted from nothing',
      { ...BASE, channelBase: 0, main: '/c{channel}/s{stream}/live' },
      undefined,
      ['/c0/s0/live', '/c0/s1/live'],
    ],
    ['no sub stream', { ...BASE, main: '/a' }, undefined, ['/a']],
    ['a sub stream of another path', { ...BASE, main: '/m{stream}', sub: '/s{stream}' }, undefined, ['/m0', '/s1']],
    ['no number', streamsOf('dahua'), 'VideoSource_1', []],
    ['the login in the path', streamsOf('xm'), undefined, []],
    ['nothing known', undefined, undefined, []],
  ]
  for (const [name, streams, channel, uris] of cases) {
    t.same(
      templateUris(streams, '192.0.2.7', channel).map(({ role, uri }) => `${role} ${uri}`),
      uris.map((path, at) => `${at === 0 ? 'main' : 'sub'} rtsp://192.0.2.7:554${path}`),
      name,
    )
  }
})

t.test('what a camera reports is rewritten, its host never', async (t) => {
  const uri = 'rtsp://192.0.2.7:8554/live/a?x=a&y=b'
  const cases: [name: string, rewrites: { from: string; to: string }[], expected: string][] = [
    ['nothing to do', [], uri],
    ['once each', [{ from: 'a', to: 'b' }], 'rtsp://192.0.2.7:8554/live/b?x=a&y=b'],
    [
      'in their order',
      [
        { from: '/live', to: '/main' },
        { from: '/main/a', to: '/m' },
      ],
      'rtsp://192.0.2.7:8554/m?x=a&y=b',
    ],
    [
      'patterns are text',
      [
        { from: '.', to: 'c' },
        { from: 'x=a', to: '$&' },
      ],
      'rtsp://192.0.2.7:8554/live/a?$&&y=b',
    ],
    ['the host', [{ from: '192.0.2.7', to: '198.51.100.9' }], uri],
    ['the port', [{ from: ':8554', to: ':22' }], uri],
    ['a host by way of the path', [{ from: '/live', to: '@198.51.100.9' }], uri],
  ]
  for (const [name, rewrites, expected] of cases) t.equal(rewritten(uri, rewrites), expected, name)
})

t.test(
  'a camera whose profile rewrites is probed, registered and played by the mended URI',
  { skip: lacksFfmpeg },
  async (t) => {
    const township = await open('127.0.66.0', ['cam-chachang'])
    t.teardown(() => township.close())
    const { device, found } = township.camera('cam-chachang')
    const reported = found.channels[0]?.mainUri ?? ''
    const mended = reported.replace('/media/', '/mended/')
    t.not(mended, reported)
    const played: string[] = []
    const describeStream: DescribeStream = async ({ uri }) => {
      played.push(uri)
      return { ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 }
    }
    const rewrites = [{ from: '/media/', to: '/mended/' }]
    const h = await harness(t, {
      describeStream,
      profiles: profiles.map((one) =>
        one.id === 'uniview' ? { ...one, streams: { ...BASE, ...one.streams, rewrites } } : one,
      ),
    })
    const { username, password } = device
    const source = { kind: 'onvif', address: found.onvif, username, password }
    const made = await h.call('POST', '/cameras', {
      name: 'a',
      cellCode: CELL,
      placeClass: 'other',
      ownership: 'public',
      source,
    })
    t.equal(made.status, 201, made.text)
    t.equal(made.body.streams[0].uri, mended)
    t.same([...new Set(played)], [mended])
    t.equal((await (await h.registry.streamSource(made.body.id, 'main'))?.source())?.uri, mended)
  },
)
