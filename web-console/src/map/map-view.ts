import { type ReadonlySignal, signal } from '@preact/signals'
import type { LonLat } from '../../../gateway/contracts/grid.ts'
import type { MapDatum } from '../../../gateway/contracts/map.ts'
import { type MapPoint, toGcj02, toMap } from './geometry.ts'

/** Pixels of the whole world at zoom 0, as tiles have it. */
const TILE_PX = 256
const MIN_ZOOM = 4
const MAX_ZOOM = 20
/** One camera alone is shown with the streets around it. */
const CLOSEST_FIT = 17
const FIT_MARGIN_PX = 48

interface Frame {
  centre: MapPoint
  /** Pixels double with each step. */
  zoom: number
}

/** Where something is painted, pixels from the corner. */
export interface Spot {
  left: number
  top: number
}

/** What part of the world is on the screen. */
export interface MapView {
  readonly frame: ReadonlySignal<Frame>
  /** Where a place is painted, pixels from the corner of an element of that size; shifted where the tiles are. */
  toScreen(place: LonLat, size: Size): Spot
  /** Shows all places, until somebody moves the map. */
  fit(places: readonly LonLat[], size: Size, isAsked?: boolean): void
  pan(dx: number, dy: number): void
  /** @param at the point of the screen that stays, pixels from the middle */
  zoomBy(steps: number, at?: { x: number; y: number }): void
}

export interface Size {
  width: number
  height: number
}

export function createMapView(datum: MapDatum): MapView {
  const frame = signal<Frame>({ centre: { x: 0.5, y: 0.5 }, zoom: MIN_ZOOM })
  let isMoved = false
  const project = (place: LonLat): MapPoint => toMap(datum === 'gcj02' ? toGcj02(place) : place)
  const worldPx = (zoom: number): number => TILE_PX * 2 ** zoom

  return {
    frame,
    toScreen(place, { width, height }) {
      const { centre, zoom } = frame.value
      const { x, y } = project(place)
      return {
        left: (x - centre.x) * worldPx(zoom) + width / 2,
        top: (y - centre.y) * worldPx(zoom) + height / 2,
      }
    },
    fit(places, { width, height }, isAsked = false) {
      if (isAsked) isMoved = false
      if (isMoved || places.length === 0 || width === 0 || height === 0) return
      const points = places.map(project)
      const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)]
      const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
      const roomFor = (extent: number, px: number): number =>
        extent === 0 ? CLOSEST_FIT : Math.log2(Math.max(1, px - 2 * FIT_MARGIN_PX) / (extent * TILE_PX))
      const zoom = Math.min(CLOSEST_FIT, roomFor(east - west, width), roomFor(south - north, height))
      frame.value = {
        centre: { x: (west + east) / 2, y: (north + south) / 2 },
        zoom: Math.max(MIN_ZOOM, zoom),
      }
    },
    pan(dx, dy) {
      isMoved = true
      const { centre, zoom } = frame.value
      const scale = worldPx(zoom)
      frame.value = { zoom, centre: { x: centre.x + dx / scale, y: centre.y + dy / scale } }
    },
    zoomBy(steps, at = { x: 0, y: 0 }) {
      isMoved = true
      const { centre, zoom } = frame.value
      const next = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, zoom + steps))
      const shift = 1 / worldPx(zoom) - 1 / worldPx(next)
      frame.value = { zoom: next, centre: { x: centre.x + at.x * shift, y: centre.y + at.y * shift } }
    },
  }
}

/** Addresses and places of the tiles that fill an element; whole zooms only, stretched between them. */
export function tilesFor(url: string, { centre, zoom }: Frame, { width, height }: Size) {
  const z = Math.max(0, Math.round(zoom))
  const side = TILE_PX * 2 ** (zoom - z)
  const count = 2 ** z
  const [west, north] = [centre.x * count - width / 2 / side, centre.y * count - height / 2 / side]
  const tiles: { key: string; src: string; left: number; top: number; side: number }[] = []
  for (let y = Math.floor(north); y * side < north * side + height; y += 1) {
    for (let x = Math.floor(west); x * side < west * side + width; x += 1) {
      if (y < 0 || y >= count) continue
      const column = ((x % count) + count) % count
      const src = url.replace('{z}', String(z)).replace('{x}', String(column)).replace('{y}', String(y))
      tiles.push({ key: `${z}/${x}/${y}`, src, left: (x - west) * side, top: (y - north) * side, side })
    }
  }
  return tiles
}
