import { ChunkWriter } from '../cmaf/chunk-writer.ts'
import type { SlabPool } from '../cmaf/slab.ts'
import type { Ending } from '../ending.ts'
import { type MediaAnswer, refused } from '../hls/answer.ts'
import type { RenditionReport, SoundRendition } from '../hls/playlist.ts'
import type { Segmenter } from '../hls/segmenter.ts'
import { SoundSegmenter } from '../hls/sound-segmenter.ts'
import { type LiveSink, type ReadQuery, Window } from '../hls/window.ts'
import type { AudioFormat, AudioFrameSink } from '../media.ts'
import { AacFrames } from '../rtp/aac.ts'
import { PlainAudio } from '../rtp/plain-audio.ts'
import { RtpReceiver } from '../rtp/receiver.ts'
import type { AudioTrack, OtherAudioTrack } from '../rtsp/audio-track.ts'
import { SoundTranscoder, transcodedSound } from './sound-transcoder.ts'

/** All that is read of a stream's sound lies below this, so that a gate can tell it from the picture. */
export const SOUND_PATH = 'sound/'
/** A player reads on with every part; who has not read for so long listens no more. */
const UNHEARD_MS = 10_000
/** After a transcoder that failed. */
const RETRY_MS = 5_000

export interface SoundOptions {
  monotonicMs(): number
  slabs: SlabPool
  picture: Segmenter
  pictureWindow: Window
  listedSeconds?: number
}

/** The sound of one stream: AAC as it comes, all else made into AAC while somebody listens. */
export class Sound {
  readonly #options: SoundOptions
  #window: Window
  #format: AudioFormat | undefined
  #writer: ChunkWriter | undefined
  #segmenter: SoundSegmenter | undefined
  #receiver: RtpReceiver | undefined
  #transcoder: SoundTranscoder | undefined
  #heardAtMs = Number.NEGATIVE_INFINITY
  #retryAtMs = Number.NEGATIVE_INFINITY
  #listeners = 0

  constructor(options: SoundOptions) {
    this.#options = options
    this.#window = this.#newWindow()
  }

  /** Undefined while the camera sends none. */
  get rendition(): SoundRendition | undefined {
    const format = this.#format
    if (this.#receiver === undefined || format === undefined) return undefined
    const { codecString, channels } = format
    return {
      uri: `${SOUND_PATH}${this.#window.prefix}/sound.m3u8`,
      codecString,
      channels,
      bandwidthBps: this.#window.bitRates.peakBps,
    }
  }

  /** As the picture's playlist names it. */
  get report(): RenditionReport | undefined {
    const { edge } = this.#window
    return edge && this.#receiver && { uri: `../${SOUND_PATH}${this.#window.prefix}/sound.m3u8`, ...edge }
  }

  get sizeBytes(): number {
    return this.#window.sizeBytes
  }

  /** Begins with a session that has set the track up. @returns what takes its packets */
  start(track: AudioTrack): RtpReceiver {
    const format = track.kind === 'aac' ? track.format : transcodedSound
    this.#take(format)
    const frameTicks = (format.frameSamples * track.clockRate) / format.sampleRate
    const frames =
      track.kind === 'aac'
        ? new AacFrames(track.headers, frameTicks, { frame: (...frame) => this.#segmenter?.frame(...frame) })
        : new PlainAudio(track.headerBytes, this.#intake(track))
    const receiver = new RtpReceiver(track, frames)
    this.#receiver = receiver
    this.#segmenter?.startSession(track.clockRate, receiver)
    return receiver
  }

  /** The session is over; what is there stays until its window lets it go. */
  end(): void {
    this.#receiver = undefined
    this.#stopTranscoder()
    this.#segmenter?.endSession()
  }

  /** @param path below SOUND_PATH */
  async read(path: string, query: ReadQuery, ending: Ending): Promise<MediaAnswer> {
    if (this.#receiver === undefined) return refused(404, 'no-sound')
    this.#heardAtMs = this.#options.monotonicMs()
    if (path.endsWith('.m3u8')) await this.#window.begun(ending)
    return this.#window.read(path, query, ending)
  }

  subscribe(sink: LiveSink): () => void {
    this.#listeners++
    const unsubscribe = this.#window.subscribe(sink)
    let isIn = true
    return () => {
      if (isIn) this.#listeners--
      isIn = false
      unsubscribe()
    }
  }

  /** Once a second. */
  tick(): void {
    this.#window.expire()
    this.#transcoder?.tick()
    if (this.#transcoder === undefined || this.#isHeard()) return
    this.#stopTranscoder()
    this.#segmenter?.endSession()
    this.#window.clear()
  }

  close(): void {
    this.#stopTranscoder()
    this.#window.close()
    this.#writer?.close()
  }

  /** Packets of what must be transcoded: dropped unless somebody listens. */
  #intake(track: OtherAudioTrack): AudioFrameSink {
    return {
      frame: (ticks, bytes, start, end) => {
        if (this.#transcoder === undefined && this.#isWanted()) this.#startTranscoder(track)
        this.#transcoder?.frame(ticks, bytes, start, end)
      },
    }
  }

  #startTranscoder(track: OtherAudioTrack): void {
    const toSegmenter: AudioFrameSink = { frame: (...frame) => this.#segmenter?.frame(...frame) }
    const ended = (): void => {
      this.#retryAtMs = this.#options.monotonicMs() + RETRY_MS
      this.#transcoder = undefined
    }
    this.#segmenter?.startSession(track.clockRate, this.#receiver)
    this.#transcoder = new SoundTranscoder(track, this.#options.monotonicMs, toSegmenter, ended)
  }

  #stopTranscoder(): void {
    this.#transcoder?.close()
    this.#transcoder = undefined
  }

  #isWanted(): boolean {
    return this.#isHeard() && this.#options.monotonicMs() >= this.#retryAtMs
  }

  #isHeard(): boolean {
    return this.#listeners > 0 || this.#options.monotonicMs() - this.#heardAtMs < UNHEARD_MS
  }

  /** Another kind of sound than before cannot go on in the same window. */
  #take(format: AudioFormat): void {
    if (this.#format?.config.equals(format.config) === true) return
    this.#writer?.close()
    if (this.#format !== undefined) {
      this.#window.close()
      this.#window = this.#newWindow()
    }
    this.#format = format
    this.#writer = new ChunkWriter(this.#options.slabs, format.sampleRate)
    const { picture, monotonicMs } = this.#options
    this.#segmenter = new SoundSegmenter(format, this.#writer, this.#window, picture, { monotonicMs })
  }

  #newWindow(): Window {
    const { monotonicMs, listedSeconds, pictureWindow } = this.#options
    return new Window({
      kind: 'sound',
      monotonicMs,
      ...(listedSeconds === undefined ? {} : { listedSeconds }),
      sibling: () => {
        const { edge } = pictureWindow
        return edge && { uri: `../../${pictureWindow.prefix}/video.m3u8`, ...edge }
      },
    })
  }
}
