import type { ChunkWriter } from '../cmaf/chunk-writer.ts'
import type { Segmenter } from '../hls/segmenter.ts'
import type { RtpReceiver } from '../rtp/receiver.ts'
import { videoReceiver } from '../rtp/video.ts'
import { findAudioTrack } from '../rtsp/audio-track.ts'
import { StreamFault, toFault } from '../rtsp/fault.ts'
import type { Sdp } from '../rtsp/sdp.ts'
import { RtspSession, type SessionOptions, type StreamSource } from '../rtsp/session.ts'
import { findVideoTrack } from '../rtsp/video-track.ts'
import type { Sound } from './sound.ts'

/** One RTSP session: the picture of a camera, and its sound where that is wanted, from their channels to their receivers. */
export class CameraSession {
  readonly #rtsp: RtspSession
  #channel = -1
  #soundChannel = -1
  #receiver: RtpReceiver | undefined
  #soundReceiver: RtpReceiver | undefined

  constructor(source: StreamSource, options: Omit<SessionOptions, 'onFrame'>) {
    const onFrame = (of: number, bytes: Buffer, start: number, end: number): void =>
      this.#onFrame(of, bytes, start, end)
    this.#rtsp = new RtspSession(source, { ...options, onFrame })
  }

  get ended(): Promise<StreamFault> {
    return this.#rtsp.ended
  }

  get receivedBytes(): number {
    return this.#rtsp.receivedBytes
  }

  /** Everything up to PLAY. @param sound undefined where the camera is not to be asked for it */
  async open(
    writer: ChunkWriter,
    segmenter: Segmenter,
    sound: Sound | undefined,
    signal: AbortSignal,
  ): Promise<RtpReceiver> {
    await this.#rtsp.open(signal)
    const sdp = await this.#rtsp.describe(signal)
    const track = findVideoTrack(sdp)
    if (track === undefined) throw new StreamFault('unsupported-codec', 'no H.264, H.265 or JPEG video is offered')
    this.#channel = await this.#rtsp.setup(track.media, signal)
    const receiver = videoReceiver(track, writer, segmenter)
    this.#receiver = receiver
    segmenter.startSession(track.codec, track.frameRate, receiver)
    if (sound !== undefined) await this.#setUpSound(sound, sdp, signal)
    return receiver
  }

  play(signal: AbortSignal): Promise<void> {
    return this.#rtsp.play(signal)
  }

  keepAlive(): void {
    this.#rtsp.keepAlive()
  }

  /** From the call on nothing reaches the receivers. */
  close(): Promise<void> {
    this.#channel = -1
    this.#soundChannel = -1
    return this.#rtsp.close()
  }

  /** A camera that refuses its sound still shows its picture. */
  async #setUpSound(sound: Sound, sdp: Sdp, signal: AbortSignal): Promise<void> {
    const track = findAudioTrack(sdp)
    if (track === undefined) return
    try {
      this.#soundChannel = await this.#rtsp.setup(track.media, signal)
      this.#soundReceiver = sound.start(track)
    } catch (error) {
      signal.throwIfAborted()
      if (toFault(error) === undefined) throw error
    }
  }

  #onFrame(of: number, bytes: Buffer, start: number, end: number): void {
    if (this.#channel < 0) return
    if (of === this.#channel) this.#receiver?.packet(bytes, start, end)
    else if (of === this.#channel + 1) this.#receiver?.report(bytes, start, end)
    else if (of === this.#soundChannel) this.#soundReceiver?.packet(bytes, start, end)
    else if (of === this.#soundChannel + 1) this.#soundReceiver?.report(bytes, start, end)
  }
}
