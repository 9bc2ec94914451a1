import { BitReader } from '../cmaf/bits.ts'
import type { AccessUnitBuilder, NalRules } from './access-unit.ts'

const SEI = 6
const RECOVERY_POINT = 6
const MAX_SEI_MESSAGES = 16
const STAP_A = 24
const FU_A = 28

export const h264Rules: NalRules = {
  headerBytes: 1,
  typeOf: (first) => first & 31,
  isSlice: (type) => type >= 1 && type <= 5,
  isKey: (type) => type === 5,
  setOf: (type) => (type === 7 ? 'sps' : type === 8 ? 'pps' : undefined),
  isRecoveryPoint: (nal) => (nal[0] ?? 0) % 32 === SEI && recoversAtOnce(nal),
  isIntra: (nal) => {
    const reader = new BitReader(nal.subarray(1))
    reader.ue()
    const sliceType = reader.ue() % 5
    return !reader.overrun && (sliceType === 2 || sliceType === 4)
  },
  isDropped: (type) => type === 0 || type === 9 || type === 12 || type > 23,
  setId: (nal, kind) => new BitReader(nal.subarray(kind === 'sps' ? 4 : 1)).ue(),
  hasAllSets: (sets) => sets.sps.length > 0 && sets.pps.length > 0,
  push: pushH264,
}

/** True for a recovery point with recovery_frame_cnt 0 (H.264 §D.1.8): a gradual refresh is no place to start. */
function recoversAtOnce(nal: Buffer): boolean {
  let at = 1
  for (let i = 0; i < MAX_SEI_MESSAGES && at + 2 < nal.length; i++) {
    const type = nal[at] ?? 0
    const size = nal[at + 1] ?? 0
    if (type === 0xff || size === 0xff) return false // longer ones come after it, if at all
    if (type === RECOVERY_POINT) return size > 0 && ((nal[at + 2] ?? 0) & 0x80) !== 0
    at += 2 + size
  }
  return false
}

/**
 * Unpacks one RTP payload (RFC 6184 §5: single NAL unit, STAP-A, FU-A) into the builder. Interleaved mode is not
 * offered by cameras; its packet types are skipped. Any bytes are fine, nothing throws.
 */
function pushH264(builder: AccessUnitBuilder, bytes: Buffer, start: number, end: number): void {
  const first = bytes[start]
  if (first === undefined || start >= end) return
  const type = first & 31
  if (type === FU_A) {
    pushFuA(builder, bytes, start, end)
  } else if (type === STAP_A) {
    builder.pushAggregate(bytes, start + 1, end)
  } else if (type < STAP_A) {
    builder.pushNal(bytes, start, end)
  }
}

/** FU-A (§5.8); start and end in one packet and empty fragments both occur. */
function pushFuA(builder: AccessUnitBuilder, bytes: Buffer, start: number, end: number): void {
  if (end - start < 2) return
  const indicator = bytes[start] ?? 0
  const header = bytes[start + 1] ?? 0
  if ((header & 0x80) !== 0) {
    builder.startNal()
    builder.appendByte((indicator & 0xe0) | (header & 31))
  }
  builder.append(bytes, start + 2, end)
  if ((header & 0x40) !== 0) builder.endNal()
}
