import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Spot } from './map-view.ts'

/** As map.css writes them: below the dot, in lines of 1.4 em. */
const BELOW_PX = 12
const LINE_EM = 1.4
const LETTER_EM = 0.58
const DOT_PX = 8

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/**
 * Cameras whose names lie over no other name and no other camera; the others tell theirs when they are pointed at.
 * @param emPx height of a letter, pixels
 */
export function namesThatFit(
  placed: readonly { camera: Pick<Camera, 'id' | 'name'>; at: Spot }[],
  emPx: number,
): ReadonlySet<string> {
  const taken: { id: string; box: Box }[] = placed.map(({ camera: { id }, at: { left, top } }) => ({
    id,
    box: { left: left - DOT_PX, right: left + DOT_PX, top: top - DOT_PX, bottom: top + DOT_PX },
  }))
  const named = new Set<string>()
  for (const { camera, at } of placed) {
    const half = (widthEm(camera.name) * emPx) / 2 + 4
    const box = {
      left: at.left - half,
      right: at.left + half,
      top: at.top + BELOW_PX,
      bottom: at.top + BELOW_PX + LINE_EM * emPx,
    }
    if (taken.some((other) => other.id !== camera.id && overlap(box, other.box))) continue
    named.add(camera.id)
    taken.push({ id: `name of ${camera.id}`, box })
  }
  return named
}

const widthEm = (name: string): number =>
  [...name].reduce((width, letter) => width + (letter > '\u2e7f' ? 1 : LETTER_EM), 0)

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
