import type { Round } from '../../../gateway/contracts/wall.ts'

/**
 * Whose turn it is in a round, by the clock alone: all walls show the same, and a page that slept is not behind.
 * @param place which of the tiles with this round it is; neighbours show neighbours
 * @param mayShow cameras that would only ask for a reason are passed over
 */
export function cameraOfTurn(
  { cameraIds, dwellSeconds }: Pick<Round, 'cameraIds' | 'dwellSeconds'>,
  nowMs: number,
  place: number,
  mayShow: (cameraId: string) => boolean,
): string | undefined {
  const shown = cameraIds.filter(mayShow)
  return shown[(Math.floor(nowMs / 1000 / dwellSeconds) + place) % shown.length]
}
