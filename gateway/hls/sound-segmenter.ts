import type { ChunkWriter } from '../cmaf/chunk-writer.ts'
import { initSegment } from '../cmaf/init.ts'
import { type AudioFormat, TIMESCALE } from '../media.ts'
import type { PictureTime } from './picture-time.ts'
import { TARGET_DURATION_S } from './playlist.ts'
import type { SenderClock } from './segmenter.ts'
import type { Window } from './window.ts'

const PART_S = 0.2
/** Sound whose clock says nothing goes by its arrival, which jitters. */
const MAX_ARRIVAL_ERROR_S = 0.4
/** By both clocks of the camera: what a listener would notice at the lips. */
const MAX_SENDER_ERROR_S = 0.08
/** Off for so long it is no jitter. */
const MAX_OFF_S = 1
/** Reports that differ so much from what arrives are of a clock that is wrong. */
const MAX_SENDER_LAG_S = 3

export interface SoundClock {
  monotonicMs(): number
}

/**
 * Cuts frames of sound into parts and segments in the picture's media time: by the sender reports of both where the
 * camera sends them, else by arrival. Segments need not end with the picture's; discontinuities are the same.
 */
export class SoundSegmenter {
  readonly #format: AudioFormat
  readonly #writer: ChunkWriter
  readonly #window: Window
  readonly #picture: PictureTime
  readonly #clock: SoundClock
  readonly #partFrames: number
  #sender: SenderClock | undefined
  #ticksPerSecond = TIMESCALE
  #generation: number | undefined
  /** Media time less the sound's own, samples; undefined until the first frame. */
  #offset: number | undefined
  #offSinceMs: number | undefined
  #next = 0
  #segmentStart = 0
  #isOpen = false
  #isFirst = true

  /** @param writer of a track whose ticks are samples */
  constructor(format: AudioFormat, writer: ChunkWriter, window: Window, picture: PictureTime, clock: SoundClock) {
    this.#format = format
    this.#writer = writer
    this.#window = window
    this.#picture = picture
    this.#clock = clock
    const frameS = format.frameSamples / format.sampleRate
    this.#partFrames = Math.max(1, Math.round(PART_S / frameS))
    const frameTicks = frameS * TIMESCALE
    window.setPace(frameTicks, frameTicks * this.#partFrames)
    window.setInit(initSegment(format, format.sampleRate), format)
  }

  /** A new connection, or new listening. @param clockRate ticks a second of what `frame` is told */
  startSession(clockRate: number, sender: SenderClock | undefined): void {
    this.#ticksPerSecond = clockRate
    this.#sender = sender
    this.#offset = undefined
  }

  /** What is there becomes visible, and the next frame begins anew. */
  endSession(): void {
    this.#closePart()
    this.#closeSegment()
    this.#offset = undefined
  }

  /** One frame of AAC; nothing is kept before there is a picture. @param ticks since the track's first packet */
  frame(ticks: number, bytes: Buffer, start: number, end: number): void {
    const { generation } = this.#picture
    if (generation < 0 || end <= start) return
    const { sampleRate, frameSamples } = this.#format
    if (generation !== this.#generation) {
      this.#closePart()
      this.#closeSegment()
      this.#generation = generation
      this.#offset = undefined
    }
    const own = (ticks * sampleRate) / this.#ticksPerSecond
    this.#follow(own, ticks)
    let decode = Math.round(own + (this.#offset ?? 0))
    const step = decode - this.#next
    if (Math.abs(step) < frameSamples / 2) decode = this.#next
    else if (step < 0)
      return // is there already
    else this.#closePart() // some are missing: time goes on after the gap
    if (decode < 0) return
    this.#write(decode, bytes, start, end)
  }

  #write(decode: number, bytes: Buffer, start: number, end: number): void {
    const writer = this.#writer
    const { sampleRate, frameSamples } = this.#format
    const age = decode - this.#segmentStart
    if (this.#isOpen && age + frameSamples > TARGET_DURATION_S * sampleRate) {
      this.#closePart()
      this.#closeSegment()
    }
    if (!this.#isOpen) this.#openSegment(decode)
    if (!writer.ensure(end - start)) return
    bytes.copy(writer.bytes, writer.end, start, end)
    writer.end += end - start
    writer.addSample(decode, 0, true)
    writer.setLastDuration(frameSamples)
    this.#next = decode + frameSamples
    if (writer.samples >= this.#partFrames) this.#closePart()
    // As with pictures: players want a segment, so the first part of all is one.
    if (this.#isFirst && writer.samples === 0) this.#closeSegment()
  }

  /** Places the sound in the picture's time, and anew when it has been off for a while: clocks drift. */
  #follow(own: number, ticks: number): void {
    const nowMs = this.#clock.monotonicMs()
    const { sampleRate } = this.#format
    const arrived = (this.#picture.atArrival(nowMs) / TIMESCALE) * sampleRate
    const told = this.#bySender(ticks)
    const isTold = told !== undefined && Math.abs(told - arrived) < MAX_SENDER_LAG_S * sampleRate
    const wanted = (isTold ? told : arrived) - own
    const limit = (isTold ? MAX_SENDER_ERROR_S : MAX_ARRIVAL_ERROR_S) * sampleRate
    if (this.#offset !== undefined && Math.abs(wanted - this.#offset) <= limit) {
      this.#offSinceMs = undefined
      return
    }
    this.#offSinceMs ??= nowMs
    if (this.#offset !== undefined && nowMs - this.#offSinceMs < MAX_OFF_S * 1000) return
    this.#offset = wanted
    this.#offSinceMs = undefined
  }

  #bySender(ticks: number): number | undefined {
    const originMs = this.#sender?.originMs
    if (originMs === undefined) return undefined
    const media = this.#picture.atSenderTime(originMs + (ticks / this.#ticksPerSecond) * 1000)
    return media === undefined ? undefined : (media / TIMESCALE) * this.#format.sampleRate
  }

  #openSegment(decode: number): void {
    const startedAtMs = Math.round(this.#picture.wallMsAt((decode / this.#format.sampleRate) * TIMESCALE))
    this.#window.startSegment({ discontinuitySequence: this.#generation ?? 0, startedAtMs })
    this.#segmentStart = decode
    this.#isOpen = true
  }

  #closePart(): void {
    if (this.#writer.samples === 0) return
    const chunk = this.#writer.finish()
    this.#window.append(chunk)
    this.#window.endPart(chunk.facts.durationTicks)
  }

  #closeSegment(): void {
    if (!this.#isOpen) return
    this.#window.closeSegment(((this.#next - this.#segmentStart) / this.#format.sampleRate) * TIMESCALE)
    this.#isOpen = false
    this.#isFirst = false
  }
}
