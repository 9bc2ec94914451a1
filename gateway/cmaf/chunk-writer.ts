import { type AccessUnitStore, MAX_ACCESS_UNIT_BYTES, TIMESCALE } from '../media.ts'
import { Chunk } from './chunk.ts'
import { TRACK_ID } from './init.ts'
import { together } from './neighbours.ts'
import { MIN_SLAB_BYTES, type Slab, type SlabPool } from './slab.ts'

/** A chunk has 31 frames at 240 a second; a little more where the rate is not what it was thought to be. */
export const MAX_CHUNK_SAMPLES = 40
const MAX_SLAB_BYTES = 1024 * 1024
/** Room for the rest of a unit that outgrew its slab. */
const GROWTH = 1.25
const SAMPLE_BYTES = 16
/** moof, mfhd, traf, tfhd, tfdt, trun without samples, mdat header */
const FIXED_HEADER_BYTES = 8 + 16 + 8 + 16 + 20 + 20 + 8
/** Most chunks have three frames, those of sound a dozen; larger ones have a header elsewhere. */
const MAX_ROOM_SAMPLES = 16
const roomFor = (samples: number): number => FIXED_HEADER_BYTES + samples * SAMPLE_BYTES
const MAX_ROOM_BYTES = roomFor(MAX_ROOM_SAMPLES)

/** Types of boxes, as they are written for every chunk. */
const typeOf = (name: string): number => Buffer.from(name).readUInt32BE(0)
const MOOF = typeOf('moof')
const MFHD = typeOf('mfhd')
const TRAF = typeOf('traf')
const TFHD = typeOf('tfhd')
const TFDT = typeOf('tfdt')
const TRUN = typeOf('trun')
const MDAT = typeOf('mdat')

/** sample_depends_on and sample_is_non_sync_sample (ISO/IEC 14496-12 §8.6.4.3, §8.8.3.1) */
const KEY_FLAGS = 0x02000000
const DEPENDENT_FLAGS = 0x01010000

/**
 * Lays access units into a slab one behind the other and turns runs of them into chunks. Room for the `moof` is left
 * in front of a chunk, so payload bytes are copied once and a chunk is mostly one piece of memory; as much as the one
 * before took, so that chunks of as many frames follow each other without a gap and a part is mostly one piece too. A chunk that runs over
 * the end of a slab has a second piece, and so has a unit: a key frame is often larger than what is left of a slab.
 */
export class ChunkWriter implements AccessUnitStore {
  bytes: Buffer
  unitStart: number
  end: number
  /** Bytes a slab should hold; a larger unit gets one of its own. */
  slabBytes = MIN_SLAB_BYTES
  readonly #pool: SlabPool
  readonly #timescale: number
  #slab: Slab
  #pieces: Buffer[] = []
  #slabs: Slab[] = []
  /** Of the unit under construction, in earlier slabs. */
  #unitPieces: Buffer[] = []
  #unitSlabs: Slab[] = []
  #unitPieceBytes = 0
  #pieceStart = MAX_ROOM_BYTES
  /** Samples whose header fits in front of the chunk; none where it has to be elsewhere. */
  #roomSamples = MAX_ROOM_SAMPLES
  /** Of the chunk before. */
  #lastCount = 0
  #nextId = 0
  #count = 0
  #chunkBytes = 0
  #startTicks = 0
  #key = false
  readonly #durations = new Uint32Array(MAX_CHUNK_SAMPLES)
  readonly #sizes = new Uint32Array(MAX_CHUNK_SAMPLES)
  readonly #keys = new Uint8Array(MAX_CHUNK_SAMPLES)
  readonly #offsets = new Int32Array(MAX_CHUNK_SAMPLES)

  /** @param timescale of the track, ticks a second; what is said of chunks is always in those of TIMESCALE */
  constructor(pool: SlabPool, timescale: number = TIMESCALE) {
    this.#pool = pool
    this.#timescale = timescale
    this.#slab = pool.take(MIN_SLAB_BYTES)
    this.bytes = this.#slab.bytes
    this.unitStart = MAX_ROOM_BYTES
    this.end = MAX_ROOM_BYTES
  }

