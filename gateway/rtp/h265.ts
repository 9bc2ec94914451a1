import { BitReader } from '../cmaf/bits.ts'
import type { AccessUnitBuilder, NalRules } from './access-unit.ts'

const AGGREGATION = 48
const FRAGMENTATION = 49

export const h265Rules: NalRules = {
  headerBytes: 2,
  typeOf: (first) => (first >> 1) & 63,
  isSlice: (type) => type < 32,
  isKey: (type) => type >= 16 && type <= 21, // IRAP (H.265 §7.4.2.2)
  setOf: (type) => (type === 32 ? 'vps' : type === 33 ? 'sps' : type === 34 ? 'pps' : undefined),
  isDropped: (type) => type === 35 || type === 38 || type > 47,
  setId: (nal, kind) => {
    if (kind === 'pps') return new BitReader(nal.subarray(2)).ue()
    return kind === 'vps' ? (nal[2] ?? 0) >> 4 : 0 // one sequence parameter set is active
  },
  hasAllSets: (sets) => sets.vps.length > 0 && sets.sps.length > 0 && sets.pps.length > 0,
  push: pushH265,
}

/** Unpacks one RTP payload (RFC 7798 §4.4: single NAL unit, AP, FU; without DONL, which needs interleaving). */
function pushH265(builder: AccessUnitBuilder, bytes: Buffer, start: number, end: number): void {
  if (end - start < 3) return
  const type = ((bytes[start] ?? 0) >> 1) & 63
  if (type === FRAGMENTATION) {
    const header = bytes[start + 2] ?? 0
    if ((header & 0x80) !== 0) {
      builder.startNal()
      builder.appendByte(((bytes[start] ?? 0) & 0x81) | ((header & 63) << 1))
      builder.appendByte(bytes[start + 1] ?? 0)
    }
    builder.append(bytes, start + 3, end)
    if ((header & 0x40) !== 0) builder.endNal()
  } else if (type === AGGREGATION) {
    builder.pushAggregate(bytes, start + 2, end)
  } else if (type < AGGREGATION) {
    builder.pushNal(bytes, start, end)
  }
}
