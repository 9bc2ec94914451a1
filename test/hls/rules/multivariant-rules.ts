import { attributes, decimal, integer, quoted } from './attributes.ts'
import type { Faults } from './fault.ts'

export interface Variant {
  uri: string
  bandwidthBps: number
  averageBps: number
  frameRate: number | undefined
  /** The group of its sound. */
  audio: string | undefined
}

/** Sound that is a rendition of its own (§4.4.6.1). */
export interface Rendition {
  uri: string
  group: string
  name: string
}

/** Apple's authoring specification: what the peak of live media may have more than their playlist says. */
const MAX_PEAK = 1.25

/** @param peakBps of the segments that are listed. The average is told of an hour, which no test looks on. */
export function checkPeak({ bandwidthBps }: Variant, peakBps: number): Faults {
  if (peakBps <= bandwidthBps * MAX_PEAK) return []
  return [{ rule: 'apple: BANDWIDTH', why: `${peakBps} bit/s at the most, told were ${bandwidthBps}` }]
}

/** A multivariant playlist (§4.4.6) with what Apple's authoring specification wants of a picture and its sound. */
export function checkMultivariant(text: string): { variants: Variant[]; renditions: Rendition[]; faults: Faults } {
  const faults: Faults = []
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  const lines = text.split('\n')
  if (lines[0] !== '#EXTM3U') bad('4.4.1.1', 'the first line is not #EXTM3U')
  if (lines.at(-1) !== '') bad('4.1', 'the last line does not end')
  const variants: Variant[] = []
  const renditions: Rendition[] = []
  for (const [i, line] of lines.entries()) {
    if (
      /^#EXT(?:INF|-X-(?:TARGETDURATION|MEDIA-SEQUENCE|PART|MAP|SERVER-CONTROL|PART-INF|SKIP|PRELOAD-HINT))\b/.test(
        line,
      )
    )
      bad('4.4.6', `a media playlist's tag: ${line}`)
    if (line.startsWith('#EXT-X-MEDIA:')) renditions.push(rendition(line, renditions, faults))
    if (!line.startsWith('#EXT-X-STREAM-INF:')) continue
    const of = attributes(line.slice('#EXT-X-STREAM-INF:'.length), 'EXT-X-STREAM-INF', faults)
    const uri = lines[i + 1] ?? ''
    if (uri === '' || uri.startsWith('#')) bad('4.4.6.2', 'no URI follows EXT-X-STREAM-INF')
    const bandwidthBps = integer(of.get('BANDWIDTH'), 'BANDWIDTH', '4.4.6.2', faults)
    const averageBps = integer(of.get('AVERAGE-BANDWIDTH'), 'AVERAGE-BANDWIDTH', 'apple: AVERAGE-BANDWIDTH', faults)
    if (averageBps > bandwidthBps) bad('4.4.6.2', 'the average bit rate is over the peak')
    const codecs = quoted(of.get('CODECS'), 'CODECS', 'apple: CODECS', faults) ?? ''
    for (const codec of codecs.split(','))
      if (!/^(?:avc1\.[0-9a-fA-F]{6}|hvc1\.[0-9A-Za-z.]+|mp4a\.40\.\d+|Opus|opus)$/.test(codec))
        bad('4.4.6.2', `codec ${codec}`)
    if (!/^\d+x\d+$/.test(of.get('RESOLUTION') ?? '')) bad('apple: RESOLUTION', `RESOLUTION ${of.get('RESOLUTION')}`)
    const rate = of.get('FRAME-RATE')
    if (rate !== undefined && !/^\d+\.\d{3}$/.test(rate)) bad('4.4.6.2', `FRAME-RATE ${rate} has not three decimals`)
    const frameRate = rate === undefined ? undefined : decimal(rate, 'FRAME-RATE', '4.4.6.2', faults)
    if (frameRate === undefined) bad('apple: FRAME-RATE', 'no FRAME-RATE')
    else if (frameRate > MAX_FRAME_RATE) bad('apple: FRAME-RATE', `${frameRate} frames a second`)
    const audio = of.has('AUDIO') ? quoted(of.get('AUDIO'), 'AUDIO', '4.4.6.2', faults) : undefined
    if ((audio === undefined) === /mp4a/.test(codecs)) bad('4.4.6.2', `CODECS ${codecs} and AUDIO ${audio}`)
    variants.push({ uri, bandwidthBps, averageBps, frameRate, audio })
  }
  if (variants.length === 0) bad('4.4.6', 'no variant')
  const groups = new Set(renditions.map(({ group }) => group))
  for (const { audio } of variants)
    if (audio !== undefined && !groups.has(audio)) bad('4.4.6.2', `no EXT-X-MEDIA of the group ${audio}`)
  for (const group of groups)
    if (!variants.some(({ audio }) => audio === group)) bad('4.4.6.1', `no variant has the group ${group}`)
  return { variants, renditions, faults }
}

/** Frame rates above 60 shall not be used; cameras with 59.94 are rounded by some. */
const MAX_FRAME_RATE = 60.5

function rendition(line: string, before: readonly Rendition[], faults: Faults): Rendition {
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  const of = attributes(line.slice('#EXT-X-MEDIA:'.length), 'EXT-X-MEDIA', faults)
  if (of.get('TYPE') !== 'AUDIO') bad('4.4.6.1', `TYPE is ${of.get('TYPE')}`)
  const read = (name: string, rule = '4.4.6.1'): string => quoted(of.get(name), name, rule, faults) ?? ''
  const group = read('GROUP-ID')
  const name = read('NAME')
  if (before.some((one) => one.group === group && one.name === name)) bad('4.4.6.1', `${name} comes twice in ${group}`)
  if (of.get('DEFAULT') === 'YES' && of.get('AUTOSELECT') !== 'YES') bad('4.4.6.1', 'DEFAULT without AUTOSELECT')
  if (!/^[1-9]\d?$/.test(read('CHANNELS', 'apple: CHANNELS'))) bad('apple: CHANNELS', `${of.get('CHANNELS')}`)
  return { uri: read('URI'), group, name }
}
