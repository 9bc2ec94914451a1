import { aacConfig, aacFormat, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE } from '../cmaf/aac-config.ts'
import type { AudioFormat } from '../media.ts'
import type { AuHeaders } from '../rtp/aac.ts'
import type { Sdp, SdpFormat, SdpMedia } from './sdp.ts'

interface OfMedia {
  media: SdpMedia
  payloadType: number
  /** RTP clock, ticks a second. */
  clockRate: number
}

/** AAC, which is passed on as it is. */
export interface AacTrack extends OfMedia {
  kind: 'aac'
  format: AudioFormat
  headers: AuHeaders
}

/** Sound that browsers do not play; the payload without `headerBytes` is what a decoder of `encoding` takes. */
export interface OtherAudioTrack extends OfMedia {
  kind: 'other'
  encoding: OtherEncoding
  sampleRate: number
  channels: number
  headerBytes: number
}

export type AudioTrack = AacTrack | OtherAudioTrack

const OTHERS = ['PCMU', 'PCMA', 'G722', 'L16', 'G726-16', 'G726-24', 'G726-32', 'G726-40', 'MPA'] as const
export type OtherEncoding = (typeof OTHERS)[number]

const AAC_NAMES = new Set(['MPEG4-GENERIC', 'MPEG4GENERIC', 'AAC', 'MPA4-GENERIC'])
/** Of AAC-hbr (RFC 3640 §3.3.6), which all cameras send, whatever they forget to say. */
const HBR = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 }
const MAX_FIELD_BITS = 32
const MAX_CHANNELS = 8
/** RFC 3551 §4.5.2 gives G.722 half of its sample rate, by mistake and for ever. */
const G722_RATE = 16_000
const MPA_HEADER_BYTES = 4

/** The first sound that comes to us and that we can carry; `sendonly` is the way back to the camera's loudspeaker. */
export function findAudioTrack(sdp: Sdp): AudioTrack | undefined {
  for (const media of sdp.media) {
    if (media.kind !== 'audio' || media.direction === 'sendonly' || media.direction === 'inactive') continue
    for (const format of media.formats) {
      const track = aacTrack(media, format) ?? otherTrack(media, format)
      if (track !== undefined) return track
    }
  }
  return undefined
}

function aacTrack(media: SdpMedia, format: SdpFormat): AacTrack | undefined {
  const { encoding, payloadType, clockRate, channels = 1, parameters } = format
  if (!AAC_NAMES.has(encoding) || clockRate < MIN_SAMPLE_RATE || clockRate > MAX_SAMPLE_RATE) return undefined
  const bits = (name: string, usual: number): number => {
    const value = Number(parameters.get(name) ?? usual)
    return Number.isInteger(value) && value >= 0 && value <= MAX_FIELD_BITS ? value : usual
  }
  const told = aacFormat(Buffer.from(parameters.get('config') ?? '', 'hex'))
  const plain = told === undefined ? aacConfig(clockRate, channels) : undefined // Ubiquiti: an empty a=fmtp
  const known = told ?? (plain && aacFormat(plain))
  if (known === undefined) return undefined
  const headers = {
    sizeLength: bits('sizelength', HBR.sizeLength),
    indexLength: bits('indexlength', HBR.indexLength),
    indexDeltaLength: bits('indexdeltalength', HBR.indexDeltaLength),
  }
  if (headers.sizeLength === 0) return undefined // constant sizes, which cameras do not do
  return { kind: 'aac', media, payloadType, clockRate, format: known, headers }
}

function otherTrack(media: SdpMedia, format: SdpFormat): OtherAudioTrack | undefined {
  const { payloadType, clockRate, channels = 1 } = format
  const encoding = OTHERS.find((name) => name === format.encoding)
  if (encoding === undefined || channels < 1 || channels > MAX_CHANNELS) return undefined
  if (clockRate < MIN_SAMPLE_RATE || clockRate > MAX_SAMPLE_RATE) return undefined
  const sampleRate = encoding === 'G722' ? G722_RATE : clockRate
  const headerBytes = encoding === 'MPA' ? MPA_HEADER_BYTES : 0
  return { kind: 'other', media, payloadType, clockRate, encoding, sampleRate, channels, headerBytes }
}
