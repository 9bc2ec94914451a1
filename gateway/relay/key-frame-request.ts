import type { StreamSource } from '../rtsp/session.ts'

const MIN_DISTANCE_MS = 2_000
const MAX_DISTANCE_MS = 64_000

/** Asks the camera of one session for key frames, while its picture waits for one. */
export class KeyFrameRequest {
  readonly #source: Pick<StreamSource, 'askKeyFrame'>
  readonly #monotonicMs: () => number
  #askedAtMs = Number.NEGATIVE_INFINITY
  #distanceMs = MIN_DISTANCE_MS
  #wanted: AbortController | undefined

  constructor(source: Pick<StreamSource, 'askKeyFrame'>, monotonicMs: () => number) {
    this.#source = source
    this.#monotonicMs = monotonicMs
  }

  /**
   * Does nothing so soon after the last time, and more and more seldom where it is called for again and again: key frames
   * are large, and packets that are lost all the time are so mostly because there are too many. Whoever still asks stops.
   */
  ask(): void {
    const nowMs = this.#monotonicMs()
    const sinceMs = nowMs - this.#askedAtMs
    if (sinceMs < this.#distanceMs) return
    const isOften = sinceMs < 2 * this.#distanceMs
    this.#distanceMs = isOften ? Math.min(2 * this.#distanceMs, MAX_DISTANCE_MS) : MIN_DISTANCE_MS
    this.#askedAtMs = nowMs
    this.stop()
    this.#wanted = new AbortController()
    this.#source.askKeyFrame?.(this.#wanted.signal)
  }

  /** One has come, or nobody waits any more. Called with every chunk: an abort makes an error, so only what was asked for is aborted. */
  stop(): void {
    this.#wanted?.abort()
    this.#wanted = undefined
  }
}
