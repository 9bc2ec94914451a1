import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Spot } from './map-view.ts'

/** As map.css writes them: below the dot, in 12 px. */
const BELOW_PX = 12
const LINE_PX = 17
const LETTER_PX = 7
const HAN_PX = 12
const DOT_PX = 8

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/** Cameras whose names lie over no other name and no other camera; the others tell theirs when they are pointed at. */
export function namesThatFit(
  placed: readonly { camera: Pick<Camera, 'id' | 'name'>; at: Spot }[],
): ReadonlySet<string> {
  const taken: { id: string; box: Box }[] = placed.map(({ camera: { id }, at: { left, top } }) => ({
    id,
    box: { left: left - DOT_PX, right: left + DOT_PX, top: top - DOT_PX, bottom: top + DOT_PX },
  }))
  const named = new Set<string>()
  for (const { camera, at } of placed) {
    const half = widthOf(camera.name) / 2 + 4
    const box = {
      left: at.left - half,
      right: at.left + half,
      top: at.top + BELOW_PX,
      bottom: at.top + BELOW_PX + LINE_PX,
    }
    if (taken.some((other) => other.id !== camera.id && overlap(box, other.box))) continue
    named.add(camera.id)
    taken.push({ id: `name of ${camera.id}`, box })
  }
  return named
}

const widthOf = (name: string): number =>
  [...name].reduce((width, letter) => width + (letter > '\u2e7f' ? HAN_PX : LETTER_PX), 0)

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
