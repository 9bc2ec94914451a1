import { SENDER_REPORT, SENDER_REPORT_BYTES } from './rtcp.ts'

const RECEIVER_REPORT = 201
const SOURCE_DESCRIPTION = 202
const REPORT_BYTES = 32
const MAX_CUMULATIVE_LOST = 0x7f_ffff
/** An older packet within this distance is a late copy. */
const MAX_LATE_PACKETS = 1_000

/** What a receiver tells the sender of how its packets come (RFC 3550 §6.4.2, §A.3, §A.8); some cameras stop without. */
export class Reception {
  readonly #clockRate: number
  readonly #ssrc: number
  #sender: number | undefined
  #first = 0
  #highest = 0
  #received = 0
  #expectedBefore = 0
  #receivedBefore = 0
  #transit: number | undefined
  #jitter = 0
  #lastReport = 0
  #lastReportAtMs = 0

  /** @param ssrc ours, random */
  constructor(clockRate: number, ssrc: number) {
    this.#clockRate = clockRate
    this.#ssrc = ssrc >>> 0
  }

  packet(bytes: Buffer, nowMs: number): void {
    if (bytes.length < 12) return
    const sequence = bytes.readUInt16BE(2)
    const sender = bytes.readUInt32BE(8)
    const step = (sequence - this.#highest) & 0xffff
    if (sender !== this.#sender) this.#begin(sender, sequence)
    else if (step < 0x8000) this.#highest += step
    else if (step < 0x10000 - MAX_LATE_PACKETS) this.#begin(sender, sequence)
    this.#received++
    const transit = (nowMs * this.#clockRate) / 1000 - bytes.readUInt32BE(4)
    const change = Math.abs(transit - (this.#transit ?? transit))
    if (change < this.#clockRate) this.#jitter += (change - this.#jitter) / 16 // not a wrap or a clock that was set
    this.#transit = transit
  }

  /** An RTCP packet of the sender: its time comes back in our next report. */
  control(bytes: Buffer, nowMs: number): void {
    if (bytes.length < SENDER_REPORT_BYTES || bytes[1] !== SENDER_REPORT) return
    this.#lastReport = ((bytes.readUInt16BE(10) << 16) | bytes.readUInt16BE(12)) >>> 0
    this.#lastReportAtMs = nowMs
  }

  /** A receiver report and the source description that must go with it (§6.1); undefined before the first packet. */
  report(nowMs: number): Buffer | undefined {
    if (this.#sender === undefined) return undefined
    const expected = this.#highest - this.#first + 1
    const expectedNow = expected - this.#expectedBefore
    const lostNow = expectedNow - (this.#received - this.#receivedBefore)
    this.#expectedBefore = expected
    this.#receivedBefore = this.#received
    const fraction = expectedNow > 0 && lostNow > 0 ? Math.min(255, Math.floor((lostNow * 256) / expectedNow)) : 0
    const lost = Math.min(MAX_CUMULATIVE_LOST, Math.max(0, expected - this.#received))
    const name = Buffer.from(this.#ssrc.toString(16).padStart(8, '0'), 'latin1')
    const bytes = Buffer.alloc(REPORT_BYTES + 8 + 12)
    bytes.writeUInt16BE(0x8100 | RECEIVER_REPORT, 0)
    bytes.writeUInt16BE(REPORT_BYTES / 4 - 1, 2)
    bytes.writeUInt32BE(this.#ssrc, 4)
    bytes.writeUInt32BE(this.#sender, 8)
    bytes.writeUInt32BE(((fraction << 24) | lost) >>> 0, 12)
    bytes.writeUInt32BE(this.#highest >>> 0, 16)
    bytes.writeUInt32BE(Math.floor(this.#jitter), 20)
    bytes.writeUInt32BE(this.#lastReport, 24)
    const delay = this.#lastReport === 0 ? 0 : Math.floor(((nowMs - this.#lastReportAtMs) * 65_536) / 1000)
    bytes.writeUInt32BE(delay >>> 0, 28)
    bytes.writeUInt16BE(0x8100 | SOURCE_DESCRIPTION, 32)
    bytes.writeUInt16BE(4, 34)
    bytes.writeUInt32BE(this.#ssrc, 36)
    bytes[40] = 1 // CNAME
    bytes[41] = name.length
    name.copy(bytes, 42) // two zeros end the list
    return bytes
  }

  #begin(sender: number, sequence: number): void {
    this.#sender = sender
    this.#first = sequence
    this.#highest = sequence
    this.#received = 0
    this.#expectedBefore = 0
    this.#receivedBefore = 0
    this.#transit = undefined
    this.#jitter = 0
  }
}
