import type { ClockPair, EncodedFrame } from './encoder.ts'

/** Fits an Ethernet frame with IP, TCP and interleaving headers, as cameras do even over TCP. */
const MAX_PAYLOAD_BYTES = 1400
const RTP_HEADER_BYTES = 12
const PREFIX_BYTES = 4
/** Seconds between 1900 and 1970 (RFC 5905 §6). */
const NTP_EPOCH_SECONDS = 2_208_988_800

export interface RtpSenderOptions {
  codec: 'h264' | 'h265'
  payloadType: number
  ssrc: number
  firstSequence: number
  rtpChannel: number
  rtcpChannel: number
  /** Takes one interleaved packet (RFC 2326 §10.12); called once a packet, as cameras write. */
  write: (packet: Buffer) => void
}

/** One client's RTP stream: own SSRC and sequence numbers over frames shared with all others (RFC 3550, 6184, 7798). */
export class RtpSender {
  readonly #options: RtpSenderOptions
  #sequence: number
  #packets = 0
  #octets = 0

  constructor(options: RtpSenderOptions) {
    this.#options = options
    this.#sequence = options.firstSequence
  }

  get nextSequence(): number {
    return this.#sequence
  }

  send({ nalUnits, rtpTime }: EncodedFrame): void {
    for (const [at, unit] of nalUnits.entries()) {
      const last = at === nalUnits.length - 1
      if (unit.length <= MAX_PAYLOAD_BYTES) this.#packet(rtpTime, last, unit)
      else this.#fragments(rtpTime, last, unit)
    }
  }

  /** A sender report (RFC 3550 §6.4.1) with the camera's own clock, and the name it must come with (§6.1). */
  report({ rtpTime, wallMs }: ClockPair): void {
    const { ssrc, rtcpChannel, write } = this.#options
    const name = Buffer.from('camera')
    const chunkBytes = Math.ceil((4 + 2 + name.length + 1) / 4) * 4
    const bytes = Buffer.alloc(PREFIX_BYTES + 28 + 4 + chunkBytes)
    interleave(bytes, rtcpChannel)
    bytes.writeUInt16BE(0x80c8, 4)
    bytes.writeUInt16BE(6, 6)
    bytes.writeUInt32BE(ssrc, 8)
    bytes.writeUInt32BE((Math.floor(wallMs / 1000) + NTP_EPOCH_SECONDS) % 2 ** 32, 12)
    bytes.writeUInt32BE(Math.floor(((((wallMs % 1000) + 1000) % 1000) / 1000) * 2 ** 32), 16)
    bytes.writeUInt32BE(rtpTime, 20)
    bytes.writeUInt32BE(this.#packets % 2 ** 32, 24)
    bytes.writeUInt32BE(this.#octets % 2 ** 32, 28)
    bytes.writeUInt16BE(0x81ca, 32)
    bytes.writeUInt16BE(chunkBytes / 4, 34)
    bytes.writeUInt32BE(ssrc, 36)
    bytes.writeUInt8(1, 40)
    bytes.writeUInt8(name.length, 41)
    name.copy(bytes, 42)
    write(bytes)
  }

  /** FU-A (RFC 6184 §5.8) or FU (RFC 7798 §4.4.3). */
  #fragments(rtpTime: number, lastOfFrame: boolean, unit: Buffer): void {
    const isH264 = this.#options.codec === 'h264'
    const first = unit[0] ?? 0
    const indicator = isH264
      ? Buffer.from([(first & 0xe0) | 28])
      : Buffer.from([(first & 0x81) | (49 << 1), unit[1] ?? 0])
    const type = isH264 ? first & 0x1f : (first >> 1) & 0x3f
    const step = MAX_PAYLOAD_BYTES - indicator.length - 1
    for (let from = indicator.length; from < unit.length; from += step) {
      const piece = unit.subarray(from, from + step)
      const isStart = from === indicator.length
      const isEnd = from + step >= unit.length
      const header = Buffer.from([(isStart ? 0x80 : 0) | (isEnd ? 0x40 : 0) | type])
      this.#packet(rtpTime, lastOfFrame && isEnd, indicator, header, piece)
    }
  }

  #packet(rtpTime: number, marker: boolean, ...payload: Buffer[]): void {
    const { payloadType, ssrc, rtpChannel, write } = this.#options
    const header = Buffer.alloc(PREFIX_BYTES + RTP_HEADER_BYTES)
    header.writeUInt8(0x80, 4)
    header.writeUInt8((marker ? 0x80 : 0) | payloadType, 5)
    header.writeUInt16BE(this.#sequence, 6)
    header.writeUInt32BE(rtpTime, 8)
    header.writeUInt32BE(ssrc, 12)
    const bytes = Buffer.concat([header, ...payload])
    interleave(bytes, rtpChannel)
    this.#sequence = (this.#sequence + 1) & 0xffff
    this.#packets += 1
    this.#octets += bytes.length - PREFIX_BYTES - RTP_HEADER_BYTES
    write(bytes)
  }
}

function interleave(bytes: Buffer, channel: number): void {
  bytes.writeUInt8(0x24, 0)
  bytes.writeUInt8(channel, 1)
  bytes.writeUInt16BE(bytes.length - PREFIX_BYTES, 2)
}
