import type { Camera, CameraStream } from '../../../gateway/contracts/camera.ts'

/**
 * What a wall may ask of its decoder, pixels a second: one and a half times what a 3840 × 2160 screen paints at 15
 * frames a second. Thirty-six sub-streams of 640 × 360 at 15 are 124 million.
 */
export const DECODE_BUDGET = 1.5 * 3840 * 2160 * 15
/** Cameras that do not tell their frame rate mostly send this. */
const USUAL_FRAME_RATE = 25
/** Of a stream whose size is not known, pixels: nothing comes for nothing. */
const USUAL_PIXELS = { main: 1920 * 1080, sub: 704 * 576 }
/** What the gateway makes into H.264 is no wider. */
const TRANSCODED_WIDTH = 1280

/** What is played in a tile: the sub-stream while there are several, the best there is for one alone. */
export const streamOf = (tiles: number): 'auto' | 'sub' => (tiles === 1 ? 'auto' : 'sub')

/**
 * Pixels a second that the picture of this camera costs, by what will come and not by what is asked for: a camera without
 * a sub-stream, or with one that this browser cannot play, costs its main stream.
 * @param codecs that this browser plays
 */
export function decodeLoad(
  { streams }: Pick<Camera, 'streams'>,
  asked: 'auto' | 'sub',
  codecs: readonly string[],
): number {
  const [main, sub] = (['main', 'sub'] as const).map((wanted) => streams.find(({ role }) => role === wanted))
  // In the order in which the gateway chooses: what is wished, then what can be played as it is, then a transcode.
  const wished = [asked === 'sub' ? sub : main, main, sub].filter((stream) => stream !== undefined)
  const asIs = wished.find(({ codec }) => codecs.includes(codec))
  if (asIs !== undefined) return costOf(asIs)
  const transcoded = asked === 'auto' ? (sub ?? main) : wished[0]
  if (transcoded === undefined) return 0
  return costOf(transcoded) * Math.min(1, TRANSCODED_WIDTH / (transcoded.width || TRANSCODED_WIDTH)) ** 2
}

const costOf = ({ role, width, height, frameRate = USUAL_FRAME_RATE }: CameraStream): number =>
  (width * height || USUAL_PIXELS[role === 'main' ? 'main' : 'sub']) * frameRate

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
