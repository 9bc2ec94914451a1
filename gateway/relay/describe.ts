import type { Clock } from '../clock.ts'
import { ChunkWriter } from '../cmaf/chunk-writer.ts'
import { SlabPool } from '../cmaf/slab.ts'
import { videoFormat } from '../cmaf/video-format.ts'
import type { Dialer } from '../dial.ts'
import type { VideoFormat } from '../media.ts'
import { videoReceiver } from '../rtp/video.ts'
import { StreamFault, type StreamFaultCode, toFault } from '../rtsp/fault.ts'
import type { Sdp } from '../rtsp/sdp.ts'
import { RtspSession, type StreamSource } from '../rtsp/session.ts'
import { findVideoTrack, type VideoTrack } from '../rtsp/video-track.ts'
import { type KeyFrames, KeyFrameWatch } from './key-frame-watch.ts'

export interface StreamTrack {
  kind: string
  /** Upper case as in SDP, such as `H264`, `PCMA`; empty if the format is unknown. */
  encoding: string
  codec?: string
  width?: number
  height?: number
  frameRate?: number
}

export type StreamDescription =
  | {
      ok: true
      tracks: StreamTrack[]
      /** What the camera showed over TLS, SHA-256 in hex. */
      certificate?: string
      /** From PLAY to the first key frame. */
      firstFrameMs?: number
      keyFrames?: KeyFrames
    }
  | { ok: false; fault: { code: StreamFaultCode; detail: string } }

export interface DescribeOptions {
  dialer: Dialer
  clock: Clock
  /** Also play until the first key frame, which tells the size where the description does not. */
  play?: boolean
  /** For the first key frame. */
  timeoutMs?: number
  /** How long to look on for the next key frame, to know how far they are apart; not at all when absent. */
  keyFramesMs?: number
}

const FIRST_FRAME_TIMEOUT_MS = 15_000

/** Asks a camera once what a stream is. One login attempt; never throws but for the signal's reason. */
export async function describe(
  source: StreamSource,
  options: DescribeOptions,
  signal: AbortSignal,
): Promise<StreamDescription> {
  try {
    return await ask(source, options, signal)
  } catch (error) {
    signal.throwIfAborted()
    const fault = toFault(error)
    if (fault === undefined) throw error
    return { ok: false, fault }
  }
}

async function ask(source: StreamSource, options: DescribeOptions, signal: AbortSignal): Promise<StreamDescription> {
  const { clock, dialer } = options
  let onFrame = (_channel: number, _bytes: Buffer, _start: number, _end: number): void => {}
  const session = new RtspSession(source, { dialer, clock, onFrame: (...frame) => onFrame(...frame) })
  try {
    await session.open(signal)
    const sdp = await session.describe(signal)
    const track = findVideoTrack(sdp)
    if (track === undefined) throw new StreamFault('unsupported-codec', 'no H.264, H.265 or JPEG video is offered')
    const described = videoFormat(track.codec, track.sets)
    if (options.play !== true) return { ok: true, tracks: toTracks(sdp, track, described) }
    const channel = await session.setup(track.media, signal)
    const first = Promise.withResolvers<VideoFormat>()
    first.promise.catch(() => undefined) // seen where it is awaited, if PLAY gets that far
    const keyFrames = new KeyFrameWatch(clock)
    const writer = new ChunkWriter(new SlabPool())
    const receiver = videoReceiver(track, writer, {
      accessUnit: (ticks, key, sets) => {
        keyFrames.take(ticks, key)
        const format = videoFormat(track.codec, sets)
        if (key && format !== undefined) first.resolve(format)
      },
    })
    onFrame = (of, bytes, start, end) => {
      if (of === channel) receiver.packet(bytes, start, end)
    }
    const playedAtMs = clock.monotonicMs()
    void session.ended.then((fault) => first.reject(fault))
    await session.play(signal)
    const format = await withTimeout(first.promise, clock, options.timeoutMs ?? FIRST_FRAME_TIMEOUT_MS, signal).catch(
      (error: unknown) => {
        const isRare = error instanceof StreamFault && error.code === 'no-key-frame' && keyFrames.pictures > 0
        throw isRare ? new StreamFault('key-frames-rare', `${keyFrames.pictures} pictures, ${error.message}`) : error
      },
    )
    const firstFrameMs = Math.round(clock.monotonicMs() - playedAtMs)
    const { keyFramesMs } = options
    return {
      ok: true,
      tracks: toTracks(sdp, track, format),
      firstFrameMs,
      ...(session.certificate === undefined ? {} : { certificate: session.certificate }),
      ...(keyFramesMs === undefined ? {} : { keyFrames: await keyFrames.measure(keyFramesMs, signal) }),
    }
  } finally {
    await session.close()
  }
}

async function withTimeout(
  first: Promise<VideoFormat>,
  clock: Clock,
  ms: number,
  signal: AbortSignal,
): Promise<VideoFormat> {
  const done = new AbortController()
  const late = clock.sleep(ms, AbortSignal.any([signal, done.signal])).then(() => {
    throw new StreamFault('no-key-frame', `none came in ${ms} ms`)
  })
  late.catch(() => undefined) // decided by the race, or aborted after it
  try {
    return await Promise.race([first, late])
  } finally {
    done.abort()
  }
}

function toTracks(sdp: Sdp, video: VideoTrack, format: VideoFormat | undefined): StreamTrack[] {
  return sdp.media.map((media) => {
    const track: StreamTrack = { kind: media.kind, encoding: media.formats[0]?.encoding ?? '' }
    if (media !== video.media) return track
    const frameRate = media.frameRate ?? format?.frameRate
    return {
      ...track,
      encoding: video.codec.toUpperCase(),
      ...(format === undefined ? {} : { codec: format.codecString, width: format.width, height: format.height }),
      ...(frameRate === undefined ? {} : { frameRate: Math.round(frameRate * 1000) / 1000 }),
    }
  })
}
