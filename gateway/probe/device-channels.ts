import { type Codec, MAX_CHANNELS_A_PAGE, type StreamRole } from '../contracts/device.ts'
import type { OnvifClient, OnvifResult } from '../onvif/client.ts'
import type { Services } from '../onvif/device.ts'
import { type ChosenProfile, chooseStreams, type MediaChannel } from '../onvif/media.ts'
import { askMedia, askStreamUri, type OnvifMedia } from '../onvif/media-client.ts'
import type { PathSecrets } from '../onvif/uri.ts'
import type { ProbeCode } from './probe-codes.ts'

export interface DeviceStream {
  role: StreamRole
  codec: Codec
  width: number
  height: number
  frameRate?: number
  /** Without any login in it. */
  uri: string
  pathSecrets: PathSecrets | undefined
}

export interface DeviceChannel {
  token: string
  name: string
  streams: DeviceStream[]
}

/** Which channels of a device are asked about. */
export interface ChannelWish {
  /** The only channel of interest; a page of them when absent. */
  channel?: string
  /** Those of interest, in one go. */
  channels?: readonly string[]
  /** A page of channels: from which on, and how many. */
  fromChannel?: string | undefined
  channelLimit?: number | undefined
}

type StreamsRead =
  | { kind: 'read'; channels: DeviceChannel[] }
  | { kind: 'unanswered'; failure: OnvifResult<unknown> & { ok: false } }

export type ChannelsRead = { channelCount: number; nextChannel: string | undefined } & (
  | StreamsRead
  /** The media service answers, and has nothing of use. */
  | { kind: 'none'; code: ProbeCode; detail: string }
)

/** A recorder of 64 channels with two streams each. */
const MAX_STREAM_URIS = 128

/** Asks the media service for channels and the URIs of their streams, those wanted and no more: each costs questions. */
export async function readChannels(client: OnvifClient, wish: ChannelWish, signal: AbortSignal): Promise<ChannelsRead> {
  const nothing = { channelCount: 0, nextChannel: undefined }
  const services = await client.services(signal)
  const known: Services = services.ok ? services.value : new Map()
  const media = await askMedia(client, known, signal)
  if (!media.ok) return { ...nothing, kind: 'unanswered', failure: media }
  const { profiles } = media.value
  const all = chooseStreams(profiles)
  if (all.length === 0) {
    const isOther = profiles.some(({ encoder }) => encoder !== undefined)
    const detail = `${profiles.length} media profiles, none with H.264 or H.265`
    return { ...nothing, kind: 'none', code: isOther ? 'unsupported-codec' : 'no-media-profile', detail }
  }
  const { wanted, missing, nextChannel } = chosen(all, wish)
  const place = { channelCount: all.length, nextChannel }
  if (wanted.length === 0) {
    const there = all.slice(0, 16).map(({ token }) => token)
    const detail = `there is no channel ${missing}; there are ${there.join(', ')}`
    return { ...place, kind: 'none', code: 'no-such-channel', detail }
  }
  return { ...place, ...(await readStreams(client, media.value, wanted, signal)) }
}

interface Chosen {
  wanted: readonly MediaChannel[]
  /** What was asked for, to be told where there is none of it. */
  missing: string | undefined
  nextChannel: string | undefined
}

/** The channels asked for, else one page of them. */
function chosen(all: readonly MediaChannel[], wish: ChannelWish): Chosen {
  const { channel, channels, fromChannel, channelLimit = MAX_CHANNELS_A_PAGE } = wish
  const named = channel === undefined ? channels : [channel]
  if (named !== undefined) {
    const wanted = all.filter(({ token }) => named.includes(token))
    return { wanted, missing: named.join(', '), nextChannel: undefined }
  }
  const first = fromChannel === undefined ? 0 : all.findIndex(({ token }) => token === fromChannel)
  if (first < 0) return { wanted: [], missing: fromChannel, nextChannel: undefined }
  const wanted = all.slice(first, first + channelLimit)
  return { wanted, missing: fromChannel, nextChannel: all[first + wanted.length]?.token }
}

async function readStreams(
  client: OnvifClient,
  media: OnvifMedia,
  wanted: readonly MediaChannel[],
  signal: AbortSignal,
): Promise<StreamsRead> {
  const channels: DeviceChannel[] = []
  let failure: (OnvifResult<unknown> & { ok: false }) | undefined
  let asked = 0
  for (const { token, streams } of wanted) {
    const found: DeviceStream[] = []
    for (const { role, profile } of streams) {
      // Of a recorder with many channels only what will be used is asked for.
      if (asked >= MAX_STREAM_URIS || (wanted.length > 1 && role === 'other')) continue
      asked += 1
      const answer = await askStreamUri(client, media, profile.token, signal)
      if (answer.ok) found.push(toStream(role, profile, answer.value))
      else failure ??= answer
    }
    if (found.length > 0) channels.push({ token, name: streams[0]?.profile.name ?? token, streams: found })
  }
  return channels.length === 0 && failure !== undefined ? { kind: 'unanswered', failure } : { kind: 'read', channels }
}

function toStream(
  role: StreamRole,
  { encoder }: ChosenProfile['profile'],
  { uri, pathSecrets }: Pick<DeviceStream, 'uri' | 'pathSecrets'>,
): DeviceStream {
  const { codec, width, height, frameRate } = encoder
  return {
    role,
    codec: codec === 'jpeg' ? 'mjpeg' : codec,
    width,
    height,
    ...(frameRate === undefined ? {} : { frameRate }),
    uri,
    pathSecrets,
  }
}
