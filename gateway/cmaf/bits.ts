/** Exp-Golomb codes longer than this are an attack or garbage. */
const MAX_LEADING_ZEROS = 31

/** Reads a raw byte sequence payload bit by bit (H.264 §7.2, §9.1); past the end it reads zeros and sets `overrun`. */
export class BitReader {
  readonly #bytes: Uint8Array
  #at = 0
  overrun = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  bit(): number {
    const byte = this.#bytes[this.#at >> 3]
    if (byte === undefined) {
      this.overrun = true
      return 0
    }
    const bit = (byte >> (7 - (this.#at & 7))) & 1
    this.#at++
    return bit
  }

  flag(): boolean {
    return this.bit() === 1
  }

  /** Unsigned, `count` <= 32 bits. */
  bits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + this.bit()
    return value
  }

  skip(count: number): void {
    this.#at += count
    if (this.#at > this.#bytes.length * 8) this.overrun = true
  }

  /** ue(v) */
  ue(): number {
    let zeros = 0
    while (this.bit() === 0) {
      zeros++
      if (zeros > MAX_LEADING_ZEROS || this.overrun) {
        this.overrun = true
        return 0
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros)
  }

  /** se(v) */
  se(): number {
    const code = this.ue()
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2
  }
}

/** Removes emulation prevention bytes (H.264 §7.4.1). */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length)
  let length = 0
  let zeros = 0
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0
      continue
    }
    out[length++] = byte
    zeros = byte === 0 ? zeros + 1 : 0
  }
  return out.subarray(0, length)
}
