import type { Faults } from './fault.ts'
import type { ListedSegment, MediaList } from './media-list.ts'
import { listedS } from './media-rules.ts'

/** What may become of a media playlist from one version to a later one (§6.2.1, §6.2.2). */
export function checkUpdate(from: MediaList, to: MediaList): Faults {
  const faults: Faults = []
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  for (const line of from.constant) if (!to.constant.includes(line)) bad('6.2.1', `${line} has changed or gone`)
  for (const line of to.constant) if (!from.constant.includes(line)) bad('6.2.1', `${line} has come`)
  if (to.firstMsn < from.firstMsn)
    bad('6.2.2', `the media sequence number fell from ${from.firstMsn} to ${to.firstMsn}`)
  if (to.firstDsn < from.firstDsn) bad('6.2.2', 'the discontinuity sequence number fell')
  const later = new Map(to.segments.map((segment) => [segment.msn, segment]))
  for (const segment of from.segments) {
    const now = later.get(segment.msn)
    if (now !== undefined) checkSame(segment, now, now.msn === to.firstMsn, bad)
    else if (segment.msn >= to.firstMsn + to.skipped) bad('6.2.2', `segment ${segment.msn} has gone from the middle`)
  }
  const last = from.segments.at(-1)?.msn ?? 0
  if ((to.segments.at(-1)?.msn ?? 0) < last) bad('6.2.1', `segment ${last} was taken back`)
  const removed = to.firstMsn > from.firstMsn
  if (removed && to.skipped === 0 && listedS(to.segments) < 3 * to.targetS - 0.001)
    bad('6.2.2', `segments were removed, and ${listedS(to.segments).toFixed(3)} s are left, less than three targets`)
  if (from.hint !== undefined && from.hint !== to.hint) {
    const parts = to.segments.flatMap((segment) => segment.parts)
    const newest = Number(/\d+/.exec(from.hint)?.[0])
    const isListed = parts.some(({ uri }) => uri === from.hint)
    const oldest = Number(/\d+/.exec(parts[0]?.uri ?? '')?.[0])
    if (!isListed && newest >= oldest) bad('6.2.6', `${from.hint} was hinted and never came`)
  }
  return faults
}

function checkSame(
  was: ListedSegment,
  now: ListedSegment,
  isFirst: boolean,
  bad: (rule: string, why: string) => void,
): void {
  const of = `segment ${was.msn}`
  if (was.uri !== undefined && was.uri !== now.uri) bad('6.2.1', `${of} became ${now.uri}`)
  if (was.durationS !== undefined && was.durationS !== now.durationS) bad('6.2.1', `${of} has another duration`)
  if (was.dsn !== now.dsn) bad('6.2.2', `${of} changed its discontinuity number from ${was.dsn} to ${now.dsn}`)
  // That of the first one may be counted in EXT-X-DISCONTINUITY-SEQUENCE instead (§6.2.2).
  if (was.discontinuity !== now.discontinuity && !(isFirst && was.discontinuity))
    bad('6.2.1', `EXT-X-DISCONTINUITY of ${of} has come or gone`)
  if (was.map !== undefined && now.map !== undefined && was.map !== now.map) bad('6.2.1', `${of} has another EXT-X-MAP`)
  if (was.startedAtMs !== now.startedAtMs) bad('6.2.1', `${of} has another date`)
  if (now.parts.length === 0 && now.uri !== undefined) return // no longer at the live edge
  for (const [i, part] of was.parts.entries()) {
    const same = now.parts[i]
    if (same?.uri !== part.uri || same.durationS !== part.durationS || same.independent !== part.independent)
      bad('6.2.1', `part ${part.uri} of ${of} was changed or taken back`)
  }
  if (was.uri !== undefined && now.parts.length > was.parts.length && was.parts.length > 0)
    bad('6.2.1', `${of} was whole and grew`)
}

/** A delta update is the list without what lies further back than the skip boundary (§6.2.5.1). */
export function checkDelta(full: MediaList, delta: MediaList): Faults {
  const faults: Faults = []
  const bad = (why: string): void => void faults.push({ rule: '6.2.5.1', why })
  if (delta.firstMsn !== full.firstMsn || delta.firstDsn !== full.firstDsn) bad('the sequence numbers differ')
  if (delta.constant.join() !== full.constant.join()) bad('lines of the whole list differ')
  if (delta.hint !== full.hint) bad('the hint differs')
  const kept = full.segments.slice(delta.skipped)
  const same = (a: ListedSegment, b: ListedSegment | undefined): boolean =>
    b !== undefined &&
    JSON.stringify({ ...a, map: undefined, dsn: 0 }) === JSON.stringify({ ...b, map: undefined, dsn: 0 })
  if (kept.length !== delta.segments.length || !kept.every((segment, i) => same(segment, delta.segments[i])))
    bad('what was not skipped differs')
  let behindS = listedS(full.segments)
  for (const { msn, durationS = 0 } of full.segments.slice(0, delta.skipped)) {
    behindS -= durationS
    if (behindS < (full.skipUntilS ?? 0))
      bad(`segment ${msn} ends ${behindS.toFixed(3)} s before the end and was skipped`)
  }
  return faults
}
