import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Spot } from './map-view.ts'

/** As map.css draws them, in letters of a camera's name: the dot, the name below it, an alarm above it. */
const DOT_EM = 0.67
const BELOW_EM = 1
const LINE_EM = 1.4
const LETTER_EM = 0.58
const ALARM_EM = { half: 1.75, above: 5.25 }
/** The name of a cell is in letters of the page, as the text around the map. */
const CELL_EM = 1.17
/** What Chinese fonts have above and below the base line; the halo of three pixels lies within. */
const [ASCENT_EM, DESCENT_EM] = [1.3, 0.4]
/** How far up and down from the middle a cell's name goes for room, in its letters, the nearest first. */
const CELL_LINES = [0, ...Array.from({ length: 20 }, (_, at) => (at + 1) / 2).flatMap((lines) => [-lines, lines])]

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/** A cell as it is painted: where its name would stand best, and its highest and its lowest corner. */
interface PlacedCell {
  code: string
  name: string
  middle: Spot
  top: number
  bottom: number
}

interface PlacedCamera {
  camera: Pick<Camera, 'id' | 'name'>
  at: Spot
}

interface Names {
  /** Where the name of a cell stands, by its code; one that would lie over another cell's has no place. */
  cells: ReadonlyMap<string, Spot>
  /** Cameras whose names are shown; the others tell theirs when they are pointed at or have the focus. */
  cameras: ReadonlySet<string>
}

/**
 * Which names the map shows and where, so that none lies over another: a cell's goes where there is room for it, and a
 * camera's is shown where it then fits.
 * @param alarms places that have one
 * @param emPx height of a letter of a camera's name, pixels
 */
export function namesOnMap(
  cells: readonly PlacedCell[],
  cameras: readonly PlacedCamera[],
  alarms: readonly Spot[],
  emPx: number,
): Names {
  const standing = alarms.map((at) => alarmBox(at, emPx))
  const wished = camerasWithRoom(cameras, standing, emPx)
  const spots = cellSpots(cells, cameras, wished, emPx)
  const written = cells.flatMap(({ code, name }) => {
    const spot = spots.get(code)
    return spot === undefined ? [] : [cellBox(name, spot, emPx)]
  })
  return { cells: spots, cameras: camerasWithRoom(cameras, [...standing, ...written], emPx) }
}

/** Cameras whose names lie over no other name, no other camera and nothing of `taken`. */
function camerasWithRoom(cameras: readonly PlacedCamera[], taken: readonly Box[], emPx: number): Set<string> {
  const named = new Set<string>()
  const names: Box[] = []
  for (const { camera, at } of cameras) {
    const box = nameBox(camera.name, at, emPx)
    const dots = cameras.filter(({ camera: { id } }) => id !== camera.id).map((other) => dotBox(other.at, emPx))
    if ([...dots, ...names, ...taken].some((other) => overlap(box, other))) continue
    named.add(camera.id)
    names.push(box)
  }
  return named
}

/**
 * The name of a cell stands at its middle, or as near as there is room between its corners. It keeps clear of cameras, of
 * where alarms stand, whether there is one or not, so that nothing moves when it comes, and of names of cameras; where
 * there is no room for all that, of less.
 */
function cellSpots(
  cells: readonly PlacedCell[],
  cameras: readonly PlacedCamera[],
  wished: ReadonlySet<string>,
  emPx: number,
): Map<string, Spot> {
  const dots = cameras.map(({ at }) => dotBox(at, emPx))
  const alarms = cameras.map(({ at }) => alarmBox(at, emPx))
  const names = cameras
    .filter(({ camera: { id } }) => wished.has(id))
    .map(({ camera: { name }, at }) => nameBox(name, at, emPx))
  const clearings = [[...dots, ...alarms, ...names], [...dots, ...alarms], [...dots, ...names], dots, []]
  const spots = new Map<string, Spot>()
  const written: Box[] = []
  for (const { code, name, middle, top: highest, bottom: lowest } of cells) {
    const atMiddle = cellBox(name, middle, emPx)
    const column = { ...atMiddle, top: Math.min(highest, atMiddle.top), bottom: Math.max(lowest, atMiddle.bottom) }
    const inTheWay = (boxes: readonly Box[]): Box[] => [...boxes, ...written].filter((box) => overlap(box, column))
    const tried = CELL_LINES.map((lines) => ({ left: middle.left, top: middle.top + lines * CELL_EM * emPx })).filter(
      (at) => {
        const { top, bottom } = cellBox(name, at, emPx)
        return top > highest && bottom < lowest
      },
    )
    const isFree = (at: Spot, of: readonly Box[]): boolean =>
      !of.some((other) => overlap(cellBox(name, at, emPx), other))
    const spot = [
      ...clearings.map(inTheWay).flatMap((clearing) => tried.find((at) => isFree(at, clearing)) ?? []),
      middle,
    ].find((at) => isFree(at, written))
    if (spot === undefined) continue
    spots.set(code, spot)
    written.push(cellBox(name, spot, emPx))
  }
  return spots
}

/** @param at the middle of its base line */
function cellBox(name: string, { left, top }: Spot, emPx: number): Box {
  const letterPx = CELL_EM * emPx
  const half = (widthEm(name) * letterPx) / 2
  return { left: left - half, right: left + half, top: top - ASCENT_EM * letterPx, bottom: top + DESCENT_EM * letterPx }
}

/** Where an alarm stands, above the camera or the middle of the cell that it belongs to. */
const alarmBox = ({ left, top }: Spot, emPx: number): Box => ({
  left: left - ALARM_EM.half * emPx,
  right: left + ALARM_EM.half * emPx,
  top: top - ALARM_EM.above * emPx,
  bottom: top - (ALARM_EM.above - 2 * ALARM_EM.half) * emPx,
})

const dotBox = ({ left, top }: Spot, emPx: number): Box => ({
  left: left - DOT_EM * emPx,
  right: left + DOT_EM * emPx,
  top: top - DOT_EM * emPx,
  bottom: top + DOT_EM * emPx,
})

function nameBox(name: string, at: Spot, emPx: number): Box {
  const half = (widthEm(name) * emPx) / 2 + 4
  const top = at.top + BELOW_EM * emPx
  return { left: at.left - half, right: at.left + half, top, bottom: top + LINE_EM * emPx }
}

const widthEm = (name: string): number =>
  [...name].reduce((width, letter) => width + (letter > '\u2e7f' ? 1 : LETTER_EM), 0)

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
