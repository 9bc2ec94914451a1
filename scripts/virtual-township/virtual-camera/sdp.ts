import type { RtspHabits, VideoSpec } from '../township-data.ts'
import type { Clip } from './clip.ts'
import { SOUND_CLOCK_HZ } from './microphone.ts'

export const VIDEO_CONTROL = 'trackID=1'
export const SOUND_CONTROL = 'trackID=2'
/** Static ones where there are any (RFC 3551 §6). */
export const SOUND_PAYLOAD_TYPE = 8
export const payloadTypeOf = ({ codec }: VideoSpec): number => (codec === 'jpeg' ? 26 : 96)

const ENCODINGS = { h264: 'H264', h265: 'H265', jpeg: 'JPEG' } satisfies Record<VideoSpec['codec'], string>

/** The description of one stream as its make writes it (RFC 8866; RFC 6184 §8.2, RFC 7798 §7.2). */
export function describe(clip: Clip, hasSound: boolean, habits: RtspHabits, uri: string, address: string): string {
  const absolute = (control: string): string => {
    const [path = '', query] = uri.split('?')
    return `${path.replace(/\/$/, '')}/${control}${query === undefined ? '' : `?${query}`}`
  }
  const written = (control: string): string => (habits.controls === 'absolute' ? absolute(control) : control)
  const payloadType = payloadTypeOf(clip.spec)
  const sound = [
    `m=audio 0 RTP/AVP ${SOUND_PAYLOAD_TYPE}`,
    `a=rtpmap:${SOUND_PAYLOAD_TYPE} PCMA/${SOUND_CLOCK_HZ}`,
    `a=control:${written(SOUND_CONTROL)}`,
    'a=recvonly',
  ]
  return `${[
    'v=0',
    `o=- 1620251477190769 1620251477190769 IN IP4 ${address}`,
    's=Media Presentation',
    `c=IN IP4 0.0.0.0`,
    't=0 0',
    `a=control:${habits.controls === 'absolute' ? uri : '*'}`,
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${payloadType}`,
    `b=AS:${clip.spec.kilobitsPerSecond}`,
    `a=control:${written(VIDEO_CONTROL)}`,
    `a=rtpmap:${payloadType} ${ENCODINGS[clip.spec.codec]}/90000`,
    `a=framerate:${clip.spec.frameRate}`,
    ...(clip.spec.codec === 'jpeg' ? [] : [`a=fmtp:${payloadType} ${formatParameters(clip)}`]),
    'a=recvonly',
    ...(hasSound ? sound : []),
    ...habits.extraSdp,
  ].join('\r\n')}\r\n`
}

function formatParameters({ spec, parameterSets }: Clip): string {
  const sets = parameterSets.map((unit) => unit.toString('base64'))
  if (spec.codec === 'h265') return `sprop-vps=${sets[0]};sprop-sps=${sets[1]};sprop-pps=${sets[2]}`
  const level = parameterSets[0]?.toString('hex', 1, 4).toUpperCase()
  return `packetization-mode=1;profile-level-id=${level};sprop-parameter-sets=${sets.join(',')}`
}
