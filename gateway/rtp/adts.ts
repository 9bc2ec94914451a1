const MIN_HEADER_BYTES = 7
const CRC_BYTES = 2

/**
 * The raw AAC frame of an ADTS frame (ISO/IEC 14496-3 §1.A.2.2): from `start` to `end`, which may lie past what is there.
 * @returns undefined where no ADTS frame begins
 */
export function adtsFrameAt(bytes: Buffer, at: number, limit: number): { start: number; end: number } | undefined {
  if (at + MIN_HEADER_BYTES > limit) return undefined
  const second = bytes[at + 1] ?? 0
  if (bytes[at] !== 0xff || (second & 0xf6) !== 0xf0) return undefined
  const frameBytes = (((bytes[at + 3] ?? 0) & 3) << 11) | ((bytes[at + 4] ?? 0) << 3) | ((bytes[at + 5] ?? 0) >> 5)
  const start = at + MIN_HEADER_BYTES + ((second & 1) === 0 ? CRC_BYTES : 0)
  return at + frameBytes <= start ? undefined : { start, end: at + frameBytes }
}
