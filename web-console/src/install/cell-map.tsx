import type { Position } from '../../../gateway/contracts/camera.ts'
import type { DivisionFeature, LonLat } from '../../../gateway/contracts/grid.ts'
import { useParts } from '../parts.ts'

const SIZE = 320
const MARGIN = 12
/** One press of an arrow key moves the pin by so much of the map. */
const KEY_STEP = 1 / 40

/** A cell as a sketch: a tap, or the arrow keys, put the camera's pin. WGS-84 in, WGS-84 out; no map from outside. */
export function CellMap({
  cell,
  position,
  onPlace,
}: {
  cell: DivisionFeature
  position: Position | undefined
  onPlace: (position: Position) => void
}) {
  const { t } = useParts().language
  const outline = cell.geometry?.coordinates[0]
  if (outline === undefined) return null
  const view = viewOf(outline)
  const pin = position === undefined ? undefined : view.toPoint(position.lon, position.lat)

  const move = (x: number, y: number): void => {
    const [lon, lat] = view.toPlace(x, y)
    onPlace({ ...position, lon, lat })
  }

  return (
    <svg
      class="cell-map"
      viewBox={`0 0 ${SIZE} ${SIZE}`}
      role="application"
      aria-label={t('position.mapLabel', { name: cell.properties.name })}
      tabindex={0}
      onClick={(event) => {
        const box = event.currentTarget.getBoundingClientRect()
        const scale = SIZE / box.width
        move((event.clientX - box.left) * scale, (event.clientY - box.top) * scale)
      }}
      onKeyDown={(event) => {
        const [dx, dy] = ARROWS[event.key] ?? []
        if (dx === undefined || dy === undefined) return
        event.preventDefault()
        const [x, y] = pin ?? [SIZE / 2, SIZE / 2]
        move(x + dx * KEY_STEP * SIZE, y + dy * KEY_STEP * SIZE)
      }}
    >
      <polygon points={outline.map(([lon, lat]) => view.toPoint(lon, lat).join(',')).join(' ')} />
      {pin !== undefined && <circle cx={pin[0]} cy={pin[1]} r="9" />}
    </svg>
  )
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** A cell is a few hundred metres wide, so degrees are even but for the shrinking of longitude with latitude. */
function viewOf(outline: readonly LonLat[]) {
  const [lons, lats] = [outline.map(([lon]) => lon), outline.map(([, lat]) => lat)]
  const [west, east] = [Math.min(...lons), Math.max(...lons)]
  const [south, north] = [Math.min(...lats), Math.max(...lats)]
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const extent = Math.max((east - west) * shrink, north - south) || 1
  const scale = (SIZE - 2 * MARGIN) / extent
  const centre = SIZE / 2
  const [midLon, midLat] = [(west + east) / 2, (south + north) / 2]
  return {
    toPoint: (lon: number, lat: number): [number, number] => [
      centre + (lon - midLon) * shrink * scale,
      centre - (lat - midLat) * scale,
    ],
    toPlace: (x: number, y: number): [number, number] => [
      midLon + (x - centre) / scale / shrink,
      midLat - (y - centre) / scale,
    ],
  }
}
