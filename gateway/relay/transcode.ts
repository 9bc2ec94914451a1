import ffmpeg, { type FfmpegCommand } from 'fluent-ffmpeg'
import { TIMESCALE } from '../media.ts'
import type { OtherAudioTrack, OtherEncoding } from '../rtsp/audio-track.ts'

/** What sound is made into: good for speech, and a frame is 64 ms. */
export const SOUND_RATE = 16_000
const SOUND_BITS = 32
/** Pictures are made no wider: a transcode takes a good part of a core as it is. */
const MAX_WIDTH = 1280
const KEY_EVERY_S = 2
/** Read at once, without looking ahead: what comes is known. */
const AT_ONCE = [
  '-hide_banner',
  '-loglevel error',
  '-threads 1',
  '-probesize 32',
  '-analyzeduration 0',
  '-fflags nobuffer',
]

/** Names of ffmpeg's demuxers, and bits of a G.726 code; RTP packs them little-endian (RFC 3551 §4.5.4). */
const DEMUXERS: Record<OtherEncoding, readonly [format: string, codeSize?: number]> = {
  PCMU: ['mulaw'],
  PCMA: ['alaw'],
  G722: ['g722'],
  L16: ['s16be'],
  'G726-16': ['g726le', 2],
  'G726-24': ['g726le', 3],
  'G726-32': ['g726le', 4],
  'G726-40': ['g726le', 5],
  MPA: ['mp3'],
}

/** Raw samples on standard input to ADTS frames of AAC LC, mono, on standard output. */
export function soundArguments({ encoding, sampleRate, channels }: OtherAudioTrack): string[] {
  const [format, codeSize] = DEMUXERS[encoding]
  const known =
    encoding === 'MPA' || encoding === 'G722'
      ? []
      : [`-ar ${sampleRate}`, ...(codeSize === undefined ? [`-ac ${channels}`] : [`-code_size ${codeSize}`])]
  return built(
    ffmpeg()
      .input('pipe:0')
      .inputFormat(format)
      .inputOptions([...AT_ONCE, ...known])
      .audioCodec('aac')
      .audioFrequency(SOUND_RATE)
      .audioChannels(1)
      .audioBitrate(SOUND_BITS)
      .outputOptions(['-flush_packets 1'])
      .format('adts')
      .output('pipe:1'),
  )
}

/** H.265 or JPEG in fragmented MP4 on standard input to H.264, a fragment a frame, on standard output. */
export function pictureArguments(): string[] {
  return built(
    ffmpeg()
      .input('pipe:0')
      .inputFormat('mp4')
      .inputOptions(AT_ONCE)
      .noAudio()
      .videoCodec('libx264')
      .outputOptions(
        ...['-vf', `scale=w=min(${MAX_WIDTH}\\,iw):h=-2:out_range=tv,format=yuv420p`],
        ...['-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', '0', '-threads', '1'],
        ...['-crf', '24', '-maxrate', '2500k', '-bufsize', '2500k', '-g', '250', '-sc_threshold', '0'],
        ...['-force_key_frames', `expr:gte(t,n_forced*${KEY_EVERY_S})`],
        ...['-video_track_timescale', String(TIMESCALE), '-flush_packets', '1'],
        ...['-movflags', 'frag_every_frame+empty_moov+default_base_moof'],
      )
      .format('mp4')
      .output('pipe:1'),
  )
}

/** One JPEG of the first frame of a fragmented MP4 on standard input. */
export function jpegArguments(): string[] {
  return built(
    ffmpeg()
      .input('pipe:0')
      .inputFormat('mp4')
      .inputOptions(['-hide_banner', '-loglevel error', '-threads 1'])
      .frames(1)
      .outputOptions(['-threads 1', '-q:v 4'])
      .videoCodec('mjpeg')
      .format('image2pipe')
      .output('pipe:1'),
  )
}

/** fluent-ffmpeg builds arguments and nothing else here; no URL ever reaches ffmpeg. */
function built(command: FfmpegCommand): string[] {
  // `_getArguments` builds without running; it is not in the type declarations.
  return (command as FfmpegCommand & { _getArguments(): string[] })._getArguments()
}
