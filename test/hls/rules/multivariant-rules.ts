import { attributes, decimal, integer, quoted } from './attributes.ts'
import type { Faults } from './fault.ts'

export interface Variant {
  uri: string
  bandwidthBps: number
  averageBps: number
  frameRate: number | undefined
}

/** A multivariant playlist (§4.4.6) with what Apple's authoring specification wants of a video variant. */
export function checkMultivariant(text: string): { variants: Variant[]; faults: Faults } {
  const faults: Faults = []
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  const lines = text.split('\n')
  if (lines[0] !== '#EXTM3U') bad('4.4.1.1', 'the first line is not #EXTM3U')
  if (lines.at(-1) !== '') bad('4.1', 'the last line does not end')
  const variants: Variant[] = []
  for (const [i, line] of lines.entries()) {
    if (
      /^#EXT(?:INF|-X-(?:TARGETDURATION|MEDIA-SEQUENCE|PART|MAP|SERVER-CONTROL|PART-INF|SKIP|PRELOAD-HINT))\b/.test(
        line,
      )
    )
      bad('4.4.6', `a media playlist's tag: ${line}`)
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
    variants.push({ uri, bandwidthBps, averageBps, frameRate })
  }
  if (variants.length === 0) bad('4.4.6', 'no variant')
  return { variants, faults }
}
