import { attributes, decimal, integer, quoted } from './attributes.ts'
import type { Faults } from './fault.ts'

export interface ListedPart {
  uri: string
  durationS: number
  independent: boolean
}

export interface ListedSegment {
  msn: number
  /** Undefined while the segment grows: it has parts only. */
  uri: string | undefined
  durationS: number | undefined
  parts: ListedPart[]
  discontinuity: boolean
  /** Discontinuity Sequence Number (§6.2.1). */
  dsn: number
  /** In force for this segment; undefined where a delta update leaves it to what the client knows. */
  map: string | undefined
  startedAtMs: number | undefined
}

/** A media playlist as it is written. */
export interface MediaList {
  version: number
  targetS: number
  partTargetS: number | undefined
  partHoldBackS: number | undefined
  holdBackS: number | undefined
  skipUntilS: number | undefined
  canBlock: boolean
  firstMsn: number
  firstDsn: number
  skipped: number
  independentSegments: boolean
  segments: ListedSegment[]
  hint: string | undefined
  /** Of other renditions, by URI: how far each has come. */
  reports: Map<string, { lastMsn: number; lastPart: number }>
  /** Lines that hold for the whole list: they must not change from one version to the next (§6.2.1). */
  constant: string[]
}

const ONCE = [
  'EXT-X-VERSION',
  'EXT-X-TARGETDURATION',
  'EXT-X-MEDIA-SEQUENCE',
  'EXT-X-DISCONTINUITY-SEQUENCE',
  'EXT-X-SERVER-CONTROL',
  'EXT-X-PART-INF',
  'EXT-X-SKIP',
  'EXT-X-INDEPENDENT-SEGMENTS',
]
const CONSTANT = [
  'EXT-X-VERSION',
  'EXT-X-TARGETDURATION',
  'EXT-X-SERVER-CONTROL',
  'EXT-X-PART-INF',
  'EXT-X-INDEPENDENT-SEGMENTS',
]

