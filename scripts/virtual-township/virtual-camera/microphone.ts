import type { Clock } from '../../../gateway/clock.ts'
import type { ClockPair } from './encoder.ts'

export const SOUND_CLOCK_HZ = 8_000
/** As cameras send it. */
const PACKET_SAMPLES = 320
const LOOP_SECONDS = 2
/** A host that slept must not send an hour of sound at once. */
const MAX_LATENESS_MS = 2_000

export interface SoundSink {
  /** @param bytes G.711 A-law. @param rtpTime of the first sample, uint32 */
  sound(bytes: Buffer, rtpTime: number): void
}

/** A camera's microphone before which a chime sounds every two seconds; it runs while somebody listens. */
export class Microphone {
  readonly #clock: Clock
  readonly #clockOffsetMs: () => number
  readonly #signal: AbortSignal
  readonly #startMs: number
  readonly #loop = chime()
  readonly #sinks = new Set<SoundSink>()
  #running = false
  #stalled = false

  constructor(options: { clock: Clock; clockOffsetMs: () => number; signal: AbortSignal }) {
    this.#clock = options.clock
    this.#clockOffsetMs = options.clockOffsetMs
    this.#signal = options.signal
    this.#startMs = options.clock.monotonicMs()
  }

  add(sink: SoundSink): void {
    this.#sinks.add(sink)
    if (!this.#running) void this.#run()
  }

  remove(sink: SoundSink): void {
    this.#sinks.delete(sink)
  }

  /** A stalled microphone keeps its sessions and sends nothing. */
  stall(stalled: boolean): void {
    this.#stalled = stalled
  }

  clockPair(): ClockPair {
    return { rtpTime: Math.round(this.#elapsedSamples()) % 2 ** 32, wallMs: this.#clock.now() + this.#clockOffsetMs() }
  }

  async #run(): Promise<void> {
    this.#running = true
    let next = Math.ceil(this.#elapsedSamples() / PACKET_SAMPLES)
    try {
      while (this.#sinks.size > 0) {
        // A packet leaves when its last sample has been heard.
        const waitMs = (((next + 1) * PACKET_SAMPLES - this.#elapsedSamples()) * 1000) / SOUND_CLOCK_HZ
        if (waitMs > 0) await this.#clock.sleep(waitMs, this.#signal)
        if (waitMs < -MAX_LATENESS_MS) next = Math.ceil(this.#elapsedSamples() / PACKET_SAMPLES)
        if (!this.#stalled) this.#send(next * PACKET_SAMPLES)
        next += 1
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error
    } finally {
      this.#running = false
    }
  }

  #send(sample: number): void {
    const from = sample % this.#loop.length
    const bytes = this.#loop.subarray(from, from + PACKET_SAMPLES)
    for (const sink of this.#sinks) sink.sound(bytes, sample % 2 ** 32)
  }

  #elapsedSamples(): number {
    return ((this.#clock.monotonicMs() - this.#startMs) * SOUND_CLOCK_HZ) / 1000
  }
}

/** Two falling tones that fade, then silence; whole packets of it. */
function chime(): Buffer {
  const samples = Buffer.alloc(LOOP_SECONDS * SOUND_CLOCK_HZ)
  for (let at = 0; at < samples.length; at += 1) {
    const seconds = at / SOUND_CLOCK_HZ
    const tone = (hertz: number, fromS: number): number =>
      seconds < fromS ? 0 : Math.sin(2 * Math.PI * hertz * seconds) * Math.exp(-5 * (seconds - fromS))
    samples[at] = aLaw(Math.round(9_000 * (tone(880, 0) + tone(660, 0.4))))
  }
  return samples
}

/** A linear sample of 16 bits as ITU-T G.711 A-law: sign, segment and step, every other bit inverted. */
function aLaw(linear: number): number {
  const size = Math.min(Math.abs(linear), 32_767) >> 3
  const segment = size < 32 ? 0 : Math.floor(Math.log2(size)) - 4
  const step = (size >> Math.max(1, segment)) & 0x0f
  return ((linear < 0 ? 0 : 0x80) | (segment << 4) | step) ^ 0x55
}
