export const SENDER_REPORT = 200
export const SENDER_REPORT_BYTES = 28
/** Between the NTP epoch (1900) and ours, seconds. */
const NTP_TO_UNIX_S = 2_208_988_800
const ERA_S = 2 ** 32

/** Which wall clock time an RTP timestamp stands for, by the camera's own clock. */
export interface SenderReport {
  rtpTime: number
  /** Milliseconds since 1970. */
  wallMs: number
}

/**
 * The sender report of a compound RTCP packet (RFC 3550 §6.1, §6.4.1). Times before 1968 are those of the era after
 * 2036 (RFC 4330 §3). @returns undefined if there is none, or if the camera does not know the time
 */
export function findSenderReport(bytes: Buffer, start: number, end: number): SenderReport | undefined {
  for (let at = start; at + 4 <= end; ) {
    if ((bytes[at] ?? 0) >> 6 !== 2) return undefined
    const next = at + 4 + bytes.readUInt16BE(at + 2) * 4
    if (bytes[at + 1] === SENDER_REPORT && at + SENDER_REPORT_BYTES <= Math.min(next, end)) {
      const seconds = bytes.readUInt32BE(at + 8)
      if (seconds === 0) return undefined
      const since1900 = seconds < ERA_S / 2 ? seconds + ERA_S : seconds
      const fraction = bytes.readUInt32BE(at + 12) / ERA_S
      return { rtpTime: bytes.readUInt32BE(at + 16), wallMs: (since1900 - NTP_TO_UNIX_S + fraction) * 1000 }
    }
    at = next
  }
  return undefined
}
