import type { Faults } from './fault.ts'
import { type ListedSegment, type MediaList, readMediaList } from './media-list.ts'

/** Durations are written with five decimals. */
const EPSILON_S = 0.00002
/** Parts and their segment are measured by the same clock, up to the last frame's length, which is foretold. */
const SUM_TOLERANCE_S = 0.25
/** §4.4.4.9 */
const MIN_PART_SHARE = 0.85

export const listedS = (segments: readonly ListedSegment[]): number =>
  segments.reduce((sum, { durationS = 0 }) => sum + durationS, 0)

/** Seconds from the start of each segment to the end of the last part. */
function agesS(segments: readonly ListedSegment[]): number[] {
  let age = 0
  return segments
    .toReversed()
    .map(({ durationS, parts }) => {
      age += durationS ?? parts.reduce((sum, part) => sum + part.durationS, 0)
      return age
    })
    .reverse()
}

/** What one version of a media playlist must be by itself, as low-latency and as classic HLS. */
export function checkMediaList(text: string): { list: MediaList; faults: Faults } {
  const faults: Faults = []
  const list = readMediaList(text, faults)
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  const { targetS, partTargetS, segments } = list
  if (Number.isNaN(targetS)) bad('4.4.3.1', 'no EXT-X-TARGETDURATION')
  if (list.version < 6) bad('4.4.4.5', `EXT-X-MAP needs version 6, this is ${list.version}`)
  if (list.skipped > 0 && list.version < 9) bad('8', `EXT-X-SKIP needs version 9, this is ${list.version}`)
  const whole = segments.filter(({ uri }) => uri !== undefined)
  if (whole.length === 0 && list.skipped === 0) bad('4.4.4', 'no segment: classic players refuse that')
  for (const [i, segment] of segments.entries()) checkSegment(segment, i === segments.length - 1, list, faults)
  checkServerControl(list, faults)
  if (list.independentSegments) {
    for (const { msn, parts } of segments)
      if (parts[0]?.independent === false) bad('4.4.2.1', `segment ${msn} does not begin with a key frame`)
  }
  if (segments[0]?.map === undefined && list.skipped === 0) bad('4.4.4.5', 'the first segment has no EXT-X-MAP')
  for (const [i, segment] of segments.entries()) {
    const before = segments[i - 1]
    if (before?.map !== undefined && before.map !== segment.map && !segment.discontinuity)
      bad('4.4.4.3', `segment ${segment.msn} has another EXT-X-MAP and no EXT-X-DISCONTINUITY`)
  }
  const uris = segments.flatMap(({ uri, parts }) => [
    ...(uri === undefined ? [] : [uri]),
    ...parts.map((part) => part.uri),
  ])
  for (const uri of uris) if (uris.indexOf(uri) !== uris.lastIndexOf(uri)) bad('4.1', `${uri} is listed twice`)
  if (partTargetS !== undefined) {
    if (list.hint === undefined) bad('apple: low-latency profile', 'no EXT-X-PRELOAD-HINT')
    else if (uris.includes(list.hint)) bad('6.2.6', `${list.hint} is hinted and there already`)
    const ages = agesS(segments)
    for (const [i, { msn, parts }] of segments.entries())
      if (parts.length > 0 && (ages[i] ?? 0) > 4 * targetS) bad('6.2.2', `parts of segment ${msn} are listed too long`)
  }
  checkDates(segments, faults)
  return { list, faults }
}

function checkSegment(segment: ListedSegment, isLast: boolean, list: MediaList, faults: Faults): void {
  const { msn, uri, durationS, parts } = segment
  const bad = (rule: string, why: string): void => void faults.push({ rule, why: `segment ${msn}: ${why}` })
  if (durationS !== undefined && Math.round(durationS) > list.targetS)
    bad('4.4.3.1', `${durationS} s rounds to more than ${list.targetS}`)
  if (durationS !== undefined && durationS <= 0) bad('4.4.4.1', 'lasts no time')
  if (uri === undefined && !isLast) bad('4.4.4', 'grows, but is not the last one')
  if (segment.startedAtMs === undefined) bad('apple: PROGRAM-DATE-TIME', 'has no EXT-X-PROGRAM-DATE-TIME')
  const { partTargetS } = list
  if (parts.length === 0) return
  if (partTargetS === undefined) {
    bad('4.4.3.7', 'has parts, and the playlist no EXT-X-PART-INF')
    return
  }
  const sum = parts.reduce((total, part) => total + part.durationS, 0)
  if (durationS !== undefined && Math.abs(sum - durationS) > SUM_TOLERANCE_S)
    bad('4.4.4.9', `its parts last ${sum.toFixed(3)} s, itself ${durationS} s`)
  for (const [i, part] of parts.entries()) {
    if (part.durationS > partTargetS + EPSILON_S)
      bad('4.4.4.9', `${part.uri} lasts ${part.durationS} s, over ${partTargetS}`)
    const isFinal = durationS !== undefined && i === parts.length - 1
    // The newest part may yet turn out to be its segment's last.
    const mayBeFinal = isFinal || (isLast && i === parts.length - 1)
    if (part.durationS < MIN_PART_SHARE * partTargetS - EPSILON_S && !part.independent && !mayBeFinal)
      bad('4.4.4.9', `${part.uri} lasts ${part.durationS} s, less than 85 % of ${partTargetS}`)
  }
}

function checkServerControl(list: MediaList, faults: Faults): void {
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  const { targetS, partTargetS, partHoldBackS, holdBackS, skipUntilS } = list
  if (skipUntilS !== undefined && skipUntilS < 6 * targetS)
    bad('4.4.3.8', `CAN-SKIP-UNTIL ${skipUntilS} is under six targets`)
  if (holdBackS !== undefined && holdBackS < 3 * targetS)
    bad('4.4.3.8', `HOLD-BACK ${holdBackS} is under three targets`)
  if (list.skipped > 0 && skipUntilS === undefined) bad('4.4.5.2', 'skips, but does not say that it can')
  if (partTargetS === undefined) return
  if (partHoldBackS === undefined) bad('4.4.3.8', 'has parts, but no PART-HOLD-BACK')
  else if (partHoldBackS < 3 * partTargetS - EPSILON_S)
    bad('4.4.3.8', `PART-HOLD-BACK ${partHoldBackS} is under three part targets of ${partTargetS}`)
  if (!list.canBlock) bad('apple: low-latency profile', 'no CAN-BLOCK-RELOAD')
}

/** Sub-second overlaps are forgiven where clocks drift; a segment never lies within the one before it (§6.2.1). */
function checkDates(segments: readonly ListedSegment[], faults: Faults): void {
  for (const [i, { msn, startedAtMs, discontinuity }] of segments.entries()) {
    const before = segments[i - 1]
    if (before?.startedAtMs === undefined || before.durationS === undefined || startedAtMs === undefined) continue
    const overlapMs = before.startedAtMs + before.durationS * 1000 - startedAtMs
    if (overlapMs >= 1_000)
      faults.push({ rule: '6.2.1', why: `segment ${msn} overlaps the one before by ${overlapMs} ms` })
    if (startedAtMs <= before.startedAtMs)
      faults.push({ rule: '6.2.1', why: `segment ${msn} is dated before the one before it` })
    // Without a discontinuity time is one: what jumps ahead was not said to be missing.
    if (!discontinuity && -overlapMs >= 2_500)
      faults.push({
        rule: '6.2.1',
        why: `${-overlapMs} ms are missing before segment ${msn}, and no EXT-X-DISCONTINUITY`,
      })
  }
}
