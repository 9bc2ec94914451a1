/** A step this long is no pause of a picture but a clock that was set. */
const MAX_STEP_SECONDS = 10

/** Extends 32-bit RTP timestamps (RFC 3550 §5.1) to media time; they wrap every 13.25 h at 90 kHz. */
export class Timeline {
  readonly #limitTicks: number
  #last: number | undefined
  #ticks = 0

  /** @param clockRate ticks a second */
  constructor(clockRate: number) {
    this.#limitTicks = MAX_STEP_SECONDS * clockRate
  }

  /**
   * @param rtpTime uint32
   * @returns ticks since the first packet (less than the last for a frame shown before it), or `jump` when the clock was
   *   set: from then on time goes on from the last ticks as if nothing had passed
   */
  unwrap(rtpTime: number): number | 'jump' {
    if (this.#last === undefined) {
      this.#last = rtpTime
      return 0
    }
    const step = (rtpTime - this.#last) | 0
    this.#last = rtpTime
    if (step > this.#limitTicks || step < -this.#limitTicks) return 'jump'
    this.#ticks += step
    return this.#ticks
  }

  /** Where a timestamp near the last one stands, without moving on; undefined before the first packet. */
  at(rtpTime: number): number | undefined {
    return this.#last === undefined ? undefined : this.#ticks + ((rtpTime - this.#last) | 0)
  }

  get ticks(): number {
    return this.#ticks
  }
}
