import type { StreamSource } from '../rtsp/session.ts'

/** A camera whose packets get lost all the time must not be asked all the time. */
const MIN_DISTANCE_MS = 2_000

/** Asks the camera of one session for key frames, while its picture waits for one. */
export class KeyFrameRequest {
  readonly #source: Pick<StreamSource, 'askKeyFrame'>
  readonly #monotonicMs: () => number
  #askedAtMs = Number.NEGATIVE_INFINITY
  #wanted = new AbortController()

  constructor(source: Pick<StreamSource, 'askKeyFrame'>, monotonicMs: () => number) {
    this.#source = source
    this.#monotonicMs = monotonicMs
  }

  /** Does nothing so soon after the last time; whoever still asks from then stops. */
  ask(): void {
    const nowMs = this.#monotonicMs()
    if (nowMs - this.#askedAtMs < MIN_DISTANCE_MS) return
    this.#askedAtMs = nowMs
    this.stop()
    this.#wanted = new AbortController()
    this.#source.askKeyFrame?.(this.#wanted.signal)
  }

  /** One has come, or nobody waits any more. */
  stop(): void {
    this.#wanted.abort()
  }
}
