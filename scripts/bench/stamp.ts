/**
 * The camera's clock in its pictures, so that whoever has a frame in hand, in whatever container and of whichever server,
 * knows its age: an SEI of its own (ITU-T H.264 §D.1.7, user data unregistered) before each frame.
 */

/** Its "UUID": sixteen bytes that occur nowhere else, and no zeros, which would have to be escaped. */
const MARK = 'gridlight-stamp:'
const DIGITS = 13
export const STAMP_BYTES = MARK.length + DIGITS
const UNREGISTERED = 5
const HEAD = Buffer.from([6, UNREGISTERED, STAMP_BYTES])
const STOP = Buffer.from([0x80])

/** A NAL unit whose time is filled in when it is sent. */
export const stampNal = (): Buffer => Buffer.concat([HEAD, Buffer.from(MARK + '0'.repeat(DIGITS)), STOP])

/** @param at where the NAL unit begins */
export function writeStamp(to: Buffer, at: number, nowMs: number): void {
  to.write(String(nowMs), at + HEAD.length + MARK.length, 'latin1')
}

/** @returns when each frame in these bytes was sent, ms since 1970 */
export function stampsOf(bytes: Buffer): number[] {
  const stamps: number[] = []
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + MARK.length)) {
    const sentMs = Number(bytes.toString('latin1', at + MARK.length, at + STAMP_BYTES))
    if (Number.isInteger(sentMs)) stamps.push(sentMs) // MPEG-TS may have cut it in two
  }
  return stamps
}

/** @returns age of each frame in these bytes, ms */
export const agesOf = (bytes: Buffer): number[] => {
  const nowMs = Date.now()
  return stampsOf(bytes).map((sentMs) => nowMs - sentMs)
}
