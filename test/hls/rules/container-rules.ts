import type { Faults } from './fault.ts'

/** Media of one part, as its boxes tell (ISO/IEC 14496-12 §8.8); times in ticks of its track. */
export interface PartFacts {
  startTicks: number
  durationTicks: number
  startsWithSync: boolean
  samples: number
  /** Where the last of them ends. */
  endTicks: number
  /** The furthest that one of its chunks begins from the end of the one before. */
  gapTicks: number
}

interface Box {
  type: string
  /** Of its contents. */
  start: number
  end: number
}

const SAMPLE_ENTRIES = ['avc1', 'hvc1', 'mp4a']
const IS_NON_SYNC = 0x010000

/** What Apple's players want of an initialisation segment: one track, parameter sets in the sample entry (hvc1, not hev1). */
export function checkInit(bytes: Buffer, faults: Faults): { timescale: number } {
  const bad = (rule: string, why: string): void => void faults.push({ rule, why })
  const top = boxes(bytes, 0, bytes.length)
  if (top[0]?.type !== 'ftyp') bad('4.4.4.5', 'the initialisation segment does not begin with ftyp')
  const moov = find(top, 'moov')
  const tracks = boxesIn(bytes, moov).filter(({ type }) => type === 'trak')
  if (tracks.length !== 1) bad('apple: one track in a file', `${tracks.length} tracks`)
  if (find(boxesIn(bytes, moov), 'mvex') === undefined) bad('3.3', 'no mvex: not for fragments')
  const media = boxesIn(bytes, find(boxesIn(bytes, tracks[0]), 'mdia'))
  const header = find(media, 'mdhd')
  const table = find(boxesIn(bytes, find(media, 'minf')), 'stbl')
  const description = find(boxesIn(bytes, table), 'stsd')
  const entry =
    description === undefined ? '' : bytes.toString('latin1', description.start + 12, description.start + 16)
  if (!SAMPLE_ENTRIES.includes(entry)) bad('apple: sample entries', `${entry} is none of ${SAMPLE_ENTRIES.join(', ')}`)
  const version = header === undefined ? 0 : bytes[header.start]
  return { timescale: header === undefined ? Number.NaN : bytes.readUInt32BE(header.start + (version === 1 ? 20 : 12)) }
}

/** CMAF chunks and nothing else: each a moof that says when it is decoded, and its mdat. */
export function checkPart(bytes: Buffer, of: string, faults: Faults): PartFacts {
  const top = boxes(bytes, 0, bytes.length)
  const types = top.map(({ type }) => type).join()
  if (!/^moof,mdat(,moof,mdat)*$/.test(types)) faults.push({ rule: '3.1.1', why: `${of}: boxes ${types}` })
  let whole: PartFacts | undefined
  for (let at = 0; at < Math.max(top.length, 1); at += 2) {
    const chunk = checkChunk(bytes, top[at], top[at + 1], of, faults)
    if (whole === undefined) {
      whole = chunk
      continue
    }
    whole.gapTicks = Math.max(whole.gapTicks, Math.abs(chunk.startTicks - whole.endTicks))
    whole.durationTicks += chunk.durationTicks
    whole.samples += chunk.samples
    whole.endTicks = chunk.endTicks
  }
  return whole ?? { startTicks: 0, durationTicks: 0, startsWithSync: false, samples: 0, endTicks: 0, gapTicks: 0 }
}

function checkChunk(
  bytes: Buffer,
  moof: Box | undefined,
  mdat: Box | undefined,
  of: string,
  faults: Faults,
): PartFacts {
  const bad = (rule: string, why: string): void => void faults.push({ rule, why: `${of}: ${why}` })
  const traf = boxesIn(bytes, find(boxesIn(bytes, moof), 'traf'))
  const [tfhd, tfdt, trun] = ['tfhd', 'tfdt', 'trun'].map((type) => find(traf, type))
  const facts = {
    startTicks: Number.NaN,
    durationTicks: 0,
    startsWithSync: false,
    samples: 0,
    endTicks: Number.NaN,
    gapTicks: 0,
  }
  if (tfhd === undefined || tfdt === undefined || trun === undefined) {
    bad('3.1.1', 'no tfhd, tfdt and trun')
    return facts
  }
  facts.startTicks =
    bytes[tfdt.start] === 1 ? Number(bytes.readBigUInt64BE(tfdt.start + 4)) : bytes.readUInt32BE(tfdt.start + 4)
  const head = bytes.readUInt32BE(tfhd.start) & 0xffffff
  if ((head & 0x020000) === 0) bad('3.1.1', 'tfhd without default-base-is-moof')
  let at = tfhd.start + 8 + ((head & 1) > 0 ? 8 : 0) + ((head & 2) > 0 ? 4 : 0)
  const optional = (flag: number): number | undefined => {
    if ((head & flag) === 0) return undefined
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const [usualTicks = 0, usualBytes = 0, usualFlags = 0] = [optional(8), optional(16), optional(32)]
  const run = bytes.readUInt32BE(trun.start) & 0xffffff
  facts.samples = bytes.readUInt32BE(trun.start + 4)
  let cursor = trun.start + 8 + ((run & 1) > 0 ? 4 : 0)
  const firstFlags = (run & 4) > 0 ? bytes.readUInt32BE(cursor) : undefined
  if (firstFlags !== undefined) cursor += 4
  let sizeBytes = 0
  for (let sample = 0; sample < facts.samples; sample++) {
    const field = (flag: number, usual: number): number => {
      if ((run & flag) === 0) return usual
      cursor += 4
      return bytes.readUInt32BE(cursor - 4)
    }
    facts.durationTicks += field(0x100, usualTicks)
    sizeBytes += field(0x200, usualBytes)
    const flags = field(0x400, sample === 0 ? (firstFlags ?? usualFlags) : usualFlags)
    field(0x800, 0)
    if (sample === 0) facts.startsWithSync = (flags & IS_NON_SYNC) === 0
  }
  facts.endTicks = facts.startTicks + facts.durationTicks
  if (mdat !== undefined && sizeBytes !== mdat.end - mdat.start)
    bad('3.1.1', `samples of ${sizeBytes} bytes in ${mdat.end - mdat.start}`)
  return facts
}

function boxes(bytes: Buffer, start: number, end: number): Box[] {
  const found: Box[] = []
  for (let at = start; at + 8 <= end; ) {
    const size = bytes.readUInt32BE(at)
    if (size < 8 || at + size > end) break
    found.push({ type: bytes.toString('latin1', at + 4, at + 8), start: at + 8, end: at + size })
    at += size
  }
  return found
}

const boxesIn = (bytes: Buffer, box: Box | undefined): Box[] =>
  box === undefined ? [] : boxes(bytes, box.start, box.end)

const find = (among: readonly Box[], type: string): Box | undefined => among.find((box) => box.type === type)
