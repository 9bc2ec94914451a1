import type { Camera } from '../../../gateway/contracts/camera.ts'

/**
 * What a wall may ask of its decoder, pixels a second: one and a half times what a 3840 × 2160 screen paints at 15
 * frames a second. Thirty-six sub-streams of 640 × 360 at 15 are 124 million.
 */
export const DECODE_BUDGET = 1.5 * 3840 * 2160 * 15
/** Cameras that do not tell their frame rate mostly send this. */
const USUAL_FRAME_RATE = 25

/** What is played in a tile: the sub-stream while there are several, the best there is for one alone. */
export const streamOf = (tiles: number): 'auto' | 'sub' => (tiles === 1 ? 'auto' : 'sub')

/** Pixels a second that the picture of this camera costs; a camera without a sub-stream costs its main stream. */
export function decodeLoad(camera: Pick<Camera, 'streams'>, asked: 'auto' | 'sub'): number {
  const wanted = asked === 'sub' ? 'sub' : 'main'
  const stream = camera.streams.find(({ role }) => role === wanted) ?? camera.streams[0]
  if (stream === undefined) return 0
  return stream.width * stream.height * (stream.frameRate ?? USUAL_FRAME_RATE)
}

export interface Admission {
  /** Indices of the tiles that are played. */
  played: ReadonlySet<number>
  /** Pixels a second of those. */
  load: number
}

/**
 * Which tiles are played within the budget; the first in the list always is.
 * @param tiles in the order of their importance
 */
export function admit(tiles: readonly { index: number; load: number }[], budget = DECODE_BUDGET): Admission {
  const played = new Set<number>()
  let load = 0
  for (const tile of tiles) {
    if (played.size > 0 && load + tile.load > budget) continue
    played.add(tile.index)
    load += tile.load
  }
  return { played, load }
}
