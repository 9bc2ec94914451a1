import type { Channel, Device, Make, VideoSpec } from '../township-data.ts'

/** What ONVIF calls a profile: one stream of one video source under a token. */
export interface MediaProfile {
  token: string
  name: string
  channel: Channel
  sourceToken: string
  stream: 'main' | 'sub'
  spec: VideoSpec
  /** Under which the RTSP server has it. */
  rtspPath: string
  /** Path and query as GetStreamUri writes them. */
  rtspTarget: string
  snapshotPath: string | undefined
}

/** The media profiles of a device, channel by channel, main before sub, spelled as its make spells them. */
export function mediaProfiles(device: Device, make: Make): MediaProfile[] {
  return device.channels.flatMap((channel, channel0) =>
    (['main', 'sub'] as const).map((stream, stream0): MediaProfile => {
      const values: Record<string, string | number> = {
        channel: channel0 + 1,
        channel0,
        stream: stream0,
        stream1: stream0 + 1,
        profile: channel0 * 2 + stream0 + 1,
        user: device.username,
        password: device.password,
      }
      const fill = (template: string): string =>
        template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
      const token = fill(make.onvif?.profileToken ?? '{profile}')
      values.token = token
      const rtspPath = fill(make.rtsp[stream])
      return {
        token,
        name: `${stream}Stream${channel0 + 1}`,
        channel,
        sourceToken: fill(make.onvif?.sourceToken ?? '{channel}'),
        stream,
        spec: device[stream],
        rtspPath,
        rtspTarget: rtspPath + fill(make.rtsp.uriTail),
        snapshotPath: make.onvif?.snapshot === undefined ? undefined : fill(make.onvif.snapshot),
      }
    }),
  )
}
