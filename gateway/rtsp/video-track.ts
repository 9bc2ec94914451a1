import type { ParameterSets, VideoCodec } from '../media.ts'
import { splitAnnexB } from '../rtp/access-unit.ts'
import type { Sdp, SdpFormat, SdpMedia } from './sdp.ts'

export interface VideoTrack {
  media: SdpMedia
  codec: VideoCodec
  payloadType: number
  clockRate: number
  frameRate: number | undefined
  /** From the description; may be empty or nonsense, what comes in band is right. */
  sets: ParameterSets
}

const MAX_SPROP_CHARS = 8192

/** The first video that comes to us and that we can carry; JPEG, which has to be transcoded, only where there is no other. */
export function findVideoTrack(sdp: Sdp): VideoTrack | undefined {
  let jpeg: VideoTrack | undefined
  for (const media of sdp.media) {
    if (media.kind !== 'video' || media.direction === 'sendonly' || media.direction === 'inactive') continue
    for (const format of media.formats) {
      const codec = codecOf(format)
      if (codec === undefined) continue
      const { payloadType } = format
      // All payload formats demand 90 kHz (RFC 6184 §8.2.1, RFC 7798 §7.1, RFC 2435 §6), whatever a description says.
      const { frameRate } = media
      const track = { media, codec, payloadType, clockRate: 90_000, frameRate, sets: setsOf(codec, format) }
      if (codec !== 'jpeg') return track
      jpeg ??= track
    }
  }
  return jpeg
}

function codecOf(format: SdpFormat): VideoCodec | undefined {
  if (format.encoding === 'H264') return 'h264'
  if (format.encoding === 'JPEG') return 'jpeg'
  return format.encoding === 'H265' || format.encoding === 'HEVC' ? 'h265' : undefined
}

function setsOf(codec: VideoCodec, { parameters }: SdpFormat): ParameterSets {
  if (codec === 'jpeg') return { vps: [], sps: [], pps: [] }
  const decode = (name: string): Buffer[] => base64List(parameters.get(name) ?? '')
  if (codec === 'h265') return { vps: decode('sprop-vps'), sps: decode('sprop-sps'), pps: decode('sprop-pps') }
  const nals = decode('sprop-parameter-sets')
  return {
    vps: [],
    sps: nals.filter((nal) => ((nal[0] ?? 0) & 31) === 7),
    pps: nals.filter((nal) => ((nal[0] ?? 0) & 31) === 8),
  }
}

/** Start codes and trailing zeros, against RFC 6184 §8.1, are removed. */
function base64List(text: string): Buffer[] {
  if (text.length > MAX_SPROP_CHARS) return []
  return text
    .split(',')
    .flatMap((item) => splitAnnexB(Buffer.from(item.trim(), 'base64')))
    .filter((nal) => nal.length > 1)
}
