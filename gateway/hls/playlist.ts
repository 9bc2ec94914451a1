import { TIMESCALE } from '../media.ts'
import type { Part } from './part.ts'

/** Never changes during a muxing session (RFC 8216bis §6.2.1), so it cannot follow the camera. */
export const TARGET_DURATION_S = 2
/**
 * Parts of a segment that began longer ago are not listed: no low-latency player is so far behind. Each must be
 * there for three target durations after it left the list (RFC 8216bis §6.2.2), so listing them longer costs memory.
 */
export const PARTS_LISTED_S = 3
/** Three part targets are asked for at least (RFC 8216bis §4.4.3.8); how late a part may come does not depend on how short it is. */
const MIN_PART_HOLD_BACK_S = 0.5
/** Part targets are whole milliseconds, so there are not many. */
const MAX_OPENINGS = 1000
/** CAN-SKIP-UNTIL is at least six target durations (RFC 8216bis §4.4.3.8). */
const SKIP_BOUNDARY_S = 6 * TARGET_DURATION_S

export interface Segment {
  /** Media sequence number. */
  msn: number
  parts: Part[]
  /** Undefined while the segment grows. */
  durationTicks: number | undefined
  /** Of all parts it has had. */
  partsTicks: number
  /** EXT-X-DISCONTINUITY-SEQUENCE of the segment: equal in all renditions for what belongs together (§6.2.1). */
  discontinuitySequence: number
  /** Media time when it was first listed whole. */
  wholeAtTicks: number | undefined
  /** False once the window has begun to let its parts go. */
  isWhole: boolean
  /** Of the lists it stood in, whole segments only. */
  longestListTicks: number
  hasPartsListed: boolean
  /** Media time up to which its parts must be there once they have left the list. */
  partsKeptUntilTicks: number
  initId: number
  /** Wall clock of its first frame, ms since 1970. */
  startedAtMs: number
  sizeBytes: number
  /** What the last list said of it; undefined before the first. */
  wording: Wording | undefined
}

/** A list is written anew with each part, and most of what it says is what it said before. Lines end with a line feed. */
interface Wording {
  startLine: string
  /** Of the first `parts` parts, for that part target. */
  partLines: string
  parts: number
  partTargetTicks: number
  /** Empty until it is whole. */
  endLines: string
}

export interface MediaPlaylistView {
  segments: readonly Segment[]
  partTargetTicks: number
  nextPartId: number
  /** The other rendition of the same time, if the reader may have it. */
  sibling: RenditionReport | undefined
}

/** EXT-X-RENDITION-REPORT (RFC 8216bis §4.4.5.4). */
export interface RenditionReport {
  uri: string
  lastMsn: number
  lastPart: number
}

/** Media playlist (RFC 8216bis §4.4), a delta update if `skip` and something is old enough (§6.2.5.1). */
export function mediaPlaylist(view: MediaPlaylistView, skip: boolean): string {
  const { segments, partTargetTicks, sibling } = view
  const first = segments[0]
  const skipped = skip ? segmentsBeforeSkipBoundary(segments) : 0
  let text = `${openingLines(partTargetTicks)}
#EXT-X-MEDIA-SEQUENCE:${first?.msn ?? 0}
#EXT-X-DISCONTINUITY-SEQUENCE:${first?.discontinuitySequence ?? 0}
`
  if (skipped > 0) text += `#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}\n`
  let before = segments[skipped - 1]
  for (let i = skipped; i < segments.length; i++) {
    const segment = segments[i]
    if (segment === undefined || segment.parts.length === 0) continue // begun, but nothing of it is whole yet
    const { discontinuitySequence, initId } = segment
    for (let at = before?.discontinuitySequence ?? discontinuitySequence; at < discontinuitySequence; at++)
      text += '#EXT-X-DISCONTINUITY\n'
    if (initId !== before?.initId) text += `#EXT-X-MAP:URI="init-${initId}.mp4"\n`
    before = segment
    const { startLine, partLines, endLines } = wordingOf(segment, partTargetTicks)
    text += startLine
    if (segment.hasPartsListed) text += partLines
    text += endLines
  }
  text += `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p${view.nextPartId}.m4s"\n`
  if (sibling !== undefined)
    text += `#EXT-X-RENDITION-REPORT:URI="${sibling.uri}",LAST-MSN=${sibling.lastMsn},LAST-PART=${sibling.lastPart}\n`
  return text
}

/** What a stream says first, and all others of the same part target. */
const openings = new Map<number, string>()

