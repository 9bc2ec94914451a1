/** What has come in so far. */
export interface Received {
  packets: number
  bytes: number
  frames: number
  /** Monotonic, ms. */
  atMs: number
}

const MIN_SECONDS = 0.5
/** Share of a new value in the smoothed one. */
const WEIGHT = 1 / 4

/** Bit rate and frame rate of what comes in, smoothed over a few seconds. */
export class Rates {
  #bitrateBps: number | undefined
  #frameRate: number | undefined

  get bitrateBps(): number | undefined {
    return this.#bitrateBps
  }

  get frameRate(): number | undefined {
    return this.#frameRate
  }

  /** @returns false if too little time has passed to say anything */
  measure(from: Received, to: Received): boolean {
    const seconds = (to.atMs - from.atMs) / 1000
    if (seconds < MIN_SECONDS) return false
    this.#bitrateBps = smooth(this.#bitrateBps, ((to.bytes - from.bytes) * 8) / seconds)
    this.#frameRate = smooth(this.#frameRate, (to.frames - from.frames) / seconds)
    return true
  }
}

function smooth(old: number | undefined, value: number): number {
  return old === undefined ? value : old + (value - old) * WEIGHT
}
