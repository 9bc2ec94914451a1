import type { AccessUnitSink, AccessUnitStore, ParameterSets, VideoCodec } from '../media.ts'
import { AccessUnitBuilder } from './access-unit.ts'
import { h264Rules } from './h264.ts'
import { h265Rules } from './h265.ts'
import { JpegFrames } from './jpeg.ts'
import { RtpReceiver } from './receiver.ts'

export interface VideoReceiverTrack {
  codec: VideoCodec
  payloadType: number
  clockRate: number
  sets: ParameterSets
}

/** RTP packets of one video track in, access units out. */
export function videoReceiver(track: VideoReceiverTrack, store: AccessUnitStore, sink: AccessUnitSink): RtpReceiver {
  if (track.codec === 'jpeg') return new RtpReceiver(track, new JpegFrames(store, sink))
  const rules = track.codec === 'h264' ? h264Rules : h265Rules
  return new RtpReceiver(track, new AccessUnitBuilder(rules, track.sets, store, sink))
}
