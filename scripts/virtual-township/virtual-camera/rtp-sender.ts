import type { ClockPair } from './encoder.ts'

const RTP_HEADER_BYTES = 12
const PREFIX_BYTES = 4
/** Seconds between 1900 and 1970 (RFC 5905 §6). */
const NTP_EPOCH_SECONDS = 2_208_988_800

export interface RtpSenderOptions {
  payloadType: number
  ssrc: number
  firstSequence: number
  rtpChannel: number
  rtcpChannel: number
  /** Takes one interleaved packet (RFC 2326 §10.12); called once a packet, as cameras write. */
  write: (packet: Buffer) => void
}

/** One client's RTP stream: own SSRC and sequence numbers over payloads shared with all others (RFC 3550). */
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

  /** @param payload its pieces, one behind the other */
  packet(rtpTime: number, marker: boolean, ...payload: Buffer[]): void {
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
