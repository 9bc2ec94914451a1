import { once } from 'node:events'
import type { Clock } from '../clock.ts'
import type { Chunk } from '../cmaf/chunk.ts'
import { ChunkWriter } from '../cmaf/chunk-writer.ts'
import { FragmentReader } from '../cmaf/fragment-reader.ts'
import type { SlabPool } from '../cmaf/slab.ts'
import type { Ending } from '../ending.ts'
import { type MediaAnswer, refused } from '../hls/answer.ts'
import { Segmenter } from '../hls/segmenter.ts'
import { type LiveSink, type ReadQuery, Window } from '../hls/window.ts'
import { type ParameterSets, TIMESCALE } from '../media.ts'
import type { Readiness } from './attempt.ts'
import { FfmpegPipe } from './ffmpeg-pipe.ts'
import type { Relay } from './relay.ts'
import type { RelayHealth } from './relay-health.ts'
import { SOUND_PATH } from './sound.ts'
import { pictureArguments } from './transcode.ts'

const STALLED_MS = 2_000
/** After an ffmpeg that ended; with so many in a row that gave no picture, waiting is over. */
const RETRY_MS = 1_000
const MAX_FAILURES = 3
/** A step this long between chunks is a break of the source's media time. */
const BREAK_TICKS = TIMESCALE / 2
const IDR = 5
const NO_SETS: ParameterSets = { vps: [], sps: [], pps: [] }

export interface TranscodeOptions {
  /** Whose picture is made into H.264; it is held by somebody for as long as this runs. */
  source: Relay
  clock: Clock
  slabs: SlabPool
  listedSeconds?: number
}

/** A relay whose source is another relay: its picture made into H.264 by one ffmpeg, its sound as it is. */
export class TranscodeRelay {
  readonly #options: TranscodeOptions
  readonly #window: Window
  readonly #writer: ChunkWriter
  readonly #segmenter: Segmenter
  #pipe: FfmpegPipe | undefined
  #init: Buffer | undefined
  /** Parts are left out until a key frame: at the start, and after ffmpeg did not keep up. */
  #needsKey = true
  /** Where the source's next chunk is expected, ticks. */
  #expected = 0
  #failures = 0
  #retryAtMs = Number.NEGATIVE_INFINITY
  #fault: { code: string; detail: string } | undefined
  #changed = Promise.withResolvers<void>()
  #ended = false

