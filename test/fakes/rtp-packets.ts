const MTU_BYTES = 1400

export interface PacketOptions {
  payloadType?: number
  ssrc?: number
  /** Channel of the interleaved frame. */
  channel?: number
}

/** One RTP packet (RFC 3550 §5.1). */
export function rtpPacket(
  sequence: number,
  timestamp: number,
  marker: boolean,
  payload: Buffer,
  options: PacketOptions = {},
): Buffer {
  const head = Buffer.alloc(12)
  head[0] = 0x80
  head[1] = (marker ? 0x80 : 0) | (options.payloadType ?? 96)
  head.writeUInt16BE(sequence & 0xffff, 2)
  head.writeUInt32BE(timestamp >>> 0, 4)
  head.writeUInt32BE(options.ssrc ?? 0x1234, 8)
  return Buffer.concat([head, payload])
}

export function interleaved(packet: Buffer, channel = 0): Buffer {
  const head = Buffer.from([0x24, channel, 0, 0])
  head.writeUInt16BE(packet.length, 2)
  return Buffer.concat([head, packet])
}

/** Payloads for the NAL units of one access unit: single NAL unit or fragments (RFC 6184 §5.6, §5.8; RFC 7798 §4.4). */
export function payloads(codec: 'h264' | 'h265', nals: readonly Buffer[]): Buffer[] {
  return nals.flatMap((nal) => (nal.length <= MTU_BYTES ? [nal] : fragments(codec, nal)))
}

function fragments(codec: 'h264' | 'h265', nal: Buffer): Buffer[] {
  const headBytes = codec === 'h264' ? 1 : 2
  const first = nal[0] ?? 0
  const type = codec === 'h264' ? first & 31 : (first >> 1) & 63
  const indicator = codec === 'h264' ? [(first & 0xe0) | 28] : [(first & 0x81) | (49 << 1), nal[1] ?? 0]
  const out: Buffer[] = []
  for (let at = headBytes; at < nal.length; at += MTU_BYTES) {
    const start = at === headBytes ? 0x80 : 0
    const end = at + MTU_BYTES >= nal.length ? 0x40 : 0
    out.push(Buffer.concat([Buffer.from([...indicator, start | end | type]), nal.subarray(at, at + MTU_BYTES)]))
  }
  return out
}

/** A compound RTCP packet: an empty receiver report, then a sender report without blocks (RFC 3550 §6.4). */
export function senderReport(rtpTime: number, wallMs: number, ssrc = 0x1234): Buffer {
  const report = Buffer.alloc(8 + 28)
  report.writeUInt32BE(0x80c90001, 0)
  report.writeUInt32BE(0x80c80006, 8)
  report.writeUInt32BE(ssrc, 12)
  const since1900 = wallMs / 1000 + 2_208_988_800
  report.writeUInt32BE(Math.floor(since1900) % 2 ** 32, 16)
  report.writeUInt32BE(Math.floor((since1900 % 1) * 2 ** 32), 20)
  report.writeUInt32BE(rtpTime >>> 0, 24)
  return report
}