function openingLines(partTargetTicks: number): string {
  const known = openings.get(partTargetTicks)
  if (known !== undefined) return known
  const holdBack = seconds(Math.max(partTargetTicks * 3, MIN_PART_HOLD_BACK_S * TIMESCALE))
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${TARGET_DURATION_S}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${holdBack},CAN-SKIP-UNTIL=${SKIP_BOUNDARY_S.toFixed(1)}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(partTargetTicks)}`,
  ].join('\n')
  if (openings.size >= MAX_OPENINGS) openings.clear()
  openings.set(partTargetTicks, lines)
  return lines
}

function wordingOf(segment: Segment, partTargetTicks: number): Wording {
  const { wording: said, parts, durationTicks, msn, startedAtMs, hasPartsListed } = segment
  const wording =
    said?.partTargetTicks === partTargetTicks
      ? said
      : {
          startLine: flat('#EXT-X-PROGRAM-DATE-TIME:', new Date(startedAtMs).toISOString(), '\n'),
          partLines: '',
          parts: 0,
          partTargetTicks,
          endLines: '',
        }
  segment.wording = wording
  if (hasPartsListed && wording.parts < parts.length) {
    const lines = parts.slice(wording.parts).map((part) => partLine(part, partTargetTicks))
    wording.partLines = flat(wording.partLines, ...lines)
    wording.parts = parts.length
  }
  if (durationTicks !== undefined && wording.endLines === '')
    wording.endLines = flat('#EXTINF:', extinf(durationTicks), ',\ns', String(msn), '.m4s\n')
  return wording
}

/** One text of many. V8 keeps a sum of strings as a tree, which every playlist with it would have to walk. */
const flat = (...texts: string[]): string => texts.join('')

export interface MultivariantView {
  mediaUri: string
  codecString: string
  width: number
  height: number
  /** Of the segments at hand, bits a second. */
  peakBps: number
  averageBps: number
  frameRate: number
  /** The sound that goes with the picture, if the reader may hear it. */
  sound: SoundRendition | undefined
}

export interface SoundRendition {
  uri: string
  codecString: string
  channels: number
  bandwidthBps: number
}

/** Multivariant playlist (RFC 8216bis §4.4.6): the picture, and its sound as a rendition of its own. */
export function multivariantPlaylist(view: MultivariantView): string {
  const { sound } = view
  const soundBps = sound?.bandwidthBps ?? 0
  const rates = `BANDWIDTH=${Math.ceil(view.peakBps + soundBps)},AVERAGE-BANDWIDTH=${Math.ceil(view.averageBps + soundBps)}`
  const codecs = sound === undefined ? view.codecString : `${view.codecString},${sound.codecString}`
  const media =
    sound === undefined
      ? []
      : [
          `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="${sound.channels}",URI="${sound.uri}"`,
        ]
  const group = sound === undefined ? '' : ',AUDIO="sound"'
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    ...media,
    `#EXT-X-STREAM-INF:${rates},CODECS="${codecs}",RESOLUTION=${view.width}x${view.height},FRAME-RATE=${view.frameRate.toFixed(3)}${group}`,
    view.mediaUri,
    '',
  ].join('\n')
}

/** A pause of the camera makes a frame last; the part target holds all the same (RFC 8216bis §4.4.4.9). */
function partLine(part: Part, targetTicks: number): string {
  const { id, durationTicks, independent } = part.facts
  return `#EXT-X-PART:DURATION=${seconds(Math.min(durationTicks, targetTicks))},URI="p${id}.m4s"${independent ? ',INDEPENDENT=YES' : ''}\n`
}

/** Those that end further than the boundary from the end of the last whole one (RFC 8216bis §6.2.5.1). */
function segmentsBeforeSkipBoundary(segments: readonly Segment[]): number {
  let followS = 0
  for (let i = segments.length - 1; i >= 0; i--) {
    const ticks = segments[i]?.durationTicks
    if (followS > SKIP_BOUNDARY_S) return i + 1
    if (ticks !== undefined) followS += ticks / TIMESCALE
  }
  return 0
}

/** Of what is there, while the segment grows. */
export function durationS({ durationTicks, partsTicks }: Segment): number {
  return (durationTicks ?? partsTicks) / TIMESCALE
}

/** Rounded it must not pass the target duration (RFC 8216bis §4.4.3.1): time stamps that jitter may pass it by a hair. */
function extinf(ticks: number): string {
  return Math.min(ticks / TIMESCALE, TARGET_DURATION_S + 0.499).toFixed(5)
}

function seconds(ticks: number): string {
  return (ticks / TIMESCALE).toFixed(5)
}
