import type { Faults } from './fault.ts'
import type { MediaList } from './media-list.ts'

/**
 * What playlists of the same time must have in common (§6.2.4), and what one says of the other (§4.4.5.4).
 * @param uri of the other, as the first writes it. @param other read after the first
 */
export function checkRendition(list: MediaList, uri: string, other: MediaList): Faults {
  const faults: Faults = []
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  if (list.targetS !== other.targetS) bad('6.2.4', `target durations of ${list.targetS} and ${other.targetS} s`)
  const report = list.reports.get(uri)
  if (report === undefined) bad('apple: low-latency profile', `no EXT-X-RENDITION-REPORT of ${uri}`)
  const last = other.segments.at(-1)
  if (report !== undefined && last !== undefined) {
    const isAhead =
      report.lastMsn > last.msn || (report.lastMsn === last.msn && report.lastPart > last.parts.length - 1)
    if (isAhead) bad('4.4.5.4', `reports part ${report.lastPart} of ${report.lastMsn} of ${uri}, which is not there`)
    if (last.msn - report.lastMsn > 1) bad('4.4.5.4', `reports ${report.lastMsn} of ${uri}, which is at ${last.msn}`)
  }
  for (const { dsn, startedAtMs: fromMs, durationS } of list.segments) {
    if (fromMs === undefined || durationS === undefined) continue
    const middleMs = fromMs + durationS * 500
    const beside = other.segments.find(
      ({ startedAtMs = Number.POSITIVE_INFINITY, durationS: lasts = 0 }) =>
        startedAtMs <= middleMs && middleMs < startedAtMs + lasts * 1000,
    )
    // What lies close to a discontinuity may be dated by another clock on either side.
    if (beside !== undefined && Math.abs(beside.dsn - dsn) > 1)
      bad('6.2.4', `discontinuity ${dsn} beside ${beside.dsn} of ${uri}`)
  }
  return faults
}
