/**
 * Frames of ANSI/SIA DC-09, the protocol that alarm panels report over IP; sections are those of the edition of 2013:
 * LF, CRC, length, `"id"`, sequence, receiver, line, account, `[data]`, timestamp, CR.
 */

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
/** The length has three hexadecimal digits behind a zero (§5.5.1.3). */
export const MAX_BODY_BYTES = 0xfff
/** LF, a CRC of four characters, the length, the body and CR. */
export const MAX_FRAME_BYTES = MAX_BODY_BYTES + 10

export interface Frame {
  /** `SIA-DCS`, `ADM-CID`, `NULL` and others; without the `*` that marks encryption. */
  id: string
  isEncrypted: boolean
  /** 1 to 9999; 0 where the panel does not count. */
  sequence: number
  /** As sent, such as `R1`; empty where absent. An acknowledgement repeats it. */
  receiver: string
  line: string
  /** 3 to 16 characters. */
  account: string
  /** Between the bracket and the end, still encrypted where `isEncrypted`; with the timestamp. */
  rest: Buffer
}

export type ParsedFrame =
  | { ok: true; frame: Frame }
  /** `silent`: damaged on its way, so nobody answers and the panel sends it again (§5.5.1.2). */
  | { ok: false; why: string; answer: 'silent' | 'duh' }

/** CRC-16 with the polynomial 0x8005, bits reflected, beginning with 0 (§5.5.1.2). */
export function crcOf(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1
  }
  return crc
}

const HEAD =
  /^"(\*?)([A-Z]{3}(?:-[A-Z0-9]{1,8})?|NULL)"(\d{4})(R[0-9A-Fa-f]{1,6})?(L[0-9A-Fa-f]{0,6})#([0-9A-Za-z]{3,16})\[/

/** One frame from LF to before CR. Never throws. */
export function parseFrame(bytes: Buffer): ParsedFrame {
  const start = bytes.indexOf(QUOTE)
  if (bytes[0] !== LF || (start !== 9 && start !== 7)) return damaged('has no head of CRC and length')
  const body = bytes.subarray(start)
  const length = bytes.toString('latin1', start - 4, start)
  if (!/^0[0-9A-Fa-f]{3}$/.test(length)) return damaged('length is not a number')
  if (Number.parseInt(length, 16) !== body.length)
    return damaged(`length ${length} is not that of ${body.length} bytes`)
  // Some panels write the two bytes themselves instead of four characters.
  const told = start === 9 ? Number.parseInt(bytes.toString('latin1', 1, 5), 16) : bytes.readUInt16BE(1)
  if (told !== crcOf(body)) return damaged('CRC does not fit')
  const match = HEAD.exec(body.toString('latin1', 0, 64))
  if (match === null) return { ok: false, why: 'head is not one of DC-09', answer: 'duh' }
  const [head, star = '', id = '', sequence = '', receiver = '', line = '', account = ''] = match
  return {
    ok: true,
    frame: {
      id,
      isEncrypted: star === '*',
      sequence: Number(sequence),
      receiver,
      line,
      account: account.toUpperCase(),
      rest: body.subarray(head.length),
    },
  }
}

const damaged = (why: string): ParsedFrame => ({ ok: false, why, answer: 'silent' })

/** LF to CR around a body that begins with the quoted id. */
export function writeFrame(body: string): Buffer {
  const bytes = Buffer.from(body, 'latin1')
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')
  return Buffer.concat([Buffer.from(`\n${hex(crcOf(bytes))}${hex(bytes.length)}`, 'latin1'), bytes, Buffer.of(CR)])
}

export type FrameStep = { kind: 'frame'; bytes: Buffer } | { kind: 'overrun' }

/** Cuts a TCP stream into frames; whatever stands between CR and the next LF is dropped. */
export class FrameCutter {
  #held: Buffer = Buffer.alloc(0)

  /** @returns the frames that are whole, without their CR; `overrun` where none ends in time */
  push(chunk: Uint8Array): FrameStep[] {
    this.#held = Buffer.concat([this.#held, chunk])
    const steps: FrameStep[] = []
    for (;;) {
      const start = this.#held.indexOf(LF)
      if (start === -1) {
        this.#held = Buffer.alloc(0)
        return steps
      }
      const end = endOf(this.#held, start)
      if (end === -1) {
        this.#held = this.#held.subarray(start)
        if (this.#held.length > MAX_FRAME_BYTES) steps.push({ kind: 'overrun' })
        return steps
      }
      steps.push({ kind: 'frame', bytes: this.#held.subarray(start, end) })
      this.#held = this.#held.subarray(end + 1)
    }
  }
}

/** Where the CR of a frame is: behind as many bytes as it says, for a binary CRC or padding may hold any byte. */
function endOf(held: Buffer, start: number): number {
  for (const quote of [start + 9, start + 7]) {
    if (held[quote] !== QUOTE) continue
    const length = Number.parseInt(held.toString('latin1', quote - 4, quote), 16)
    const end = quote + length
    if (length > 0 && length <= MAX_BODY_BYTES && held[end] === CR) return end
    if (length > 0 && length <= MAX_BODY_BYTES && held.length <= end) return -1
  }
  return held.indexOf(CR, start)
}
