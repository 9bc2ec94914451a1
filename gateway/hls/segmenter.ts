import { type ChunkWriter, MAX_CHUNK_SAMPLES } from '../cmaf/chunk-writer.ts'
import { DecodeTimes } from '../cmaf/decode-times.ts'
import { initSegment } from '../cmaf/init.ts'
import { videoFormat } from '../cmaf/video-format.ts'
import {
  type AccessUnitSink,
  MAX_ACCESS_UNIT_BYTES,
  type ParameterSets,
  TIMESCALE,
  type VideoCodec,
  type VideoFormat,
} from '../media.ts'
import type { PictureTime } from './picture-time.ts'
import { TARGET_DURATION_S } from './playlist.ts'
import type { Window } from './window.ts'

/** How old the first frame of a chunk may be when its last one is whole: the wall takes chunks as they come. */
const MAX_FIRST_FRAME_AGE_TICKS = 0.095 * TIMESCALE
/** Players ask twice for each part, so few parts are cheap; they stay three parts behind, so short ones are soon seen. */
const MAX_WHOLE_PART_TICKS = 0.26 * TIMESCALE
/** A part lasts between 85 % of the part target and all of it (RFC 8216bis §4.4.4.9): the middle leaves room for jitter. */
const PART_SHARE = 0.925
const MIN_PART_SHARE = 0.85
/** After so many frames their distance is known, whatever the camera says of it. */
const MEASURED_FRAMES = 10
/** Program dates may overlap by less than a second (RFC 8216bis §6.2.1), unless a clock was set. */
const MAX_DATE_OVERLAP_MS = 900
const MAX_DATE_STEP_MS = 10_000
/** A key frame this late begins a new segment; a little less than a second, for clocks that jitter. */
const MIN_SEGMENT_TICKS = 0.9 * TIMESCALE
/** Rounded it is still the target duration; a camera with rarer key frames is cut between them. */
const MAX_SEGMENT_TICKS = (TARGET_DURATION_S + 0.49) * TIMESCALE
/**
 * A camera whose time stamps crawl would never end a part or a segment by its duration, and the window lets go of whole
 * segments only. Two and a half seconds of 50 Mbit/s fit; a segment has 25 parts at the most where the clock is right.
 */
const MAX_PART_BYTES = MAX_ACCESS_UNIT_BYTES
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024
const MAX_SEGMENT_PARTS = 64
/** A longer pause between frames cannot be shown as one frame: what follows is a new beginning. */
const MAX_FRAME_TICKS = 1.5 * TIMESCALE
/** Presentation this far from decoding is no reordering but a clock gone astray. */
const MAX_COMPOSITION_TICKS = 5 * TIMESCALE
const DEFAULT_FRAME_TICKS = TIMESCALE / 25
/** Media time of the first frame; leaves room for decode times before it. */
const START_TICKS = TIMESCALE
const MAX_ANCHOR_ERROR_MS = 500
/** A camera whose clock is right sends a frame after it was taken, and not much later. */
const MAX_SENDER_LAG_MS = 2_000
const MAX_SENDER_LEAD_MS = 100

export interface SegmenterClock {
  now(): number
  monotonicMs(): number
}

/** Wall clock of the session's media time zero by the camera's clock, ms since 1970, where it tells. */
export interface SenderClock {
  readonly originMs: number | undefined
}

/** The media time of another relay, in which a session goes on: of its first unit, and which of the breaks it follows. */
export interface MediaTime {
  ticks: number
  generation: number
}

/** Cuts access units into parts and segments at key frames, and numbers time through gaps and reconnects. */
export class Segmenter implements AccessUnitSink, PictureTime {
  readonly #writer: ChunkWriter
  readonly #window: Window
  readonly #clock: SegmenterClock
  #codec: VideoCodec = 'h264'
  #sender: SenderClock | undefined
  #sets: ParameterSets | undefined
  #format: VideoFormat | undefined
  #initBytes: Buffer | undefined
  #times = new DecodeTimes(0)
  #started = false
  #offset = 0
  #startPresentation = 0
  #lastTicks = 0
  #lastDecode = 0
  #lastArrivalMs = 0
  #frameTicks = DEFAULT_FRAME_TICKS
  #measured = 0
  #partTarget = 0
  #lastDatedMs: number | undefined
  #segmentStart = 0
  /** Undefined while no part grows. */
  #partStart: number | undefined
  #partBytes = 0
  #chunkStart = 0
  #segmentOpen = false
  /** A segment cut between key frames ends at the next one, so that the list can begin there. */
  #startsWithKey = false
  #anchorMs: number | undefined
  #lastKeyTicks: number | undefined
  /** Units must wait for a key frame: new session, pause, or sets that made no sense. */
  #needKey = true
  #newestTicks = 0
  #within: MediaTime | undefined
  /** Counts the breaks of media time, each a discontinuity; -1 before the first picture. */
  generation = -1
  frames = 0
  /** Units are missing, and nothing is shown until the next key frame. */
  onGap: (() => void) | undefined
  /** What the camera's clock said when a frame arrived, less what ours said, ms. */
  clockOffsetMs: number | undefined
  keyFrameIntervalMs: number | undefined
  /** Monotonic time at which the first key frame of this session was whole. */
  firstKeyAtMs: number | undefined

