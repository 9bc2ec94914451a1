import type { VideoCodec } from '../media.ts'

export type Readiness =
  | { kind: 'ready'; codec: VideoCodec; mimeType: string; soundMimeType?: string; width: number; height: number }
  | { kind: 'failed'; code: string; detail: string }

/** The outcome viewers wait for: of the attempt under way, or of the last one. */
export class Attempt {
  #outcome = Promise.withResolvers<Readiness>()
  #settled = false

  /** Whoever asks from now on waits for another outcome. */
  renew(): void {
    if (this.#settled) this.#outcome = Promise.withResolvers()
    this.#settled = false
  }

  settle(outcome: Readiness): void {
    this.#settled = true
    this.#outcome.resolve(outcome)
  }

  /** The outcome, or that there was none before `signal`. */
  async outcome(signal: AbortSignal): Promise<Readiness> {
    const aborted = Promise.withResolvers<Readiness>()
    const onAbort = (): void =>
      aborted.resolve({ kind: 'failed', code: 'timeout', detail: 'no key frame came in time' })
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const outcome = await Promise.race([this.#outcome.promise, aborted.promise])
    signal.removeEventListener('abort', onAbort)
    return outcome
  }
}
