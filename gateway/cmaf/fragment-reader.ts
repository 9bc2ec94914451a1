import { MAX_ACCESS_UNIT_BYTES, type ParameterSets } from '../media.ts'

const MAX_BOX_BYTES = MAX_ACCESS_UNIT_BYTES + 64 * 1024
const MAX_SAMPLES = 256
const MAX_SETS = 32

export interface FragmentSink {
  /** Parameter sets of the track, before its first sample. */
  init(sets: ParameterSets): void
  /** @param ticks decode time, the track's own ticks @param bytes NAL units behind four-byte lengths, good during the call */
  sample(ticks: number, bytes: Buffer): void
}

interface Run {
  ticks: number
  durations: number[]
  sizes: number[]
}

/** Reads the fragmented MP4 (ISO/IEC 14496-12 §8.8) of one H.264 track as it comes, cut at any byte. */
export class FragmentReader {
  readonly #sink: FragmentSink
  /** Joined once the box they begin is whole: joining at every chunk would copy large boxes over and over. */
  #chunks: Buffer[] = []
  #heldBytes = 0
  #wantedBytes = 8
  #run: Run | undefined
  #isBroken = false

  constructor(sink: FragmentSink) {
    this.#sink = sink
  }

  /** Of a box that is not whole. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** @returns false once it is nothing that can be read on */
  push(chunk: Buffer): boolean {
    if (this.#isBroken) return false
    this.#chunks.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes < this.#wantedBytes) return true
    const bytes = Buffer.concat(this.#chunks)
    let at = 0
    this.#wantedBytes = 8
    while (bytes.length - at >= 8) {
      const size = bytes.readUInt32BE(at)
      if (size < 8 || size > MAX_BOX_BYTES) {
        this.#isBroken = true
        return false
      }
      this.#wantedBytes = size
      if (bytes.length - at < size) break
      this.#box(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + size))
      at += size
      this.#wantedBytes = 8
    }
    const rest = bytes.subarray(at)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#heldBytes = rest.length
    return true
  }

  #box(type: string, body: Buffer): void {
    if (type === 'moov') {
      const config = find(body, ['trak', 'mdia', 'minf', 'stbl', 'stsd'])
      const sets = config && setsOf(config)
      if (sets !== undefined) this.#sink.init(sets)
    } else if (type === 'moof') {
      this.#run = runOf(body)
    } else if (type === 'mdat' && this.#run !== undefined) {
      const { sizes, durations } = this.#run
      let { ticks } = this.#run
      let at = 0
      for (const [i, size] of sizes.entries()) {
        if (at + size > body.length) break
        this.#sink.sample(ticks, body.subarray(at, at + size))
        at += size
        ticks += durations[i] ?? 0
      }
      this.#run = undefined
    }
  }
}

/** The body of the first box at a path of nested ones. */
function find(body: Buffer, [type, ...deeper]: readonly string[]): Buffer | undefined {
  if (type === undefined) return body
  for (let at = 0; at + 8 <= body.length; ) {
    const size = body.readUInt32BE(at)
    if (size < 8 || at + size > body.length) return undefined
    if (body.toString('latin1', at + 4, at + 8) === type) return find(body.subarray(at + 8, at + size), deeper)
    at += size
  }
  return undefined
}

/** Parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1) within a sample description. */
function setsOf(description: Buffer): ParameterSets | undefined {
  const at = description.indexOf('avcC', 0, 'latin1')
  if (at < 0 || at + 10 > description.length) return undefined
  let next = at + 4 + 5
  const list = (count: number): Buffer[] => {
    const nals: Buffer[] = []
    for (let i = 0; i < Math.min(count, MAX_SETS) && next + 2 <= description.length; i++) {
      const size = description.readUInt16BE(next)
      nals.push(Buffer.from(description.subarray(next + 2, next + 2 + size)))
      next += 2 + size
    }
    return nals
  }
  const sps = list((description[next++] ?? 0) & 31)
  const pps = list(description[next++] ?? 0)
  return { vps: [], sps, pps }
}

/** Times and sizes of a `moof` with one track run (§8.8.7, §8.8.8, §8.8.12). */
function runOf(moof: Buffer): Run | undefined {
  const tfhd = find(moof, ['traf', 'tfhd'])
  const tfdt = find(moof, ['traf', 'tfdt'])
  const trun = find(moof, ['traf', 'trun'])
  if (tfhd === undefined || tfdt === undefined || trun === undefined || tfdt.length < 8 || trun.length < 8)
    return undefined
  const defaults = defaultsOf(tfhd)
  const isLong = tfdt[0] === 1 && tfdt.length >= 12
  const ticks = isLong ? tfdt.readUInt32BE(4) * 2 ** 32 + tfdt.readUInt32BE(8) : tfdt.readUInt32BE(4)
  const flags = trun.readUIntBE(1, 3)
  const count = trun.readUInt32BE(4)
  if (count > MAX_SAMPLES) return undefined
  let at = 8 + ((flags & 1) !== 0 ? 4 : 0) + ((flags & 4) !== 0 ? 4 : 0)
  const field = (mask: number, usual: number): number => {
    if ((flags & mask) === 0 || at + 4 > trun.length) return usual
    at += 4
    return trun.readUInt32BE(at - 4)
  }
  const run: Run = { ticks, durations: [], sizes: [] }
  for (let i = 0; i < count; i++) {
    run.durations.push(field(0x100, defaults.duration))
    run.sizes.push(field(0x200, defaults.size))
    field(0x400, 0)
    field(0x800, 0)
  }
  return run
}

function defaultsOf(tfhd: Buffer): { duration: number; size: number } {
  if (tfhd.length < 8) return { duration: 0, size: 0 }
  const flags = tfhd.readUIntBE(1, 3)
  let at = 8 + ((flags & 1) !== 0 ? 8 : 0) + ((flags & 2) !== 0 ? 4 : 0)
  const field = (mask: number): number => {
    if ((flags & mask) === 0 || at + 4 > tfhd.length) return 0
    at += 4
    return tfhd.readUInt32BE(at - 4)
  }
  return { duration: field(8), size: field(16) }
}