/** Reads a media playlist; what breaks its syntax (§4.1 to §4.4.5) is added to the faults. */
export function readMediaList(text: string, faults: Faults): MediaList {
  const list: MediaList = {
    version: 1,
    targetS: Number.NaN,
    partTargetS: undefined,
    partHoldBackS: undefined,
    holdBackS: undefined,
    skipUntilS: undefined,
    canBlock: false,
    firstMsn: 0,
    firstDsn: 0,
    skipped: 0,
    independentSegments: false,
    segments: [],
    hint: undefined,
    reports: new Map(),
    constant: [],
  }
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for (§4.1)
  if (/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff]/.test(text))
    bad('4.1', 'control characters or a BOM')
  const lines = text.split(/\r?\n/)
  if (lines[0] !== '#EXTM3U') bad('4.4.1.1', 'the first line is not #EXTM3U')
  if (lines.at(-1) !== '') bad('4.1', 'the last line does not end')
  const seen = new Map<string, number>()
  let discontinuities = 0
  let map: string | undefined
  let began = false
  let tagged = false
  let next = blank()

  function blank(): ListedSegment {
    const none = { uri: undefined, durationS: undefined, startedAtMs: undefined, map: undefined }
    return { ...none, msn: 0, parts: [], discontinuity: false, dsn: 0 }
  }
  const finish = (): void => {
    next.msn = list.firstMsn + list.skipped + list.segments.length
    next.dsn = list.firstDsn + discontinuities
    next.map = map
    list.segments.push(next)
    next = blank()
    tagged = false
  }

  for (const line of lines.slice(1)) {
    if (line === '') continue
    if (!line.startsWith('#')) {
      if (next.durationS === undefined) bad('4.4.4.1', `no EXTINF for ${line}`)
      next.uri = line
      began = true
      finish()
      continue
    }
    if (!line.startsWith('#EXT')) continue
    const [, tag = '', value = ''] = /^#([A-Z0-9-]+):?(.*)$/.exec(line) ?? []
    seen.set(tag, (seen.get(tag) ?? 0) + 1)
    if (ONCE.includes(tag) && seen.get(tag) === 2) bad('4.4', `${tag} comes twice`)
    if (CONSTANT.includes(tag)) list.constant.push(line)
    switch (tag) {
      case 'EXT-X-VERSION':
        list.version = integer(value, tag, '4.4.1.2', faults)
        break
      case 'EXT-X-TARGETDURATION':
        list.targetS = integer(value, tag, '4.4.3.1', faults)
        break
      case 'EXT-X-MEDIA-SEQUENCE':
        if (began || tagged) bad('4.4.3.2', `${tag} after the first segment`)
        list.firstMsn = integer(value, tag, '4.4.3.2', faults)
        break
      case 'EXT-X-DISCONTINUITY-SEQUENCE':
        if (began || discontinuities > 0) bad('4.4.3.3', `${tag} after the first segment or discontinuity`)
        list.firstDsn = integer(value, tag, '4.4.3.3', faults)
        break
      case 'EXT-X-INDEPENDENT-SEGMENTS':
        list.independentSegments = true
        break
      case 'EXT-X-SERVER-CONTROL': {
        const of = attributes(value, tag, faults)
        const seconds = (name: string): number | undefined =>
          of.has(name) ? decimal(of.get(name), name, '4.4.3.8', faults) : undefined
        list.canBlock = of.get('CAN-BLOCK-RELOAD') === 'YES'
        list.skipUntilS = seconds('CAN-SKIP-UNTIL')
        list.holdBackS = seconds('HOLD-BACK')
        list.partHoldBackS = seconds('PART-HOLD-BACK')
        break
      }
      case 'EXT-X-PART-INF':
        list.partTargetS = decimal(attributes(value, tag, faults).get('PART-TARGET'), 'PART-TARGET', '4.4.3.7', faults)
        break
      case 'EXT-X-SKIP':
        if (began) bad('4.4.5.2', `${tag} after the first segment`)
        list.skipped = integer(attributes(value, tag, faults).get('SKIPPED-SEGMENTS'), tag, '4.4.5.2', faults)
        break
      case 'EXTINF': {
        const [, seconds] = /^([^,]*),(.*)$/.exec(value) ?? []
        if (seconds === undefined) bad('4.4.4.1', `EXTINF without a comma: ${value}`)
        if (next.durationS !== undefined) bad('4.4.4.1', 'EXTINF comes twice for a segment')
        next.durationS = decimal(seconds, tag, '4.4.4.1', faults)
        break
      }
      case 'EXT-X-DISCONTINUITY':
        if (next.parts.length > 0) bad('4.4.4.9', `${tag} after the first part of its segment`)
        next.discontinuity = true
        tagged = true
        discontinuities++
        break
      case 'EXT-X-MAP':
        if (next.parts.length > 0) bad('4.4.4.9', `${tag} after the first part of its segment`)
        map = quoted(attributes(value, tag, faults).get('URI'), `URI of ${tag}`, '4.4.4.5', faults)
        break
      case 'EXT-X-PROGRAM-DATE-TIME':
        if (next.parts.length > 0) bad('4.4.4.9', `${tag} after the first part of its segment`)
        if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,}(?:Z|[+-]\d\d:\d\d)$/.test(value))
          bad('4.4.4.6', `no zone or no milliseconds: ${value}`)
        next.startedAtMs = Date.parse(value)
        if (Number.isNaN(next.startedAtMs)) bad('4.4.4.6', `no such time: ${value}`)
        break
      case 'EXT-X-PART': {
        const of = attributes(value, tag, faults)
        next.parts.push({
          uri: quoted(of.get('URI'), `URI of ${tag}`, '4.4.4.9', faults) ?? '',
          durationS: decimal(of.get('DURATION'), 'DURATION', '4.4.4.9', faults),
          independent: of.get('INDEPENDENT') === 'YES',
        })
        if (of.has('INDEPENDENT') && of.get('INDEPENDENT') !== 'YES') bad('4.4.4.9', 'INDEPENDENT is YES or not there')
        break
      }
      case 'EXT-X-PRELOAD-HINT': {
        const of = attributes(value, tag, faults)
        if (of.get('TYPE') !== 'PART') bad('4.4.5.3', `TYPE is ${of.get('TYPE')}`)
        if (list.hint !== undefined) bad('6.2.6', 'more than one hint of a type')
        list.hint = quoted(of.get('URI'), `URI of ${tag}`, '4.4.5.3', faults)
        break
      }
      case 'EXT-X-RENDITION-REPORT': {
        const of = attributes(value, tag, faults)
        const uri = quoted(of.get('URI'), `URI of ${tag}`, '4.4.5.4', faults) ?? ''
        if (uri.startsWith('/') || /^[a-z]+:/.test(uri)) bad('4.4.5.4', `${uri} is not relative`)
        if (list.reports.has(uri)) bad('4.4.5.4', `${uri} is reported twice`)
        list.reports.set(uri, {
          lastMsn: integer(of.get('LAST-MSN'), 'LAST-MSN', '4.4.5.4', faults),
          lastPart: integer(of.get('LAST-PART'), 'LAST-PART', '4.4.5.4', faults),
        })
        break
      }
      case 'EXT-X-PLAYLIST-TYPE':
        bad('6.2.2', 'a live playlist has no type')
        break
      case 'EXT-X-STREAM-INF':
      case 'EXT-X-MEDIA':
      case 'EXT-X-I-FRAME-STREAM-INF':
        bad('4.4.6', `${tag} in a media playlist`)
        break
    }
  }
  if (next.parts.length > 0) finish()
  else if (next.discontinuity || next.durationS !== undefined) bad('4.4.4', 'tags of a segment that is not there')
  return list
}
