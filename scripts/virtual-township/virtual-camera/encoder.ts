import type { Clock } from '../../../gateway/clock.ts'
import { type Clip, type ClipFrame, VIDEO_CLOCK_HZ } from './clip.ts'

/** A host that slept must not send an hour of pictures at once. */
const MAX_LATENESS_MS = 2_000

/** A frame as the camera's encoder lets go of it. */
export interface EncodedFrame {
  nalUnits: readonly Buffer[]
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
  readonly #clockOffsetMs: number
  readonly #startMs: number
  readonly #rtpBase: number
  readonly #sinks = new Set<FrameSink>()
  readonly #signal: AbortSignal
  #running = false
  #stalled = false

  constructor(clip: Clip, options: { clock: Clock; clockOffsetMs: number; rtpBase: number; signal: AbortSignal }) {
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

  clockPair(): ClockPair {
    const ticks = ((this.#clock.monotonicMs() - this.#startMs) * VIDEO_CLOCK_HZ) / 1000 + this.clip.maxAheadTicks
    return { rtpTime: this.#rtpTime(Math.round(ticks)), wallMs: this.#clock.now() + this.#clockOffsetMs }
  }

  async #run(): Promise<void> {
    this.#running = true
    const frameMs = 1000 / this.clip.spec.frameRate
    const elapsed = (): number => (this.#clock.monotonicMs() - this.#startMs) / frameMs
    let next = Math.ceil(elapsed())
    try {
      while (this.#sinks.size > 0) {
        const waitMs = (next - elapsed()) * frameMs
        if (waitMs > 0) await this.#clock.sleep(waitMs, this.#signal)
        if (waitMs < -MAX_LATENESS_MS) next = Math.ceil(elapsed())
        if (!this.#stalled) this.#send(next)
        next += 1
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error
    } finally {
      this.#running = false
    }
  }

  #send(number: number): void {
    const { frames, ticksPerFrame } = this.clip
    const frame = frames[number % frames.length] as ClipFrame // the remainder is an index
    const loopTicks = Math.floor(number / frames.length) * frames.length * ticksPerFrame
    const rtpTime = this.#rtpTime(loopTicks + frame.displayTicks)
    for (const sink of this.#sinks) sink.frame({ nalUnits: frame.nalUnits, isKey: frame.isKey, rtpTime })
  }

  #rtpTime(ticks: number): number {
    return (this.#rtpBase + ticks) % 2 ** 32
  }
}
