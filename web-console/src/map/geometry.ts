import type { Camera, Position } from '../../../gateway/contracts/camera.ts'
import type { LonLat, Polygon } from '../../../gateway/contracts/grid.ts'

/** A place on the Web Mercator square (EPSG:3857), 0 to 1 from west to east and from north to south. */
export interface MapPoint {
  x: number
  y: number
}

/** Beyond this the square ends. */
const MAX_LATITUDE = 85.05112878
const EARTH_RADIUS_M = 6_371_008.8
const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** @param place longitude and latitude, degrees */
export function toMap([lon, lat]: LonLat): MapPoint {
  const sine = Math.sin(radians(Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, lat))))
  return { x: (lon + 180) / 360, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) }
}

/** Krasovsky 1940, on which GCJ-02 is defined. */
const SEMI_MAJOR_M = 6_378_245
const ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943

/**
 * WGS-84 to GCJ-02, the shifted coordinates of public Chinese maps; good to a metre or two. Outside China's bounding
 * box the two are the same.
 */
export function toGcj02([lon, lat]: LonLat): LonLat {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lon, lat]
  const [x, y] = [lon - 105, lat - 35]
  const common = (20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * (2 / 3)
  const wave = (of: number, first: number, second: number, third: number, fourth: number): number =>
    (2 / 3) *
    (first * Math.sin(of * Math.PI) +
      second * Math.sin((of / 3) * Math.PI) +
      third * Math.sin((of / 12) * Math.PI) +
      fourth * Math.sin((of / 30) * Math.PI))
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + common + wave(y, 20, 40, 160, 320)
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + common + wave(x, 20, 40, 150, 300)
  const sine = Math.sin(radians(lat))
  const shrink = 1 - ECCENTRICITY_SQUARED * sine * sine
  const metresPerRadian = (SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)) / (shrink * Math.sqrt(shrink))
  const degrees = 180 / Math.PI
  return [
    lon + (east * degrees) / ((SEMI_MAJOR_M / Math.sqrt(shrink)) * Math.cos(radians(lat))),
    lat + (north * degrees) / metresPerRadian,
  ]
}

/** Metres between two places, over the few kilometres of a township (equirectangular). */
export function distanceM(one: LonLat, other: LonLat): number {
  const across = radians(other[0] - one[0]) * Math.cos(radians((one[1] + other[1]) / 2))
  return EARTH_RADIUS_M * Math.hypot(across, radians(other[1] - one[1]))
}

/** The middle of an outline's bounding box: where its name is written. */
export function middleOf({ coordinates: [ring = []] }: Polygon): LonLat {
  const [lons, lats] = [ring.map(([lon]) => lon), ring.map(([, lat]) => lat)]
  return [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2]
}

export const placeOf = ({ lon, lat }: Position): LonLat => [lon, lat]

/** Cameras that can show a place, the nearest first; those that are away come last. */
export function nearestCameras(cameras: Iterable<Camera>, place: LonLat, count: number): Camera[] {
  return [...cameras]
    .flatMap((camera) =>
      camera.position === undefined || camera.state === 'unlinked'
        ? []
        : [{ camera, isAway: camera.state === 'offline', metres: distanceM(place, placeOf(camera.position)) }],
    )
    .sort((one, other) => Number(one.isAway) - Number(other.isAway) || one.metres - other.metres)
    .slice(0, count)
    .map(({ camera }) => camera)
}
