import type { RtspHabits } from '../township-data.ts'
import type { Clip } from './clip.ts'

export const PAYLOAD_TYPE = 96
export const VIDEO_CONTROL = 'trackID=1'

/** The description of one stream as its make writes it (RFC 8866; RFC 6184 §8.2, RFC 7798 §7.2). */
export function describe(clip: Clip, habits: RtspHabits, uri: string, address: string): string {
  const absolute = (control: string): string => {
    const [path = '', query] = uri.split('?')
    return `${path.replace(/\/$/, '')}/${control}${query === undefined ? '' : `?${query}`}`
  }
  const control = habits.controls === 'absolute' ? absolute(VIDEO_CONTROL) : VIDEO_CONTROL
  return `${[
    'v=0',
    `o=- 1620251477190769 1620251477190769 IN IP4 ${address}`,
    's=Media Presentation',
    `c=IN IP4 0.0.0.0`,
    't=0 0',
    `a=control:${habits.controls === 'absolute' ? uri : '*'}`,
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
    `b=AS:${clip.spec.kilobitsPerSecond}`,
    `a=control:${control}`,
    `a=rtpmap:${PAYLOAD_TYPE} ${clip.spec.codec === 'h264' ? 'H264' : 'H265'}/90000`,
    `a=framerate:${clip.spec.frameRate}`,
    `a=fmtp:${PAYLOAD_TYPE} ${formatParameters(clip)}`,
    'a=recvonly',
    ...habits.extraSdp,
  ].join('\r\n')}\r\n`
}

function formatParameters({ spec, parameterSets }: Clip): string {
  const sets = parameterSets.map((unit) => unit.toString('base64'))
  if (spec.codec === 'h265') return `sprop-vps=${sets[0]};sprop-sps=${sets[1]};sprop-pps=${sets[2]}`
  const level = parameterSets[0]?.toString('hex', 1, 4).toUpperCase()
  return `packetization-mode=1;profile-level-id=${level};sprop-parameter-sets=${sets.join(',')}`
}
