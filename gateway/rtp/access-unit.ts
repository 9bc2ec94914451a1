import type { AccessUnitSink, AccessUnitStore, Depacketiser, ParameterSets } from '../media.ts'

/** One codec's view of a NAL unit header. */
export interface NalRules {
  headerBytes: number
  /** @param first first byte of the NAL unit */
  typeOf(first: number): number
  isSlice(type: number): boolean
  isKey(type: number): boolean
  /** Which set it is, for `ParameterSets`. */
  setOf(type: number): keyof ParameterSets | undefined
  /** SEI that says that decoding can start with the intra picture after it (an open group of pictures). */
  isRecoveryPoint?(nal: Buffer): boolean
  /** A slice that needs no other picture. @param nal its first bytes at least */
  isIntra?(nal: Buffer): boolean
  /** Delimiters and filler carry nothing a decoder of CMAF needs. */
  isDropped(type: number): boolean
  /** Identifier by which a new set replaces an old one of its kind. */
  setId(nal: Buffer, kind: keyof ParameterSets): number
  hasAllSets(sets: ParameterSets): boolean
  /** Unpacks one payload into the builder. */
  push(builder: AccessUnitBuilder, bytes: Buffer, start: number, end: number): void
}

const MAX_PARAMETER_SET_BYTES = 4096
const MAX_SETS_OF_A_KIND = 16
/** Parameter sets, delimiter, SEI and a slice or two. */
const MAX_NALS_OF_A_PACKET = 32
/** first_mb_in_slice and slice_type, Exp-Golomb codes. */
const SLICE_START_BYTES = 16
const START_CODE = Buffer.from([0, 0, 1])

/**
 * Groups NAL units into access units. A unit ends at the marker bit or when the timestamp changes, but never before its
 * first slice: cameras set markers and old timestamps on parameter sets and SEI (XM, Reolink).
 * After a loss nothing passes until the next key frame.
 */
export class AccessUnitBuilder implements Depacketiser {
  readonly store: AccessUnitStore
  readonly #sink: AccessUnitSink
  readonly #rules: NalRules
  #sets: ParameterSets
  #pending: ParameterSets | undefined
  #ticks = 0
  /** Where the NAL unit under way begins in `#nalBytes`, with its length; -1 if there is none. */
  #nalStart = -1
  #nalBytes: Buffer
  /** Bytes of the access unit before it. */
  #nalAt = 0
  #hasSlice = false
  #key = false
  /** The unit under way has a recovery point before its first slice. */
  #recovers = false
  #broken = false
  #waitForKey = true
  #markerLies = false
  #setsFromSdp = false
  #markedTicks: number | undefined

  constructor(rules: NalRules, sets: ParameterSets, store: AccessUnitStore, sink: AccessUnitSink) {
    this.#rules = rules
    this.#sets = { vps: [], sps: [], pps: [] }
    this.store = store
    this.#nalBytes = store.bytes
    this.#sink = sink
    for (const nal of [...sets.vps, ...sets.sps, ...sets.pps]) this.#takeSet(nal)
    this.#setsFromSdp = true
  }

