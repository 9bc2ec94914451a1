import type { LonLat, Polygon } from '../contracts/grid.ts'

type Ring = readonly LonLat[]

/** About a centimetre: what lies closer is on the border, so that neighbours drawn from one border do not overlap. */
const EPSILON_DEG = 1e-7

/** Edges compared for one pair of cells at most; beyond that the pair is taken as neighbours. */
const MAX_EDGE_PAIRS = 4_000_000

/**
 * True if the point lies in the polygon: inside the first ring and in none of the holes (RFC 7946 §3.1.6). Even-odd
 * rule; a point on the west or south border is in, one on the east or north border is in the neighbour.
 */
export function contains(polygon: Polygon, [lon, lat]: LonLat): boolean {
  let inside = false
  for (const ring of polygon.coordinates) {
    for (const [[lonA, latA], [lonB, latB]] of edges(ring)) {
      if (latA > lat !== latB > lat && lon < lonA + ((lat - latA) / (latB - latA)) * (lonB - lonA)) inside = !inside
    }
  }
  return inside
}

/** First and last position of every ring are the same (RFC 7946 §3.1.6). */
export function isClosed(polygon: Polygon): boolean {
  return polygon.coordinates.every((ring) => {
    const [first, last] = [ring[0], ring.at(-1)]
    return first?.[0] === last?.[0] && first?.[1] === last?.[1]
  })
}

export interface Bounds {
  west: number
  south: number
  east: number
  north: number
}

export function boundsOf(polygon: Polygon): Bounds {
  const bounds = { west: 180, south: 90, east: -180, north: -90 }
  for (const [lon, lat] of polygon.coordinates[0] ?? []) {
    bounds.west = Math.min(bounds.west, lon)
    bounds.east = Math.max(bounds.east, lon)
    bounds.south = Math.min(bounds.south, lat)
    bounds.north = Math.max(bounds.north, lat)
  }
  return bounds
}

/** True if two outlines cross, or one holds a point of the other well inside; a common border is no overlap. */
export function overlaps(a: Polygon, b: Polygon): boolean {
  const [ringA, ringB] = [a.coordinates[0] ?? [], b.coordinates[0] ?? []]
  if (ringA.length * ringB.length > MAX_EDGE_PAIRS) return false
  const edgesB = [...edges(ringB)]
  for (const edge of edges(ringA)) {
    if (edgesB.some((other) => crosses(edge, other))) return true
  }
  return holdsInner(a, ringB) || holdsInner(b, ringA) || sameRing(ringA, ringB)
}

type Edge = readonly [LonLat, LonLat]

function* edges(ring: Ring): Generator<Edge> {
  for (let at = 1; at < ring.length; at++) {
    const [from, to] = [ring[at - 1], ring[at]]
    if (from !== undefined && to !== undefined) yield [from, to]
  }
}

/** Which side of the edge the point is on, as its distance in degrees; 0 if it is on the line. */
function side([[lonA, latA], [lonB, latB]]: Edge, [lon, lat]: LonLat): number {
  const length = Math.hypot(lonB - lonA, latB - latA)
  if (length === 0) return 0
  const distance = ((lonB - lonA) * (lat - latA) - (latB - latA) * (lon - lonA)) / length
  return Math.abs(distance) < EPSILON_DEG ? 0 : distance
}

function crosses(one: Edge, other: Edge): boolean {
  return side(one, other[0]) * side(one, other[1]) < 0 && side(other, one[0]) * side(other, one[1]) < 0
}

function holdsInner(polygon: Polygon, ring: Ring): boolean {
  return ring.some((point) => contains(polygon, point) && !isOnBorder(polygon, point))
}

function isOnBorder(polygon: Polygon, point: LonLat): boolean {
  for (const ring of polygon.coordinates) {
    for (const edge of edges(ring)) {
      if (side(edge, point) === 0) return true
    }
  }
  return false
}

function sameRing(a: Ring, b: Ring): boolean {
  const key = ([lon, lat]: LonLat): string => `${lon},${lat}`
  const points = new Set(a.map(key))
  return a.length === b.length && b.every((point) => points.has(key(point)))
}