  get samples(): number {
    return this.#count
  }

  /** Of those samples. */
  get chunkBytes(): number {
    return this.#chunkBytes
  }

  /** The id the next finished chunk will bear. */
  get nextId(): number {
    return this.#nextId
  }

  get unitBytes(): number {
    return this.#unitPieceBytes + this.end - this.unitStart
  }

  ensure(count: number, from = this.unitStart): boolean {
    if (this.bytes.length - this.end >= count) return true
    if (this.unitBytes + count > MAX_ACCESS_UNIT_BYTES) return false
    const movedBytes = this.end - from
    const old = this.#slab
    const slab = this.#pool.take(
      Math.max(Math.min(this.slabBytes, MAX_SLAB_BYTES), MAX_ROOM_BYTES + GROWTH * (movedBytes + count)),
    )
    old.bytes.copy(slab.bytes, MAX_ROOM_BYTES, from, this.end)
    if (this.unitStart > this.#pieceStart) this.#keepPiece(this.unitStart)
    if (from > this.unitStart) this.#keepUnitPiece(from)
    if (this.#pieces.length === 0 && this.#unitPieces.length === 0) this.#roomSamples = MAX_ROOM_SAMPLES
    old.release()
    this.#slab = slab
    this.bytes = slab.bytes
    this.#pieceStart = MAX_ROOM_BYTES
    this.unitStart = MAX_ROOM_BYTES
    this.end = MAX_ROOM_BYTES + movedBytes
    return true
  }

  drop(): void {
    this.end = this.unitStart
    if (this.#unitPieces.length === 0) return
    for (const slab of this.#unitSlabs) slab.release()
    this.#noUnitPieces()
    if (this.#pieces.length === 0) this.#roomSamples = MAX_ROOM_SAMPLES
  }

  /** Takes the unit in the store as the next sample of the chunk. Durations follow with `setLastDuration`. */
  addSample(decodeTicks: number, compositionOffset: number, key: boolean): void {
    const i = this.#count
    if (i >= MAX_CHUNK_SAMPLES) throw new Error('chunk has too many samples')
    if (i === 0) {
      this.#startTicks = decodeTicks
      this.#key = key
    }
    this.#sizes[i] = this.unitBytes
    this.#chunkBytes += this.unitBytes
    if (this.#unitPieces.length > 0) this.#takeUnitPieces()
    this.#keys[i] = key ? 1 : 0
    this.#offsets[i] = compositionOffset
    this.#durations[i] = 0
    this.#count = i + 1
    this.unitStart = this.end
  }

  setLastDuration(ticks: number): void {
    if (this.#count > 0) this.#durations[this.#count - 1] = Math.max(0, ticks)
  }

  /** Closes the chunk; the caller holds it once. There must be at least one sample. */
  finish(): Chunk {
    let durationTicks = 0
    for (let i = 0; i < this.#count; i++) durationTicks += this.#durations[i] ?? 0
    const facts = {
      id: this.#nextId++,
      startTicks: (this.#startTicks * TIMESCALE) / this.#timescale,
      durationTicks: (durationTicks * TIMESCALE) / this.#timescale,
      independent: this.#key,
      samples: this.#count,
    }
    if (this.unitStart > this.#pieceStart) this.#keepPiece(this.unitStart)
    const chunk = this.#assemble(facts)
    this.#pieces = []
    this.#slabs = []
    // A shorter one at the end of a segment foretells nothing.
    const samples = Math.min(Math.max(this.#count, this.#lastCount), MAX_ROOM_SAMPLES)
    this.#lastCount = this.#count
    this.#count = 0
    this.#chunkBytes = 0
    if (this.end === this.unitStart && this.end + roomFor(samples) < this.bytes.length) {
      this.end += roomFor(samples)
      this.unitStart = this.end
      this.#roomSamples = samples
    } else {
      this.#roomSamples = 0
    }
    this.#pieceStart = this.unitStart
    return chunk
  }

  /** Forgets the unit under construction and unfinished samples. */
  discard(): void {
    this.drop()
    for (const slab of this.#slabs) slab.release()
    this.#slabs = []
    this.#pieces = []
    this.#count = 0
    this.#chunkBytes = 0
    this.#pieceStart = this.unitStart
    this.#roomSamples = 0
  }

  /** Gives the slab back; the writer must not be used after that. */
  close(): void {
    this.discard()
    this.#slab.release()
  }

  #keepPiece(end: number): void {
    this.#pieces.push(this.bytes.subarray(this.#pieceStart, end))
    this.#slabs.push(this.#slab)
    this.#slab.retain()
  }

  #keepUnitPiece(end: number): void {
    this.#unitPieces.push(this.bytes.subarray(this.unitStart, end))
    this.#unitSlabs.push(this.#slab)
    this.#unitPieceBytes += end - this.unitStart
    this.#slab.retain()
  }

  /** The first of them follows the samples before it without a gap. */
  #takeUnitPieces(): void {
    for (const piece of this.#unitPieces) {
      const last = this.#pieces.at(-1)
      const both = last && together(last, piece)
      if (both !== undefined) this.#pieces.pop()
      this.#pieces.push(both ?? piece)
    }
    this.#slabs.push(...this.#unitSlabs)
    this.#noUnitPieces()
  }

  #noUnitPieces(): void {
    this.#unitPieces = []
    this.#unitSlabs = []
    this.#unitPieceBytes = 0
  }

  /** moof and mdat header (14496-12 §8.8), written right before the first piece where there is room. */
  #assemble(facts: Chunk['facts']): Chunk {
    const count = this.#count
    const headerBytes = roomFor(count)
    const moofBytes = headerBytes - 8
    const pieces = this.#pieces
    const [first] = pieces
    if (first === undefined) throw new Error('chunk without samples')
    let payloadBytes = 0
    for (const piece of pieces) payloadBytes += piece.length
    const whole =
      count <= this.#roomSamples
        ? Buffer.from(first.buffer, first.byteOffset - headerBytes, headerBytes + first.length)
        : undefined
    const to = whole ?? Buffer.allocUnsafe(headerBytes)
    let at = header(to, 0, moofBytes, MOOF)
    at = header(to, at, 16, MFHD)
    at = to.writeUInt32BE(0, at)
    at = to.writeUInt32BE((facts.id + 1) >>> 0, at)
    at = header(to, at, moofBytes - 24, TRAF)
    at = header(to, at, 16, TFHD)
    at = to.writeUInt32BE(0x020000, at) // default-base-is-moof
    at = to.writeUInt32BE(TRACK_ID, at)
    at = header(to, at, 20, TFDT)
    at = to.writeUInt32BE(0x01000000, at)
    at = to.writeUInt32BE(Math.floor(this.#startTicks / 2 ** 32), at)
    at = to.writeUInt32BE(this.#startTicks % 2 ** 32, at)
    at = header(to, at, 20 + count * SAMPLE_BYTES, TRUN)
    at = to.writeUInt32BE(0x01000f01, at) // version 1: signed offsets; data offset, duration, size, flags, offset
    at = to.writeUInt32BE(count, at)
    at = to.writeUInt32BE(headerBytes, at)
    for (let i = 0; i < count; i++) {
      at = to.writeUInt32BE(this.#durations[i] ?? 0, at)
      at = to.writeUInt32BE(this.#sizes[i] ?? 0, at)
      at = to.writeUInt32BE(this.#keys[i] === 1 ? KEY_FLAGS : DEPENDENT_FLAGS, at)
      at = to.writeInt32BE(this.#offsets[i] ?? 0, at)
    }
    header(to, at, 8 + payloadBytes, MDAT)
    if (whole === undefined) pieces.unshift(to)
    else pieces[0] = whole
    return new Chunk(facts, pieces, this.#slabs)
  }
}

function header(to: Buffer, at: number, sizeBytes: number, type: number): number {
  return to.writeUInt32BE(type, to.writeUInt32BE(sizeBytes, at))
}
