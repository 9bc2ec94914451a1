import type { Clock } from '../../gateway/clock.ts'
import type { DeviceProfile } from '../../gateway/probe/device-profile.ts'
import type { EventRule } from '../../gateway/registry/signal-states.ts'
import type { ChannelMedia } from '../../scripts/virtual-township/media.ts'
import { Device, Make } from '../../scripts/virtual-township/township-data.ts'
import { VirtualCamera } from '../../scripts/virtual-township/virtual-camera/virtual-camera.ts'

const RENEW = { duration: 'any', absoluteZ: 'absolute', recreate: 'fault' } as const

/** What every family is understood in, whatever its own table holds. */
const COMMON = { match: 'RuleEngine/CellMotionDetector/Motion', kind: 'motion', source: undefined, data: 'IsMotion' }

/** The first topic of a family that has two states, as its cameras send it. */
export const stateTopic = ({ events }: DeviceProfile): typeof COMMON | EventRule =>
  events?.topics.find(({ stateless }) => stateless !== true) ?? COMMON

/** A make that behaves as its device profile says, and calls itself what the profile looks for. */
function makeOf(profile: DeviceProfile): Make {
  const { id, match, onvif, streams, events } = profile
  const hint = (key: 'manufacturer' | 'model'): string | undefined =>
    match.any.find((one) => one[key] !== undefined)?.[key]
  const scopes = match.any.flatMap(({ scope }) => (scope === undefined ? [] : [`onvif://www.onvif.org/${scope}`]))
  const topic = stateTopic(profile)
  return Make.parse({
    id,
    manufacturer: hint('manufacturer') ?? 'Nobody',
    model: hint('model') ?? 'One',
    firmware: '1',
    onvif: {
      port: onvif?.ports[0] ?? 80,
      envelope: 's',
      paths: { device: onvif?.devicePath ?? '/onvif/device_service', media: '/onvif/media', events: '/onvif/events' },
      auth: onvif?.auth ?? ['wsse'],
      profileToken: 'P{stream}',
      sourceToken: 'V{channel}',
      events: {
        topic: `tns1:${topic.match}`,
        source: { [topic.source ?? 'VideoSourceConfigurationToken']: '{source}' },
        data: topic.data ?? 'State',
        renew: RENEW[events?.renew ?? 'duration'],
        maxPullPoints: Math.min(events?.maxPullPoints ?? 4, 16),
      },
      discovery: {
        envelope: 's',
        addressing: 'a',
        discovery: 'd',
        network: 'dn',
        types: ['NetworkVideoTransmitter'],
        endpointReference: 'urn:uuid:',
        scopes,
      },
    },
    rtsp: {
      port: 554,
      main: streams?.main ?? '/a/main',
      sub: streams?.sub ?? (streams?.main?.includes('{stream}') ? streams.main : '/a/sub'),
      auth: streams?.secretInPath === true ? [] : ['Digest MD5'],
      realm: 'camera',
      controls: 'relative',
      keepalive: streams?.keepalive ?? 'OPTIONS',
    },
    source: `made from the device profile ${id}`,
  })
}

const VIDEO = { codec: 'h264', width: 320, height: 180, frameRate: 10, kilobitsPerSecond: 100 } as const

/** One channel, `one`; all of them can share its clips. */
export function deviceOf({ id }: DeviceProfile, host: number): Device {
  return Device.parse({
    id,
    make: id,
    host,
    username: 'gridlight',
    password: 'a-Secret1',
    main: VIDEO,
    sub: { ...VIDEO, width: 160, height: 90 },
    channels: [
      {
        id: 'one',
        name: id,
        cellCode: '990123101001001',
        placeClass: 'other',
        ownership: 'public',
        position: { lon: 119.5, lat: 29.5 },
        scene: 'gate',
        link: {
          party: { kind: 'government', name: 'x', contact: 'x' },
          basis: 'x',
          purpose: 'x',
          scopes: ['live'],
        },
      },
    ],
  })
}

export const cameraOf = (
  profile: DeviceProfile,
  host: number,
  addressBase: string,
  media: ReadonlyMap<string, ChannelMedia>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): VirtualCamera =>
  new VirtualCamera({
    device: deviceOf(profile, host),
    make: makeOf(profile),
    address: addressBase.replace(/0$/, String(host)),
    ports: 'free',
    media,
    clock,
    signal,
  })
