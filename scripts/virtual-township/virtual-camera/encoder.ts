import type { Clock } from '../../../gateway/clock.ts'
import { type Clip, type ClipFrame, VIDEO_CLOCK_HZ } from './clip.ts'

/** A host that slept must not send an hour of pictures at once. */
const MAX_LATENESS_MS = 2_000

/** A frame as the camera's encoder lets go of it. */
export interface EncodedFrame {
  /** NAL units, or one picture of JPEG. */
  units: readonly Buffer[]
  isKey: boolean
  /** RTP time of display, uint32. */
  rtpTime: number
}

export interface FrameSink {
  frame(frame: EncodedFrame): void
}

/** RTP time and wall clock of one moment, as a sender report states them. */
export interface ClockPair {
  rtpTime: number
  /** Milliseconds since 1970 of the camera's own, perhaps wrong, clock. */
  wallMs: number
}

/**
 * A camera's encoder that never stops: the loop runs on with the clock, whether or not somebody watches, and all who
 * watch get the same frame at the same moment. A timer runs only while there are sinks.
 */
export class Encoder {
  readonly clip: Clip
  readonly #clock: Clock
  readonly #clockOffsetMs: () => number
  readonly #startMs: number
  readonly #rtpBase: number
  readonly #sinks = new Set<FrameSink>()
  readonly #signal: AbortSignal
  #running = false
  #stalled = false
  #isKeyWanted = false
  /** How many frames of the loop were left out, to come to key frames earlier. */
  #leftOut = 0

  constructor(
    clip: Clip,
    options: { clock: Clock; clockOffsetMs: () => number; rtpBase: number; signal: AbortSignal },
  ) {
    this.clip = clip
    this.#clock = options.clock
    this.#clockOffsetMs = options.clockOffsetMs
    this.#rtpBase = options.rtpBase
    this.#signal = options.signal
    this.#startMs = options.clock.monotonicMs()
  }

  add(sink: FrameSink): void {
    this.#sinks.add(sink)
    if (!this.#running) void this.#run()
  }

  remove(sink: FrameSink): void {
    this.#sinks.delete(sink)
  }

  /** A stalled encoder keeps its sessions and sends nothing. */
  stall(stalled: boolean): void {
    this.#stalled = stalled
  }

  /** The next frame is a key frame, or one or two later where B-frames still have to be shown. */
  keyFrame(): void {
    this.#isKeyWanted = true
  }

  clockPair(): ClockPair {
    const ticks = ((this.#clock.monotonicMs() - this.#startMs) * VIDEO_CLOCK_HZ) / 1000 + this.clip.maxAheadTicks
    return { rtpTime: this.#rtpTime(Math.round(ticks)), wallMs: this.#clock.now() + this.#clockOffsetMs() }
  }

  /** RTP time of the next frame, or of the next key frame: what `RTP-Info` promises (RFC 2326 §12.33). */
  upcoming(isKeyWanted: boolean): number {
    let next = Math.ceil(this.#elapsedFrames())
    while (isKeyWanted && !this.#frame(next).isKey) next += 1
    return this.#frameTime(next)
  }

  async #run(): Promise<void> {
    this.#running = true
    let next = Math.ceil(this.#elapsedFrames())
    try {
      while (this.#sinks.size > 0) {
        const waitMs = ((next - this.#elapsedFrames()) * 1000) / this.clip.spec.frameRate
        if (waitMs > 0) await this.#clock.sleep(waitMs, this.#signal)
        if (waitMs < -MAX_LATENESS_MS) next = Math.ceil(this.#elapsedFrames())
        if (this.#isKeyWanted && this.#frame(next).isAfterAllBefore) this.#skipToKey(next)
        if (!this.#stalled) this.#send(next)
        next += 1
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error
    } finally {
      this.#running = false
    }
  }

  #skipToKey(number: number): void {
    this.#isKeyWanted = false
    while (!this.#frame(number).isKey) this.#leftOut += 1
  }

  #send(number: number): void {
    const { units, isKey } = this.#frame(number)
    const rtpTime = this.#frameTime(number)
    for (const sink of this.#sinks) sink.frame({ units, isKey, rtpTime })
  }

  #frame(number: number): ClipFrame {
    const { frames } = this.clip
    return frames[(number + this.#leftOut) % frames.length] as ClipFrame // the remainder is an index
  }

  #frameTime(number: number): number {
    return this.#rtpTime(number * this.clip.ticksPerFrame + this.#frame(number).aheadTicks)
  }

  #elapsedFrames(): number {
    return ((this.#clock.monotonicMs() - this.#startMs) * this.clip.spec.frameRate) / 1000
  }

  #rtpTime(ticks: number): number {
    return (this.#rtpBase + ticks) % 2 ** 32
  }
}
