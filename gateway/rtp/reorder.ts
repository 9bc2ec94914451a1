/** At 4 Mbit/s about a sixth of a second. */
const MAX_HELD_PACKETS = 64
/** A packet that is this late is taken for lost; a later one would only delay the picture. */
const MAX_WAIT_MS = 100
/** A step this long is no loss but a sender that began anew. */
const MAX_STEP_PACKETS = 1_000

interface Held {
  bytes: Buffer
  atMs: number
}

/** Brings RTP packets that came over UDP back into order; holds little and not for long (RFC 3550 §A.1). */
export class ReorderBuffer {
  readonly #deliver: (bytes: Buffer) => void
  readonly #held = new Map<number, Held>()
  #next = -1

  constructor(deliver: (bytes: Buffer) => void) {
    this.#deliver = deliver
  }

  get heldPackets(): number {
    return this.#held.size
  }

  /** @param bytes an RTP packet of its own memory; kept while held */
  push(bytes: Buffer, nowMs: number): void {
    if (bytes.length < 12) return
    const sequence = bytes.readUInt16BE(2)
    const ahead = this.#next < 0 ? 0 : (sequence - this.#next) & 0xffff
    const isLate = ahead > 0x10000 - MAX_STEP_PACKETS
    if (isLate) return
    if (ahead > MAX_STEP_PACKETS) {
      this.#held.clear()
      this.#pass(sequence, bytes)
    } else if (ahead === 0) {
      this.#pass(sequence, bytes)
    } else if (!this.#held.has(sequence)) {
      this.#held.set(sequence, { bytes, atMs: nowMs })
    }
    this.#flush(nowMs)
  }

  #pass(sequence: number, bytes: Buffer): void {
    this.#next = (sequence + 1) & 0xffff
    this.#deliver(bytes)
  }

  /** What follows without a gap, and what has waited long enough for the packets before it. */
  #flush(nowMs: number): void {
    while (this.#held.size > 0) {
      const following = this.#held.get(this.#next)
      if (following === undefined) {
        const [oldest] = this.#held.values()
        const waits = oldest !== undefined && nowMs - oldest.atMs < MAX_WAIT_MS
        if (waits && this.#held.size <= MAX_HELD_PACKETS) return
        this.#next = this.#nearest()
        continue
      }
      this.#held.delete(this.#next)
      this.#pass(this.#next, following.bytes)
    }
  }

  #nearest(): number {
    let least = 0x10000
    for (const sequence of this.#held.keys()) least = Math.min(least, (sequence - this.#next) & 0xffff)
    return (this.#next + least) & 0xffff
  }
}
