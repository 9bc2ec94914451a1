import type { StreamMeasures } from './stream-record.ts'

export type RelayState = 'starting' | 'live' | 'stalled' | 'offline'

export interface RelayHealth extends StreamMeasures {
  state: RelayState
  /** Wall clock of the last change of state, ms since 1970. */
  since: number
  lastFrameAgeMs?: number
  fault?: { code: string; detail: string }
  /** From PLAY to the first key frame. */
  firstFrameMs?: number
  /** Since the gateway started, as are the packets. */
  reconnects: number
  receivedPackets: number
  lostPackets: number
}

/** Between two looks at a stream. */
export const TICK_MS = 1_000
/** Without a frame; a camera of one frame a second is given three of them. */
const STALLED_MS = 2_000
const STALLED_FRAMES = 3
/** Packets may still come, but no picture. */
export const OFFLINE_MS = 8_000
/** Between two looks at a stream that may have stalled. */
const MIN_TICK_MS = 20

/** Age of the last frame from which on the picture is no longer live. */
export const stalledAfterMs = (frameMs: number): number => Math.max(STALLED_MS, STALLED_FRAMES * frameMs)

/** Age of the last frame from which on the camera counts as gone. */
export const offlineAfterMs = (frameMs: number): number => Math.max(OFFLINE_MS, stalledAfterMs(frameMs))

/** A second, or less where the picture would count as stalled before that. */
export function nextLookMs(state: RelayState, ageMs: number, frameMs: number): number {
  return state === 'live' ? Math.min(TICK_MS, Math.max(MIN_TICK_MS, stalledAfterMs(frameMs) - ageMs)) : TICK_MS
}
