import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Spot } from './map-view.ts'

/** As map.css draws them, in letters of a camera's name: the dot, the name below it, an alarm above it. */
const DOT_EM = 0.67
const BELOW_EM = 1
const LINE_EM = 1.4
const LETTER_EM = 0.58
const ALARM_EM = { half: 1.65, above: 4.85 }
/** The name of a cell is in letters of the page, as the text around the map. */
const CELL_EM = 1.17
/** Lines up and down from its middle that a cell's name may go to find room. */
const CELL_LINES = [0, -1.75, 1.75, -3.25, 3.25, -5, 5] as const

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
    box: around({ left, top }, DOT_EM * emPx),
  }))
  const named = new Set<string>()
  for (const { camera, at } of placed) {
    const box = nameBox(camera.name, at, emPx)
    if (taken.some((other) => other.id !== camera.id && overlap(box, other.box))) continue
    named.add(camera.id)
    taken.push({ id: `name of ${camera.id}`, box })
  }
  return named
}

/**
 * Where the names of cells lie over no camera, name of one, or place of an alarm: at the middle, or as near as there is
 * room between the highest and the lowest corner of the cell.
 * An alarm's place is kept free whether there is one or not, so that nothing moves when it comes.
 * @param emPx height of a letter of a camera's name, pixels
 */
export function cellNameSpots(
  cells: readonly { code: string; name: string; middle: Spot; top: number; bottom: number }[],
  placed: readonly { camera: Pick<Camera, 'name'>; at: Spot }[],
  emPx: number,
): ReadonlyMap<string, Spot> {
  const taken = placed.flatMap(({ camera, at }) => [
    nameBox(camera.name, at, emPx),
    {
      left: at.left - ALARM_EM.half * emPx,
      right: at.left + ALARM_EM.half * emPx,
      top: at.top - ALARM_EM.above * emPx,
      bottom: at.top + DOT_EM * emPx,
    },
  ])
  const letterPx = CELL_EM * emPx
  return new Map(
    cells.map(({ code, name, middle, top: highest, bottom: lowest }) => {
      const half = (widthEm(name) * letterPx) / 2
      const isFree = (top: number): boolean => {
        const box = {
          left: middle.left - half,
          right: middle.left + half,
          top: top - letterPx,
          bottom: top + letterPx / 4,
        }
        return box.top > highest && box.bottom < lowest && !taken.some((other) => overlap(box, other))
      }
      const tops = CELL_LINES.map((lines) => middle.top + lines * letterPx)
      return [code, { left: middle.left, top: tops.find(isFree) ?? middle.top }]
    }),
  )
}

function nameBox(name: string, at: Spot, emPx: number): Box {
  const half = (widthEm(name) * emPx) / 2 + 4
  const top = at.top + BELOW_EM * emPx
  return { left: at.left - half, right: at.left + half, top, bottom: top + LINE_EM * emPx }
}

const around = ({ left, top }: Spot, halfPx: number): Box => ({
  left: left - halfPx,
  right: left + halfPx,
  top: top - halfPx,
  bottom: top + halfPx,
})

const widthEm = (name: string): number =>
  [...name].reduce((width, letter) => width + (letter > '\u2e7f' ? 1 : LETTER_EM), 0)

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
