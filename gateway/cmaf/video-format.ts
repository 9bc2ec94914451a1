import type { ParameterSets, VideoCodec, VideoFormat } from '../media.ts'
import { h264Format } from './h264-config.ts'
import { h265Format } from './h265-config.ts'
import { jpegFormat } from './jpeg-config.ts'

const READERS = { h264: h264Format, h265: h265Format, jpeg: jpegFormat } satisfies Record<VideoCodec, unknown>

/** What parameter sets say; undefined where they make no sense. */
export function videoFormat(codec: VideoCodec, sets: ParameterSets): VideoFormat | undefined {
  return READERS[codec](sets)
}
