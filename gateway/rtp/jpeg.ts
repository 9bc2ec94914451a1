import {
  type AccessUnitSink,
  type AccessUnitStore,
  type Depacketiser,
  MAX_JPEG_SIDE,
  type ParameterSets,
} from '../media.ts'
import { jpegHeader, tablesOf } from './jpeg-header.ts'

const MAIN_HEADER_BYTES = 8
const RESTART_HEADER_BYTES = 4
/** Two tables of 16 bit. */
const MAX_TABLES_BYTES = 256
const EOI = Buffer.from([0xff, 0xd9])

/**
 * JPEG pictures of RTP (RFC 2435), each with the headers that RTP leaves out. Every picture is a key frame, so one with a
 * missing part is left out and nothing else. Pictures wider or higher than 2040 have no size here and are left out.
 */
export class JpegFrames implements Depacketiser {
  readonly #store: AccessUnitStore
  readonly #sink: AccessUnitSink
  /** Tables that were sent for a quality of 128 to 254 and hold on (§4.2). */
  readonly #known = new Map<number, readonly Buffer[]>()
  #ticks = 0
  /** Bytes of the scan that are here; undefined while no picture is under way. */
  #scanBytes: number | undefined
  #size = 0
  #sets: ParameterSets = { vps: [], sps: [], pps: [] }
  #afterGap = false

  constructor(store: AccessUnitStore, sink: AccessUnitSink) {
    this.#store = store
    this.#sink = sink
  }

  startPacket(ticks: number): void {
    if (ticks !== this.#ticks) this.#complete() // the marker was lost or never set
    this.#ticks = ticks
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (end - start < MAIN_HEADER_BYTES) return
    const offset = bytes.readUIntBE(start + 1, 3)
    const type = bytes[start + 4] ?? 0
    let at = start + MAIN_HEADER_BYTES
    let restartInterval = 0
    if (type >= 64) {
      if (at + RESTART_HEADER_BYTES > end) return
      restartInterval = bytes.readUInt16BE(at)
      at += RESTART_HEADER_BYTES
    }
    if (offset === 0) {
      this.#drop() // whatever was under way has lost its end
      const tables = this.#tables(bytes, start, at, end)
      const width = (bytes[start + 6] ?? 0) * 8
      const height = (bytes[start + 7] ?? 0) * 8
      if (tables === undefined || (type & 0xbe) !== 0 || width === 0 || height === 0) return
      at = tables.end
      const subsampling = (type & 1) === 0 ? 0 : 1
      this.#begin(jpegHeader({ subsampling, width, height, tables: tables.tables, restartInterval }), width, height)
    }
    if (this.#scanBytes !== offset) {
      if (this.#scanBytes !== undefined) this.#drop()
      return
    }
    if (this.#write(bytes, at, end)) this.#scanBytes += end - at
  }

  endOfPicture(): void {
    this.#complete()
  }

  lost(): void {
    this.#drop()
    this.#afterGap = true
  }

  #begin(header: Buffer, width: number, height: number): void {
    if (!this.#write(header, 0, header.length)) return
    this.#scanBytes = 0
    const size = width * (MAX_JPEG_SIDE + 1) + height
    if (size === this.#size) return
    this.#size = size
    const sps = Buffer.alloc(4)
    sps.writeUInt16BE(width, 0)
    sps.writeUInt16BE(height, 2)
    this.#sets = { vps: [], sps: [sps], pps: [] }
  }

  #tables(
    bytes: Buffer,
    start: number,
    at: number,
    end: number,
  ): { tables: readonly Buffer[]; end: number } | undefined {
    const quality = bytes[start + 5] ?? 0
    if (quality < 128) return quality === 0 || quality > 99 ? undefined : { tables: tablesOf(quality), end: at }
    if (at + 4 > end) return undefined
    const precision = bytes[at + 1] ?? 0
    const length = bytes.readUInt16BE(at + 2)
    const from = at + 4
    if (length > MAX_TABLES_BYTES || from + length > end) return undefined
    const known = this.#known.get(quality)
    if (length === 0) return known === undefined || quality === 255 ? undefined : { tables: known, end: from }
    const tables: Buffer[] = []
    for (let next = from; next < from + length && tables.length < 2; ) {
      const size = ((precision >> tables.length) & 1) === 0 ? 64 : 128
      if (next + size > from + length) return undefined
      tables.push(Buffer.from(bytes.subarray(next, next + size)))
      next += size
    }
    if (quality < 255) this.#known.set(quality, tables)
    return { tables, end: from + length }
  }

  #write(bytes: Buffer, start: number, end: number): boolean {
    const store = this.#store
    if (!store.ensure(end - start)) {
      this.#drop()
      return false
    }
    bytes.copy(store.bytes, store.end, start, end)
    store.end += end - start
    return true
  }

  #complete(): void {
    const store = this.#store
    if (this.#scanBytes === undefined) return
    const hasEnd = store.bytes[store.end - 2] === 0xff && store.bytes[store.end - 1] === 0xd9
    const isWhole = this.#scanBytes > 0 && (hasEnd || this.#write(EOI, 0, EOI.length))
    this.#scanBytes = undefined
    if (isWhole) {
      this.#sink.accessUnit(this.#ticks, true, this.#sets, this.#afterGap)
      this.#afterGap = false
    }
    store.drop() // whatever the sink did not keep
  }

  #drop(): void {
    this.#scanBytes = undefined
    this.#store.drop()
  }
}