  constructor(options: TranscodeOptions) {
    this.#options = options
    const { clock, source, slabs, listedSeconds } = options
    this.#window = new Window({
      monotonicMs: () => clock.monotonicMs(),
      sound: () => source.sound,
      ...(listedSeconds === undefined ? {} : { listedSeconds }),
    })
    this.#writer = new ChunkWriter(slabs)
    this.#segmenter = new Segmenter(this.#writer, this.#window, clock)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { source } = this.#options
    const unsubscribe = source.subscribe({
      init: ({ bytes }) => this.#begin(bytes),
      chunk: (chunk) => this.#feed(chunk),
      end: () => this.#stop(),
    })
    const unwatch = this.#window.subscribe({ init: () => {}, chunk: () => this.#tell(), end: () => {} })
    if (!signal.aborted) await once(signal, 'abort')
    this.#ended = true
    unsubscribe()
    unwatch()
    this.#stop()
    this.#fault = { code: 'stream-ended', detail: 'the stream was ended' }
    this.#tell()
    this.#window.close()
    this.#writer.close()
  }

  /** Called every TICK_MS. */
  tick(): void {
    this.#window.expire()
    this.#pipe?.tick()
  }

  /** First playable media is there, or the reason why it will not come before `signal`. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    const source = await this.#options.source.ready(signal)
    if (source.kind === 'failed') return source
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    while (this.#fault === undefined && this.#segmenter.format === undefined && !signal.aborted)
      await Promise.race([this.#changed.promise, aborted])
    const format = this.#segmenter.format
    if (this.#fault !== undefined) return { kind: 'failed', ...this.#fault }
    if (format === undefined) return { kind: 'failed', code: 'timeout', detail: 'ffmpeg made no picture in time' }
    const { codecString, width, height } = format
    return { ...source, codec: 'h264', mimeType: `video/mp4; codecs="${codecString}"`, width, height }
  }

  read(path: string, query: ReadQuery, ending: Ending): MediaAnswer | Promise<MediaAnswer> {
    if (this.#ended) return refused(503, 'stream-ended')
    return path.startsWith(SOUND_PATH)
      ? this.#options.source.read(path, { ...query, sound: false }, ending) // its playlists name the other picture
      : this.#window.read(path, query, ending)
  }

  subscribe(sink: LiveSink): () => void {
    return this.#window.subscribe(sink)
  }

  subscribeSound(sink: LiveSink): () => void {
    return this.#options.source.subscribeSound(sink)
  }

  snapshot(signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#options.source.snapshot(signal)
  }

  /** The camera's, but for the picture that comes out. */
  health(): RelayHealth {
    const { source, clock } = this.#options
    const health = source.health()
    const { format, frames, lastArrivalMs } = this.#segmenter
    if (frames === 0) return { ...health, state: health.state === 'live' ? 'starting' : health.state }
    const lastFrameAgeMs = Math.round(clock.monotonicMs() - lastArrivalMs)
    const state = health.state === 'live' && lastFrameAgeMs >= STALLED_MS ? 'stalled' : health.state
    return { ...health, state, lastFrameAgeMs, ...(format === undefined ? {} : { codec: format.codecString }) }
  }

  get windowBytes(): number {
    return this.#window.sizeBytes
  }

  /** Of the ffmpeg that runs now. */
  get pid(): number | undefined {
    return this.#pipe?.pid
  }

  /** Another picture than before needs another ffmpeg. */
  #begin(init: Buffer): void {
    this.#init = init
    this.#stop()
  }

  #feed(chunk: Chunk): void {
    const { startTicks, durationTicks } = chunk.facts
    if (this.#pipe !== undefined && Math.abs(startTicks - this.#expected) > BREAK_TICKS) this.#stop()
    this.#expected = startTicks + durationTicks
    if (this.#pipe === undefined) {
      if (!chunk.facts.independent || this.#options.clock.monotonicMs() < this.#retryAtMs) return
      this.#start(startTicks)
    }
    if (this.#needsKey && !chunk.facts.independent) return
    // Copied: ffmpeg takes it when it likes, and the slab may be someone else's by then.
    this.#needsKey = this.#pipe?.write(Buffer.concat(chunk.buffers)) === false
  }

  /** @param ticks media time of the first chunk: what ffmpeg makes is counted from there, so that sound goes with it */
  #start(ticks: number): void {
    const { clock, source } = this.#options
    if (this.#init === undefined) return
    let sets = NO_SETS
    const reader = new FragmentReader({
      init: (found) => {
        sets = found
      },
      sample: (madeTicks, bytes) => this.#sample(madeTicks, bytes, sets),
    })
    this.#segmenter.startSession('h264', undefined, undefined, { ticks, generation: source.generation })
    const pipe = new FfmpegPipe({
      args: pictureArguments(),
      monotonicMs: () => clock.monotonicMs(),
      output: (chunk) => {
        if (!reader.push(chunk)) this.#failed('failed')
      },
      ended: (why) => this.#failed(why),
    })
    this.#pipe = pipe
    this.#needsKey = true
    pipe.write(this.#init)
  }

  #sample(ticks: number, bytes: Buffer, sets: ParameterSets): void {
    const writer = this.#writer
    if (!writer.ensure(bytes.length)) return
    bytes.copy(writer.bytes, writer.end)
    writer.end += bytes.length
    this.#segmenter.accessUnit(ticks, isKey(bytes), sets, false)
    writer.drop() // whatever the segmenter did not keep
    this.#failures = 0
    this.#fault = undefined
  }

  #failed(why: 'missing' | 'failed' | 'hung'): void {
    this.#stop()
    this.#failures++
    this.#retryAtMs = this.#options.clock.monotonicMs() + RETRY_MS
    if (why === 'missing') this.#fault = { code: 'transcoder-missing', detail: 'ffmpeg is not installed' }
    else if (this.#failures >= MAX_FAILURES)
      this.#fault = {
        code: 'transcode-failed',
        detail: `ffmpeg ${why === 'hung' ? 'hangs' : 'ends'} without a picture`,
      }
    this.#tell()
  }

  #stop(): void {
    this.#pipe?.close()
    this.#pipe = undefined
    this.#segmenter.endSession()
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

/** True if one of the NAL units is a slice of an IDR picture. */
function isKey(bytes: Buffer): boolean {
  for (let at = 0; at + 5 <= bytes.length; ) {
    if (((bytes[at + 4] ?? 0) & 31) === IDR) return true
    at += 4 + bytes.readUInt32BE(at)
  }
  return false
}
