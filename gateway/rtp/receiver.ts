import type { Depacketiser } from '../media.ts'
import { findSenderReport, type SenderReport } from './rtcp.ts'
import { Timeline } from './timeline.ts'

/** An older packet within this distance is a late copy; further back the sender began anew. */
const MAX_LATE_PACKETS = 100

/** RTP packets of one track (RFC 3550 §5.1) in, their payloads in order and time out; allocates nothing per packet. */
export class RtpReceiver {
  readonly #to: Depacketiser
  readonly #payloadType: number
  readonly #timeline: Timeline
  readonly #clockRate: number
  #nextSequence = -1
  #ssrc = -1
  #lastTime = -1
  #ticks = 0
  #lostPackets = 0
  #receivedPackets = 0
  #report: SenderReport | undefined
  #originMs: number | undefined

  constructor({ payloadType, clockRate }: { payloadType: number; clockRate: number }, to: Depacketiser) {
    this.#to = to
    this.#payloadType = payloadType
    this.#timeline = new Timeline(clockRate)
    this.#clockRate = clockRate
  }

  get lostPackets(): number {
    return this.#lostPackets
  }

  get receivedPackets(): number {
    return this.#receivedPackets
  }

  /** Wall clock of media time zero by the camera's own clock, ms since 1970; undefined until a sender report told. */
  get originMs(): number | undefined {
    return this.#originMs
  }

  /** An RTCP packet that came beside the media. */
  report(bytes: Buffer, start: number, end: number): void {
    this.#report = findSenderReport(bytes, start, end) ?? this.#report
    this.#applyReport()
  }

  /** A report may come before the first packet; after that it is used once, since timestamps wrap and jump. */
  #applyReport(): void {
    const ticks = this.#report && this.#timeline.at(this.#report.rtpTime)
    if (this.#report === undefined || ticks === undefined) return
    this.#originMs = this.#report.wallMs - (ticks * 1000) / this.#clockRate
    this.#report = undefined
  }

  /** @returns true if the packet was taken; malformed, foreign and late ones are not */
  packet(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < 12) return false
    const first = bytes[start] ?? 0
    const second = bytes[start + 1] ?? 0
    if (first >> 6 !== 2 || (second & 127) !== this.#payloadType) return false
    let at = start + 12 + (first & 15) * 4
    if ((first & 0x10) !== 0) {
      if (at + 4 > end) return false
      at += 4 + bytes.readUInt16BE(at + 2) * 4
    }
    let last = end
    if ((first & 0x20) !== 0) last -= bytes[end - 1] ?? 0
    if (at > last) return false
    if (!this.#inOrder(bytes.readUInt16BE(start + 2), bytes.readUInt32BE(start + 8))) return false
    this.#receivedPackets++
    this.#time(bytes.readUInt32BE(start + 4))
    this.#to.startPacket(this.#ticks)
    this.#to.push(bytes, at, last)
    if ((second & 0x80) !== 0) this.#to.endOfPicture()
    return true
  }

  #inOrder(sequence: number, ssrc: number): boolean {
    if (this.#nextSequence >= 0 && sequence !== this.#nextSequence) {
      const gap = (sequence - this.#nextSequence) & 0xffff
      const sameSender = ssrc === this.#ssrc
      if (sameSender && gap >= 0x10000 - MAX_LATE_PACKETS) return false
      if (sameSender && gap < 0x8000) this.#lostPackets += gap
      this.#to.lost()
    }
    this.#nextSequence = (sequence + 1) & 0xffff
    this.#ssrc = ssrc
    return true
  }

  #time(rtpTime: number): void {
    if (rtpTime === this.#lastTime) return
    this.#lastTime = rtpTime
    const ticks = this.#timeline.unwrap(rtpTime)
    if (ticks === 'jump') {
      this.#to.lost()
      this.#originMs = undefined
    }
    this.#applyReport()
    this.#ticks = ticks === 'jump' ? this.#timeline.ticks + 1 : ticks
  }
}
