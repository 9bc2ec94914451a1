/** ITU-T T.81 Annex B: markers. */
const START_OF_IMAGE = 0xd8
const END_OF_IMAGE = 0xd9
const START_OF_SCAN = 0xda
const [FIRST_APPLICATION, LAST_APPLICATION] = [0xe1, 0xef]
const COMMENT = 0xfe

/**
 * A JPEG without the segments that cameras and phones write about themselves (EXIF with the place, maker notes,
 * comments); the picture is untouched. @returns undefined where the bytes are no whole JPEG; never throws
 */
export function withoutMetadata(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== START_OF_IMAGE) return undefined
  const kept: Uint8Array[] = [bytes.subarray(0, 2)]
  let at = 2
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    if (marker === START_OF_SCAN) {
      const isWhole = bytes.at(-2) === 0xff && bytes.at(-1) === END_OF_IMAGE
      return isWhole ? Buffer.concat([...kept, bytes.subarray(at)]) : undefined
    }
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
    const end = at + 2 + length
    if (length < 2 || end > bytes.length) return undefined
    const isTelling = (marker >= FIRST_APPLICATION && marker <= LAST_APPLICATION) || marker === COMMENT
    if (!isTelling) kept.push(bytes.subarray(at, end))
    at = end
  }
  return undefined
}