  /** @param frameMs distance of frames as it was when the stream was last fetched */
  constructor(writer: ChunkWriter, window: Window, clock: SegmenterClock, frameMs?: number) {
    this.#writer = writer
    this.#window = window
    this.#clock = clock
    if (frameMs === undefined) return
    this.#frameTicks = frameMs * (TIMESCALE / 1000)
    this.#measured = MEASURED_FRAMES
  }

  get format(): VideoFormat | undefined {
    return this.#format
  }

  /** Usual distance of frames. */
  get frameMs(): number {
    return this.#frameTicks / (TIMESCALE / 1000)
  }

  /** Media time of what the camera's clock calls `wallMs`; undefined while it does not tell. */
  atSenderTime(wallMs: number): number | undefined {
    const originMs = this.#sender?.originMs
    return originMs === undefined || !this.#started
      ? undefined
      : (wallMs - originMs) * (TIMESCALE / 1000) + this.#offset
  }

  /** Media time of what arrives now. */
  atArrival(nowMs: number): number {
    return this.#newestTicks + (nowMs - this.#lastArrivalMs) * (TIMESCALE / 1000)
  }

  /** Our wall clock of a media time, ms since 1970. */
  wallMsAt(ticks: number): number {
    return (this.#anchorMs ?? this.#clock.now()) + ticks / (TIMESCALE / 1000)
  }

  /** As measured; undefined of a few frames. */
  get measuredFrameMs(): number | undefined {
    return this.#measured >= MEASURED_FRAMES ? this.frameMs : undefined
  }

  get waitsForKey(): boolean {
    return this.#needKey
  }

  get lastArrivalMs(): number {
    return this.#lastArrivalMs
  }

  /** A new connection to the camera: its media time has nothing to do with that of the last. */
  startSession(codec: VideoCodec, frameRate: number | undefined, sender?: SenderClock, within?: MediaTime): void {
    this.#within = within
    this.#codec = codec
    this.#sender = sender
    this.#needKey = true
    this.clockOffsetMs = undefined
    this.keyFrameIntervalMs = undefined
    this.firstKeyAtMs = undefined
    this.#writer.drop()
    if (frameRate !== undefined && this.#measured === 0) this.#frameTicks = TIMESCALE / frameRate
  }

  /** The connection is gone: what is there becomes visible. */
  endSession(): void {
    this.#writer.drop()
    this.#closePart(this.#frameTicks)
    this.#needKey = true
  }

  gap(): void {
    if (this.#needKey) return
    this.#needKey = true
    this.onGap?.()
  }

  accessUnit(ticks: number, key: boolean, sets: ParameterSets, afterGap: boolean): void {
    const isPause = ticks - this.#lastTicks > MAX_FRAME_TICKS * (1 + this.#times.depth)
    if (key && (afterGap || isPause)) this.#needKey = true
    else if (isPause) this.gap()
    this.#lastTicks = ticks
    if (this.#needKey && !key) return
    let changed = false
    if (sets !== this.#sets) {
      if (!this.#takeSets(sets)) {
        this.#needKey = true
        return
      }
      changed = this.#takeInit()
    }
    const format = this.#format
    if (format === undefined) return
    if (this.#needKey || changed) this.#restart(ticks, format)
    const presentation = ticks + this.#offset
    if (presentation < this.#startPresentation) return // leads the key frame and needs what came before it
    const decode = this.#times.next(presentation, this.#frameTicks)
    if (Math.abs(presentation - decode) > MAX_COMPOSITION_TICKS) {
      this.#needKey = true
      return
    }
    this.#measure(decode)
    this.#cutBefore(decode, key)
    this.#writer.addSample(decode, presentation - decode, key)
    this.#lastDecode = decode
    this.#newestTicks = presentation
    this.#lastArrivalMs = this.#clock.monotonicMs()
    this.frames++
    if (key) this.#keyFrame(presentation)
    this.#cutAfter(decode)
  }

  #keyFrame(presentation: number): void {
    this.firstKeyAtMs ??= this.#lastArrivalMs
    if (this.#lastKeyTicks !== undefined) {
      this.keyFrameIntervalMs = (presentation - this.#lastKeyTicks) / (TIMESCALE / 1000)
    }
    this.#lastKeyTicks = presentation
  }

  /** Parts and segments that must end before this frame. */
  #cutBefore(decode: number, key: boolean): void {
    const step = decode - this.#lastDecode
    const age = decode - this.#segmentStart
    if (!this.#segmentOpen) {
      this.#openSegment(decode)
    } else if (this.#endsSegment(key, age)) {
      this.#closePart(step)
      this.#window.closeSegment(age)
      this.#openSegment(decode)
      this.#startsWithKey = key
    } else if (this.#partStart !== undefined && this.#endsPart(key, decode - this.#partStart)) {
      this.#closePart(step)
    } else if (key) {
      this.#closeChunk(step) // whoever begins to watch can begin there
    }
    this.#partStart ??= decode
    if (this.#writer.samples === 0) this.#chunkStart = decode
    else this.#writer.setLastDuration(step)
  }

  #endsSegment(key: boolean, age: number): boolean {
    if (key && (age >= MIN_SEGMENT_TICKS || !this.#startsWithKey)) return true
    const { sizeBytes, parts } = this.#window.growing
    const isFull = sizeBytes >= MAX_SEGMENT_BYTES || parts >= MAX_SEGMENT_PARTS
    return isFull || age + this.#frameTicks > MAX_SEGMENT_TICKS
  }

  /** A part begins with a key frame where it can, which is unless the one before it would be too short. */
  #endsPart(key: boolean, durationTicks: number): boolean {
    const wouldBeTooLong = durationTicks + this.#frameTicks > this.#partTarget
    return wouldBeTooLong || (key && durationTicks >= MIN_PART_SHARE * this.#partTarget)
  }

  /** Ends part and chunk once another frame would take them too far, without waiting for that frame. */
  #cutAfter(decode: number): void {
    const endTicks = decode + this.#frameTicks
    const duration = endTicks - (this.#partStart ?? decode)
    const isFirst = this.#writer.nextId === 0
    const isLong =
      duration >= MIN_PART_SHARE * this.#partTarget && duration + this.#frameTicks / 2 > PART_SHARE * this.#partTarget
    const isFull =
      this.#writer.samples >= MAX_CHUNK_SAMPLES || this.#partBytes + this.#writer.chunkBytes >= MAX_PART_BYTES
    if (isFirst || isLong || isFull) this.#closePart(this.#frameTicks)
    else if (endTicks - this.#chunkStart > MAX_FIRST_FRAME_AGE_TICKS) this.#closeChunk(this.#frameTicks)
    if (isFirst) this.#openingSegment(duration)
  }

  /**
   * The first key frame of all is a segment of its own: a cold viewer waits for it, and players refuse a playlist that
   * lists parts and no segment. The rest of its group of pictures is the next one.
   */
  #openingSegment(durationTicks: number): void {
    this.#window.closeSegment(Math.round(durationTicks))
    this.#openSegment(this.#lastDecode + Math.round(durationTicks))
    this.#startsWithKey = false
  }

  #restart(ticks: number, format: VideoFormat): void {
    this.#closePart(this.#frameTicks)
    if (this.#segmentOpen) this.#window.closeSegment(this.#lastDecode + this.#frameTicks - this.#segmentStart)
    if (format.frameRate !== undefined && this.#measured === 0) this.#frameTicks = TIMESCALE / format.frameRate
    const elapsed = (this.#clock.monotonicMs() - this.#lastArrivalMs) * (TIMESCALE / 1000)
    const next = this.#started ? Math.round(this.#lastDecode + Math.max(this.#frameTicks, elapsed)) : START_TICKS
    const decode = this.#within === undefined ? next : Math.max(this.#within.ticks + ticks, this.#lastDecode + 1)
    this.#times = new DecodeTimes(format.reorderFrames ?? 0)
    this.#startPresentation = decode + Math.round(this.#times.depth * this.#frameTicks)
    this.#offset = this.#startPresentation - ticks
    this.#lastDecode = decode
    this.#anchorMs = undefined
    this.#lastKeyTicks = undefined
    this.generation = this.#within?.generation ?? this.generation + 1
    if (!this.#started) this.#setPartTarget()
    this.#openSegment(decode)
    this.#startsWithKey = true
    this.#started = true
    this.#needKey = false
  }

  #openSegment(decode: number): void {
    const now = this.#clock.now()
    const elapsedMs = decode / (TIMESCALE / 1000)
    const takenMs = this.#takenMs(decode)
    this.clockOffsetMs = takenMs === undefined ? undefined : Math.round(takenMs - now)
    if (takenMs !== undefined && takenMs >= now - MAX_SENDER_LAG_MS && takenMs <= now + MAX_SENDER_LEAD_MS) {
      this.#anchorMs = takenMs - elapsedMs
    } else if (this.#anchorMs === undefined || Math.abs(this.#anchorMs + elapsedMs - now) > MAX_ANCHOR_ERROR_MS) {
      this.#anchorMs = now - elapsedMs
    }
    const startedAtMs = this.#dated(this.#anchorMs + elapsedMs, elapsedMs - this.#segmentStart / (TIMESCALE / 1000))
    this.#window.startSegment({ discontinuitySequence: this.generation, startedAtMs })
    this.#segmentStart = decode
    this.#segmentOpen = true
  }

  /** A camera's clock that slows down must not date a segment into the one before it. */
  #dated(atMs: number, lastedMs: number): number {
    const endMs = this.#lastDatedMs === undefined ? undefined : this.#lastDatedMs + lastedMs
    const overlapMs = endMs === undefined ? 0 : endMs - atMs
    const isClamped = overlapMs > MAX_DATE_OVERLAP_MS && overlapMs < MAX_DATE_STEP_MS
    this.#lastDatedMs = Math.round(isClamped ? atMs + overlapMs - MAX_DATE_OVERLAP_MS : atMs)
    return this.#lastDatedMs
  }

  /** Larger than it was only where a frame would not fit. */
  #setPartTarget(): void {
    if (this.#partTarget < this.#frameTicks) {
      const exact = (partFrames(this.#frameTicks) * this.#frameTicks) / PART_SHARE
      this.#partTarget = Math.ceil(exact / (TIMESCALE / 1000)) * (TIMESCALE / 1000)
    }
    this.#window.setPace(this.#frameTicks, this.#partTarget)
  }

  /** When the camera says that it took a frame. */
  #takenMs(decode: number): number | undefined {
    const originMs = this.#sender?.originMs
    if (originMs === undefined) return undefined
    const shown = decode + this.#times.depth * this.#frameTicks - this.#offset
    return originMs + shown / (TIMESCALE / 1000)
  }

  #closePart(lastTicks: number): void {
    this.#closeChunk(lastTicks)
    if (this.#partStart === undefined) return
    this.#window.endPart(Math.round(this.#lastDecode + lastTicks - this.#partStart))
    this.#partStart = undefined
    this.#partBytes = 0
  }

  #closeChunk(lastTicks: number): void {
    if (this.#writer.samples === 0) return
    this.#partBytes += this.#writer.chunkBytes
    this.#writer.setLastDuration(Math.round(lastTicks))
    this.#window.append(this.#writer.finish())
  }

  /** Usual distance of frames: exact where the camera's clock is steady, smooth where it jitters. */
  #measure(decode: number): void {
    const step = decode - this.#lastDecode
    if (step <= 1 || step > MAX_FRAME_TICKS) return
    if (this.#measured > 0) this.#frameTicks += (step - this.#frameTicks) / 8
    else this.#frameTicks = step
    this.#measured++
    this.#setPartTarget()
  }

  #takeSets(sets: ParameterSets): boolean {
    const format = videoFormat(this.#codec, sets)
    if (format === undefined) return false
    this.#sets = sets
    this.#format = format
    return true
  }

  /** @returns true if the decoder must be set up anew */
  #takeInit(): boolean {
    if (this.#format === undefined) return false
    const bytes = initSegment(this.#format, TIMESCALE)
    if (this.#initBytes?.equals(bytes) === true) return false
    this.#initBytes = bytes
    this.#window.setInit(bytes, this.#format)
    return true
  }
}

/**
 * Of four and more an even number: half the frame rate, as of a camera in the dark, then fills a part with whole frames too
 * (RFC 8216bis §4.4.4.9).
 */
function partFrames(frameTicks: number): number {
  const most = Math.max(1, Math.floor(MAX_WHOLE_PART_TICKS / frameTicks))
  return most > 3 ? most - (most % 2) : most
}
