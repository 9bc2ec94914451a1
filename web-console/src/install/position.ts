import type { Position } from '../../../gateway/contracts/camera.ts'
import type { DivisionFeature, LonLat } from '../../../gateway/contracts/grid.ts'

export type Located =
  | { kind: 'found'; position: Position; accuracyMetres: number }
  | { kind: 'failed'; why: 'denied' | 'unavailable' | 'timeout' }

const TIMEOUT_MS = 15_000
const FAILURES: Readonly<Record<number, 'denied' | 'timeout'>> = { 1: 'denied', 3: 'timeout' }

/** Asks the phone where it is (WGS-84, as stored). */
export function locate(): Promise<Located> {
  return new Promise((resolve) => {
    if (!('geolocation' in navigator) || !isSecureContext) return resolve({ kind: 'failed', why: 'unavailable' })
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({
          kind: 'found',
          position: { lon: coords.longitude, lat: coords.latitude },
          accuracyMetres: Math.round(coords.accuracy),
        }),
      (error) => resolve({ kind: 'failed', why: FAILURES[error.code] ?? 'unavailable' }),
      { enableHighAccuracy: true, timeout: TIMEOUT_MS, maximumAge: 0 },
    )
  })
}

/** The cell whose polygon holds the point; a suggestion, for the gateway checks it again. */
export function cellAt(cells: readonly DivisionFeature[], { lon, lat }: Position): DivisionFeature | undefined {
  return cells.find(({ geometry }) => {
    const [outline, ...holes] = geometry?.coordinates ?? []
    return outline !== undefined && inRing(outline, lon, lat) && !holes.some((hole) => inRing(hole, lon, lat))
  })
}

/** Even-odd rule: a ray to the east crosses the ring an odd number of times. */
function inRing(ring: readonly LonLat[], lon: number, lat: number): boolean {
  let inside = false
  for (const [i, [x, y]] of ring.entries()) {
    const [px, py] = ring[i === 0 ? ring.length - 1 : i - 1] ?? [x, y]
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) inside = !inside
  }
  return inside
}