  /** Call before the NAL units of a packet. */
  startPacket(ticks: number): void {
    if (ticks === this.#ticks) return
    if (this.#nalStart >= 0) this.lost() // the end of a fragmented NAL unit never came
    if (this.#hasSlice) this.#complete()
    this.#ticks = ticks
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.#rules.push(this, bytes, start, end)
  }

  /** Call after the NAL units of a packet whose marker bit is set. */
  endOfPicture(): void {
    if (!this.#hasSlice || this.#nalStart >= 0 || this.#markerLies) return
    this.#complete()
    this.#markedTicks = this.#ticks
  }

  /** A whole NAL unit. */
  pushNal(bytes: Buffer, start: number, end: number): void {
    const at = afterStartCode(bytes, start)
    if (at >= end) return
    this.startNal()
    this.append(bytes, at, end)
    this.endNal()
  }

  /** NAL units one after the other, each behind its size in two bytes (STAP-A, AP). */
  pushAggregate(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at + 2 < end) {
      const size = bytes.readUInt16BE(at)
      at += 2
      if (size === 0) continue // padding
      if (at + size > end) return
      this.pushNal(bytes, at, at + size)
      at += size
    }
  }

  /** Opens a NAL unit with a length to be filled in. */
  startNal(): void {
    if (this.#nalStart >= 0) this.lost() // the fragment with the end bit was lost
    const { store } = this
    if (!store.ensure(4, store.end)) {
      this.lost()
      return
    }
    this.#nalAt = store.unitBytes
    this.#nalBytes = store.bytes
    this.#nalStart = store.end
    store.end += 4
  }

  get inNal(): boolean {
    return this.#nalStart >= 0
  }

  append(bytes: Buffer, start: number, end: number): void {
    const store = this.store
    if (this.#nalStart < 0 || !this.#makeRoom(end - start)) return
    bytes.copy(store.bytes, store.end, start, end)
    store.end += end - start
  }

  appendByte(value: number): void {
    const store = this.store
    if (this.#nalStart < 0 || !this.#makeRoom(1)) return
    store.bytes[store.end++] = value
  }

  /** A slice may go on in another block of memory, once what is looked at of it is in one; others move as a whole. */
  #makeRoom(count: number): boolean {
    const store = this.store
    if (store.bytes.length - store.end >= count) return true
    const content = this.#nalStart + 4
    const isSlice = this.#rules.isSlice(this.#rules.typeOf(this.#nalBytes[content] ?? 0))
    const stays = isSlice && store.unitBytes - this.#nalAt >= 4 + SLICE_START_BYTES
    if (!store.ensure(count, stays ? store.end : this.#nalStart)) {
      this.lost()
      return false
    }
    if (!stays) {
      this.#nalStart = store.unitStart
      this.#nalBytes = store.bytes
    }
    return true
  }

  endNal(): void {
    if (this.#nalStart < 0) return
    const { store } = this
    const start = this.#nalStart
    this.#nalStart = -1
    const length = store.unitBytes - this.#nalAt - 4
    const type = this.#rules.typeOf(this.#nalBytes[start + 4] ?? 0)
    if (length < this.#rules.headerBytes + 1 && !this.#rules.isDropped(type)) {
      store.end = start // empty
    } else if (this.#rules.isSlice(type)) {
      this.#slice(type, start, length)
    } else {
      this.#other(start, start + 4)
    }
  }

  /** Bytes are missing: the unit is given up and so is everything up to the next key frame. */
  lost(): void {
    this.#nalStart = -1
    this.#recovers = false
    this.#broken = true
    this.store.drop()
    if (this.#waitForKey) return
    this.#waitForKey = true
    this.#sink.gap?.()
  }

  #slice(type: number, start: number, length: number): void {
    // A slice that does not start at the first block, after a marker at the same time: the marker was no end.
    const startsPicture = ((this.#nalBytes[start + 4 + this.#rules.headerBytes] ?? 0) & 0x80) !== 0
    if (!this.#hasSlice) {
      this.#broken = false
      if (!startsPicture) {
        if (this.#markedTicks === this.#ticks) this.#markerLies = true
        this.#hasSlice = true
        this.lost()
        return
      }
      this.#key = this.#rules.isKey(type) || (this.#recovers && this.#startsIntra(start + 4, length))
      this.#hasSlice = true
    }
    if (this.#broken || (this.#waitForKey && !this.#key)) this.store.drop()
    else this.#nalBytes.writeUInt32BE(length, start)
  }

  #startsIntra(content: number, length: number): boolean {
    const start = this.#nalBytes.subarray(content, content + Math.min(length, SLICE_START_BYTES))
    return this.#rules.isIntra?.(start) === true
  }

  /** Parameter sets, SEI and the like; some cameras pack several, with start codes between them, into one. */
  #other(start: number, content: number): void {
    const { store } = this
    const all = store.bytes.subarray(content, store.end)
    const split = all.indexOf(START_CODE)
    if (split < 0) {
      store.end = this.#keepOther(all) ? store.end : start
      if (store.end > start) store.bytes.writeUInt32BE(store.end - content, start)
      return
    }
    const nals = splitAnnexB(Buffer.from(all)).slice(0, MAX_NALS_OF_A_PACKET)
    store.end = start
    for (const nal of nals) {
      this.startNal()
      this.append(nal, 0, nal.length)
      this.endNal()
    }
  }

  #keepOther(nal: Buffer): boolean {
    const type = this.#rules.typeOf(nal[0] ?? 0)
    if (this.#rules.setOf(type) !== undefined) {
      this.#takeSet(nal)
      return false
    }
    if (this.#rules.isRecoveryPoint?.(nal) === true) this.#recovers = true
    return !this.#rules.isDropped(type)
  }

  /** Equal sets repeated at every key frame are no change. */
  #takeSet(untrimmed: Buffer): void {
    const nal = trimZeros(untrimmed)
    const kind = this.#rules.setOf(this.#rules.typeOf(nal[0] ?? 0))
    if (kind === undefined || nal.length <= this.#rules.headerBytes || nal.length > MAX_PARAMETER_SET_BYTES) return
    let sets = this.#pending ?? this.#sets
    if (sets[kind].some((known) => known.equals(nal))) return
    if (this.#setsFromSdp && kind !== 'pps') {
      sets = { ...sets, sps: [] } // SDP told nonsense (VStarcam)
      this.#setsFromSdp = false
    }
    const list = sets[kind]
    const copy = Buffer.from(nal)
    const id = this.#rules.setId(copy, kind)
    const replaced = list.findIndex((known) => this.#rules.setId(known, kind) === id)
    const next = replaced < 0 ? [...list, copy].slice(-MAX_SETS_OF_A_KIND) : list.with(replaced, copy)
    this.#pending = { ...sets, [kind]: next }
  }

  #complete(): void {
    const { store } = this
    const broken = this.#broken || this.#nalStart >= 0
    const key = this.#key
    this.#hasSlice = false
    this.#key = false
    this.#recovers = false
    this.#broken = false
    this.#nalStart = -1
    this.#markedTicks = undefined
    if (this.#pending !== undefined && (key || this.#waitForKey)) {
      this.#sets = this.#pending
      this.#pending = undefined
    }
    if (broken) this.#waitForKey = true
    if (broken || (this.#waitForKey && !key) || !this.#rules.hasAllSets(this.#sets)) {
      store.drop()
      return
    }
    const afterGap = this.#waitForKey
    this.#waitForKey = false
    this.#sink.accessUnit(this.#ticks, key, this.#sets, afterGap)
    store.drop() // whatever the sink did not keep
  }
}

/** An Annex B start code in front of a NAL unit, against RFC 6184 and RFC 7798 but seen; no NAL unit begins with two zeros. */
function afterStartCode(bytes: Buffer, start: number): number {
  if (bytes[start] !== 0 || bytes[start + 1] !== 0) return start
  if (bytes[start + 2] === 1) return start + 3
  return bytes[start + 2] === 0 && bytes[start + 3] === 1 ? start + 4 : start
}

/** NAL units of an Annex B byte stream (H.264 §B.1), without start codes and trailing zeros. */
export function splitAnnexB(bytes: Buffer): Buffer[] {
  const nals: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const next = bytes.indexOf(START_CODE, at)
    const nal = trimZeros(bytes.subarray(at, next < 0 ? bytes.length : next))
    if (nal.length > 0) nals.push(nal)
    at = next < 0 ? bytes.length : next + START_CODE.length
  }
  return nals
}

function trimZeros(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}
