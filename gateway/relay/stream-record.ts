/** Opens that are remembered of each stream. */
export const MAX_OPENS = 50

/** One attempt to fetch a stream: how long until a picture, or why none came. */
export interface StreamOpen {
  /** Wall clock of its start, ms since 1970. */
  atMs: number
  /** From dialling to PLAY: network, login, description. Undefined if it did not get that far. */
  connectMs?: number
  /** From dialling to the first key frame. */
  firstFrameMs?: number
  /** Why there was none. */
  fault?: string
}

export interface Percentiles {
  p50: number
  p95: number
}

export interface OpenFigures {
  count: number
  failed: number
  firstFrameMs?: Percentiles
  connectMs?: Percentiles
  /** From PLAY to the first key frame. */
  keyFrameWaitMs?: Percentiles
  lastFault?: { code: string; atMs: number }
}

/** What a relay measures of its stream. */
export interface StreamMeasures {
  codec?: string
  width?: number
  height?: number
  bitrateBps?: number
  frameRate?: number
  keyFrameIntervalMs?: number
  /** The camera's clock less ours as frames arrive, where it sends its time. */
  clockOffsetMs?: number
}

/** What is known of a stream over all its relays since the gateway started. */
export class StreamRecord {
  /** As the last relay left them. */
  measures: StreamMeasures = {}
  /** Distance of frames, as the last relay measured it. */
  frameMs: number | undefined
  reconnects = 0
  receivedPackets = 0
  lostPackets = 0
  readonly #opens: StreamOpen[] = []

  opened(open: StreamOpen): void {
    this.#opens.push(open)
    if (this.#opens.length > MAX_OPENS) this.#opens.shift()
  }

  opens(): OpenFigures {
    const failures = this.#opens.filter(({ fault }) => fault !== undefined)
    const last = failures.at(-1)
    const firstFrameMs = percentiles(this.#opens.map((open) => open.firstFrameMs))
    const connectMs = percentiles(this.#opens.map((open) => open.connectMs))
    const keyFrameWaitMs = percentiles(
      this.#opens.map((open) =>
        open.firstFrameMs === undefined || open.connectMs === undefined
          ? undefined
          : open.firstFrameMs - open.connectMs,
      ),
    )
    return {
      count: this.#opens.length,
      failed: failures.length,
      ...(firstFrameMs === undefined ? {} : { firstFrameMs }),
      ...(connectMs === undefined ? {} : { connectMs }),
      ...(keyFrameWaitMs === undefined ? {} : { keyFrameWaitMs }),
      ...(last?.fault === undefined ? {} : { lastFault: { code: last.fault, atMs: last.atMs } }),
    }
  }
}

/** Nearest rank; undefined of nothing. */
export function percentiles(values: readonly (number | undefined)[]): Percentiles | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  const rank = (share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0)
  return sorted.length === 0 ? undefined : { p50: rank(0.5), p95: rank(0.95) }
}
