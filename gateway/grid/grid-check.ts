import { DivisionFeature, type GridProblem } from '../contracts/grid.ts'
import { type Bounds, boundsOf, isClosed, overlaps } from './polygon.ts'

export interface CheckedGrid {
  /** Features to be stored, each code once. */
  features: DivisionFeature[]
  problems: GridProblem[]
}

/** Cells of one township touch a few neighbours each; a file in which all overlap is told so for the first ones. */
const MAX_PROBLEMS = 1_000

/**
 * Checks features one by one. Those with a problem are left out, except that a cell without a lead and cells that
 * overlap are stored: both are told, and both must not hold up the rest.
 * @param knownCodes codes stored already, so that a file may hold a part of the grid
 */
export function checkGrid(
  features: readonly unknown[],
  cellCodePattern: RegExp,
  knownCodes: ReadonlySet<string>,
): CheckedGrid {
  const problems: GridProblem[] = []
  const tell = (index: number, problem: GridProblem['problem'], detail: string, code?: string): void => {
    if (problems.length < MAX_PROBLEMS)
      problems.push({ index, problem, detail, ...(code === undefined ? {} : { code }) })
  }
  const sound = new Map<string, { index: number; feature: DivisionFeature }>()
  for (const [index, input] of features.entries()) {
    const parsed = DivisionFeature.safeParse(input)
    if (!parsed.success) {
      const detail = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      tell(index, 'invalid-feature', detail.join('; '))
      continue
    }
    const feature = parsed.data
    const fault = faultOf(feature, cellCodePattern)
    const { code } = feature.properties
    if (fault !== undefined) tell(index, fault.problem, fault.detail, code)
    else if (sound.has(code)) tell(index, 'duplicate-code', `feature ${sound.get(code)?.index} has this code too`, code)
    else sound.set(code, { index, feature })
  }
  dropOrphans(sound, knownCodes, tell)
  for (const { index, feature } of sound.values()) {
    const { code, level, lead } = feature.properties
    if (level === 'cell' && lead === undefined) tell(index, 'no-lead', 'nobody answers the alarms of this cell', code)
  }
  for (const [one, other] of overlapping([...sound.values()])) {
    tell(one.index, 'overlap', `overlaps ${other.feature.properties.code}`, one.feature.properties.code)
  }
  return { features: [...sound.values()].map(({ feature }) => feature), problems }
}

interface Numbered {
  index: number
  feature: DivisionFeature
}

function faultOf(
  { properties, geometry }: DivisionFeature,
  cellCodePattern: RegExp,
): { problem: GridProblem['problem']; detail: string } | undefined {
  if (properties.level === 'cell' && !cellCodePattern.test(properties.code)) {
    return { problem: 'code-pattern', detail: `${properties.code} does not match ${cellCodePattern.source}` }
  }
  if (properties.level === 'cell' && geometry === null) {
    return { problem: 'cell-needs-polygon', detail: 'a cell needs a Polygon' }
  }
  if (geometry !== null && !isClosed(geometry)) {
    return { problem: 'ring-not-closed', detail: 'first and last position of a ring must be the same' }
  }
  return undefined
}

/** Whoever names a parent that is neither stored nor in the file goes, and so do its children in turn. */
function dropOrphans(
  sound: Map<string, Numbered>,
  knownCodes: ReadonlySet<string>,
  tell: (index: number, problem: GridProblem['problem'], detail: string, code: string) => void,
): void {
  let dropped = true
  while (dropped) {
    dropped = false
    for (const [code, { index, feature }] of sound) {
      const { parentCode } = feature.properties
      if (parentCode === undefined || knownCodes.has(parentCode) || sound.has(parentCode)) continue
      tell(index, 'unknown-parent', `there is no ${parentCode}`, code)
      sound.delete(code)
      dropped = true
    }
  }
}

/** Pairs of overlapping cells; sorted by west edge, so that only cells side by side are compared. */
function* overlapping(sound: readonly Numbered[]): Generator<[Numbered, Numbered]> {
  const cells = sound
    .flatMap((numbered) => {
      const { geometry, properties } = numbered.feature
      return geometry === null || properties.level !== 'cell'
        ? []
        : [{ numbered, geometry, bounds: boundsOf(geometry) }]
    })
    .toSorted((a, b) => a.bounds.west - b.bounds.west)
  for (const [at, cell] of cells.entries()) {
    for (const other of cells.slice(at + 1)) {
      if (other.bounds.west >= cell.bounds.east) break
      if (touch(cell.bounds, other.bounds) && overlaps(cell.geometry, other.geometry)) {
        yield [cell.numbered, other.numbered]
      }
    }
  }
}

const touch = (a: Bounds, b: Bounds): boolean => a.south < b.north && b.south < a.north
