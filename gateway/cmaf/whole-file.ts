import { fullBox, u16, u32 } from './box.ts'

/** A chunk as it is put into a file. */
export interface FileChunk {
  readonly facts: { startTicks: number; durationTicks: number; independent: boolean }
  readonly buffers: readonly Buffer[]
}

/** Containers that lead to what is looked for (ISO/IEC 14496-12 §8). */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'moof', 'traf'])

/** References of one index: 16 bits count them. */
const MAX_REFERENCES = 65_535

interface Found {
  type: string
  /** Of the content, after size and type. */
  at: number
}

/** Boxes within our own bytes, in order, containers before what they hold. */
function* boxesOf(bytes: Buffer, from = 0, to = bytes.length): Generator<Found> {
  for (let at = from; at + 8 <= to; ) {
    const size = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (size < 8 || at + size > to) return
    yield { type, at: at + 8 }
    if (CONTAINERS.has(type)) yield* boxesOf(bytes, at + 8, at + size)
    at += size
  }
}

/** Ticks a second of each track of a CMAF header. */
function timescales(init: Buffer): Map<number, number> {
  const found = new Map<number, number>()
  let track = 0
  for (const { type, at } of boxesOf(init)) {
    const isLong = init[at] === 1
    if (type === 'tkhd') track = init.readUInt32BE(at + (isLong ? 20 : 12))
    if (type === 'mdhd') found.set(track, init.readUInt32BE(at + (isLong ? 20 : 12)))
  }
  return found
}

/**
 * One fragmented MP4 file of chunks that follow each other: time begins at zero, and an index (`sidx`, §8.16.3) tells
 * players its length and where its key frames are.
 * @param timescale ticks a second of `facts`, which are those of track 1
 * @param chunks not empty, the first one independent
 * @returns the bytes in order; the chunks' own bytes are not changed
 */
export function wholeFile(init: Buffer, chunks: readonly FileChunk[], timescale: number): Buffer[] {
  const startTicks = chunks[0]?.facts.startTicks ?? 0
  const scales = timescales(init)
  const fragments = chunks.map(({ buffers: [first = Buffer.alloc(0), ...rest] }) => {
    const moofBytes = first.readUInt32BE(0)
    const moof = Buffer.from(first.subarray(0, moofBytes))
    let track = 0
    for (const { type, at } of boxesOf(moof)) {
      if (type === 'tfhd') track = moof.readUInt32BE(at + 4)
      if (type !== 'tfdt') continue
      const shift = BigInt(Math.round((startTicks * (scales.get(track) ?? timescale)) / timescale))
      if (moof[at] === 1) moof.writeBigUInt64BE(later(moof.readBigUInt64BE(at + 4) - shift), at + 4)
      else moof.writeUInt32BE(Number(later(BigInt(moof.readUInt32BE(at + 4)) - shift)), at + 4)
    }
    return [moof, first.subarray(moofBytes), ...rest]
  })
  return [init, indexOf(chunks, fragments, timescale), ...fragments.flat()]
}

/** What another track sent before the first picture cannot lie before the beginning. */
const later = (ticks: bigint): bigint => (ticks < 0n ? 0n : ticks)

function indexOf(chunks: readonly FileChunk[], fragments: readonly (readonly Buffer[])[], timescale: number): Buffer {
  const references: { sizeBytes: number; durationTicks: number }[] = []
  for (const [at, { facts }] of chunks.entries()) {
    const sizeBytes = (fragments[at] ?? []).reduce((sum, buffer) => sum + buffer.length, 0)
    const open = references.at(-1)
    const next = chunks[at + 1]?.facts
    // A gap counts to what lies before it, so that the length is the time that passed.
    const durationTicks = next === undefined ? facts.durationTicks : next.startTicks - facts.startTicks
    if (open === undefined || (facts.independent && references.length < MAX_REFERENCES)) {
      references.push({ sizeBytes, durationTicks })
    } else {
      open.sizeBytes += sizeBytes
      open.durationTicks += durationTicks
    }
  }
  return fullBox(
    'sidx',
    0,
    0,
    u32(1, timescale, 0, 0),
    u16(0, references.length),
    // Each begins with a key frame: stream access point of type 1.
    ...references.map(({ sizeBytes, durationTicks }) => u32(sizeBytes, durationTicks, 0x90000000)),
  )
}
