import { aacConfig, aacFormat } from '../cmaf/aac-config.ts'
import type { AudioFormat, AudioFrameSink } from '../media.ts'
import { adtsFrameAt } from '../rtp/adts.ts'
import type { OtherAudioTrack } from '../rtsp/audio-track.ts'
import { FfmpegPipe } from './ffmpeg-pipe.ts'
import { SOUND_RATE, soundArguments } from './transcode.ts'

/** An ADTS frame has 13 bits for its length. */
const MAX_ADTS_BYTES = 8192
/** A step this long between packets is a gap. */
const GAP_S = 0.1
const MAX_ANCHORS = 64

/** What every transcoded sound is. */
export const transcodedSound: AudioFormat = soundFormat()

function soundFormat(): AudioFormat {
  const config = aacConfig(SOUND_RATE, 1)
  const format = config && aacFormat(config)
  if (format === undefined) throw new Error('the sound we make is none we know')
  return format
}

/** One moment of the sound: as counted in what ffmpeg was given, and in the track's own time. Seconds. */
interface Anchor {
  givenS: number
  trackS: number
}

/** Makes AAC of what browsers do not play, by one ffmpeg. Times of packets are kept through gaps. */
export class SoundTranscoder implements AudioFrameSink {
  readonly #track: OtherAudioTrack
  readonly #sink: AudioFrameSink
  readonly #pipe: FfmpegPipe
  readonly #bytesPerSecond: number | undefined
  #anchors: Anchor[] = []
  #givenS = 0
  #made = 0
  #rest = Buffer.alloc(0)

  /** @param ended called when ffmpeg is gone before `close` */
  constructor(track: OtherAudioTrack, monotonicMs: () => number, sink: AudioFrameSink, ended: () => void) {
    this.#track = track
    this.#sink = sink
    this.#bytesPerSecond = bytesPerSecond(track)
    this.#pipe = new FfmpegPipe({
      args: soundArguments(track),
      monotonicMs,
      output: (chunk) => this.#output(chunk),
      ended,
    })
  }

  frame(ticks: number, bytes: Buffer, start: number, end: number): void {
    const trackS = ticks / this.#track.clockRate
    const last = this.#anchors.at(-1)
    const expectedS = last === undefined ? undefined : last.trackS + this.#givenS - last.givenS
    if (expectedS === undefined || Math.abs(trackS - expectedS) > GAP_S) {
      this.#anchors.push({ givenS: this.#givenS, trackS })
      this.#anchors = this.#anchors.slice(-MAX_ANCHORS)
    }
    if (!this.#pipe.write(Buffer.from(bytes.subarray(start, end)))) return
    if (this.#bytesPerSecond === undefined) this.#givenS = trackS - (this.#anchors[0]?.trackS ?? 0)
    else this.#givenS += (end - start) / this.#bytesPerSecond
  }

  tick(): void {
    this.#pipe.tick()
  }

  close(): void {
    this.#pipe.close()
  }

  #output(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk])
    let at = 0
    while (at < bytes.length) {
      const frame = adtsFrameAt(bytes, at, bytes.length)
      if (frame === undefined || frame.end > bytes.length) break
      this.#made++
      // The first frame holds nothing but the encoder's own delay.
      const givenS = ((this.#made - 2) * transcodedSound.frameSamples) / SOUND_RATE
      if (this.#made > 1)
        this.#sink.frame(this.#trackSeconds(givenS) * this.#track.clockRate, bytes, frame.start, frame.end)
      at = frame.end
    }
    this.#rest = Buffer.from(bytes.subarray(at)).subarray(0, MAX_ADTS_BYTES)
  }

  #trackSeconds(givenS: number): number {
    while ((this.#anchors[1]?.givenS ?? Number.POSITIVE_INFINITY) <= givenS) this.#anchors.shift()
    const [anchor] = this.#anchors
    return anchor === undefined ? givenS : anchor.trackS + givenS - anchor.givenS
  }
}

/** Of what RTP carries; undefined where frames say it. */
function bytesPerSecond({ encoding, sampleRate, channels }: OtherAudioTrack): number | undefined {
  switch (encoding) {
    case 'PCMU':
    case 'PCMA':
      return sampleRate * channels
    case 'L16':
      return sampleRate * channels * 2
    case 'G722':
      return sampleRate / 2
    case 'G726-16':
    case 'G726-24':
    case 'G726-32':
    case 'G726-40':
      return (sampleRate * Number(encoding.slice(-2))) / 64
    case 'MPA':
      return undefined
  }
}
