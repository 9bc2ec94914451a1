import { bodyBytes, MAX_BODY_BYTES, MAX_HEAD_BYTES, parseHead, type RtspMessage } from './message.ts'

export interface InterleavedSink {
  /** `$` frame (RFC 2326 §10.12); the bytes are only good during the call. */
  frame(channel: number, bytes: Buffer, start: number, end: number): void
  message(message: RtspMessage): void
}

const DOLLAR = 0x24
const FRAME_HEAD_BYTES = 4
const MAX_CARRY_BYTES = MAX_HEAD_BYTES + MAX_BODY_BYTES + 8
/** Enough for the packets of most cameras. */
const MIN_CARRY_BYTES = 4 * 1024
/** The longest frame; what a longer message took is not kept. */
const MAX_KEPT_CARRY_BYTES = FRAME_HEAD_BYTES + 0xffff
/** How much of what may be a message is carried at a time while its end is not known. */
const TEXT_STEP_BYTES = 1024
const NOTHING = Buffer.alloc(0)
/** Bytes between messages that belong to none, in a row. */
const MAX_GARBAGE_BYTES = 256 * 1024

/** Message whose head was read and whose body was not. */
interface Awaited {
  message: RtspMessage
  headBytes: number
  bodyBytes: number
}

/**
 * Splits what an RTSP server sends into frames and messages, which may be cut at any byte. Whole elements are handed over
 * in place; only one that crosses the end of a chunk is copied together.
 */
export class InterleavedReader {
  readonly #sink: InterleavedSink
  #carry = NOTHING
  #carried = 0
  #awaited: Awaited | undefined
  #garbageBytes = 0
  #fault: string | undefined

  constructor(sink: InterleavedSink) {
    this.#sink = sink
  }

  /** @returns why the stream cannot be read on, for this and all later calls */
  push(chunk: Buffer, length: number): string | undefined {
    let at = 0
    while (this.#carried > 0 && at < length && this.#fault === undefined) at = this.#completeCarried(chunk, at, length)
    while (at < length && this.#fault === undefined) {
      const used = this.#parse(chunk, at, length)
      if (used === 0) break
      at += used
    }
    if (at < length && this.#fault === undefined) this.#carryOver(chunk, at, length)
    return this.#fault
  }

  /** Joins what was left of the last chunk with what it lacks. @returns the next unread position */
  #completeCarried(chunk: Buffer, at: number, length: number): number {
    const taken = Math.min(this.#missing(this.#carry), length - at, MAX_CARRY_BYTES - this.#carried)
    if (taken === 0) {
      this.#fault = 'message too long'
      return at
    }
    const carry = this.#roomFor(this.#carried + taken)
    chunk.copy(carry, this.#carried, at, at + taken)
    const total = this.#carried + taken
    const used = this.#parse(carry, 0, total)
    if (used === 0) {
      this.#carried = total
      return at + taken
    }
    // Garbage is eaten bit by bit: keep the rest of the carry if the element ended within what it held before.
    if (used < this.#carried) {
      carry.copyWithin(0, used, this.#carried)
      this.#carried -= used
      return at
    }
    const next = at + used - this.#carried
    this.#carried = 0
    if (carry.length > MAX_KEPT_CARRY_BYTES) this.#carry = NOTHING
    return next
  }

  #missing(carry: Buffer): number {
    if (this.#awaited !== undefined) return this.#awaited.headBytes + this.#awaited.bodyBytes - this.#carried
    if (carry[0] !== DOLLAR) return TEXT_STEP_BYTES
    if (this.#carried < FRAME_HEAD_BYTES) return FRAME_HEAD_BYTES - this.#carried
    return FRAME_HEAD_BYTES + carry.readUInt16BE(2) - this.#carried
  }

  #carryOver(chunk: Buffer, at: number, length: number): void {
    if (length - at > MAX_CARRY_BYTES) {
      this.#fault = 'message too long'
      return
    }
    chunk.copy(this.#roomFor(length - at), 0, at, length)
    this.#carried = length - at
  }

  /** What is carried, with room for so many bytes in all. */
  #roomFor(bytes: number): Buffer {
    if (this.#carry.length >= bytes) return this.#carry
    const larger = Buffer.allocUnsafeSlow(Math.max(MIN_CARRY_BYTES, Math.min(2 * bytes, MAX_CARRY_BYTES)))
    this.#carry.copy(larger, 0, 0, this.#carried)
    this.#carry = larger
    return larger
  }

  /** @returns bytes used, 0 if the element is not whole yet */
  #parse(bytes: Buffer, start: number, end: number): number {
    if (bytes[start] === DOLLAR) {
      if (end - start < FRAME_HEAD_BYTES) return 0
      const total = FRAME_HEAD_BYTES + bytes.readUInt16BE(start + 2)
      if (end - start < total) return 0
      this.#garbageBytes = 0
      this.#sink.frame(bytes[start + 1] ?? 0, bytes, start + FRAME_HEAD_BYTES, start + total)
      return total
    }
    return this.#parseText(bytes, start, end)
  }

  #parseText(bytes: Buffer, start: number, end: number): number {
    if (this.#awaited === undefined) {
      const first = bytes[start] ?? 0
      if (first < 0x41 || first > 0x5a) return this.#skipGarbage(bytes, start, end)
      const headBytes = headLength(bytes, start, end)
      if (headBytes === 0) {
        if (end - start < MAX_HEAD_BYTES)
          return looksLikeText(bytes, start, end) ? 0 : this.#skipGarbage(bytes, start, end)
        return this.#skipGarbage(bytes, start, end)
      }
      const message = parseHead(bytes.toString('latin1', start, start + headBytes).trimEnd())
      if (message === undefined) return this.#skipGarbage(bytes, start, end)
      const length = bodyBytes(message)
      if (length === undefined) {
        this.#fault = 'body too long'
        return headBytes
      }
      this.#awaited = { message, headBytes, bodyBytes: length }
    }
    const { message, headBytes, bodyBytes: length } = this.#awaited
    if (end - start < headBytes + length) return 0
    this.#awaited = undefined
    this.#garbageBytes = 0
    this.#sink.message({ ...message, body: Buffer.from(bytes.subarray(start + headBytes, start + headBytes + length)) })
    return headBytes + length
  }

  /** On to the next byte that may start a frame or a message. */
  #skipGarbage(bytes: Buffer, start: number, end: number): number {
    let at = start + 1
    while (at < end && bytes[at] !== DOLLAR && !startsMessage(bytes, at, end)) at++
    this.#garbageBytes += at - start
    if (this.#garbageBytes > MAX_GARBAGE_BYTES) this.#fault = 'no RTSP in what the server sends'
    return at - start
  }
}

/** Length of start line and headers with the empty line, 0 if that has not come. */
function headLength(bytes: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_HEAD_BYTES)
  for (let at = bytes.indexOf(10, start); at >= 0 && at < limit; at = bytes.indexOf(10, at + 1)) {
    if (at + 1 < limit && bytes[at + 1] === 10) return at + 2 - start
    if (at + 2 < limit && bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3 - start
  }
  return 0
}

function startsMessage(bytes: Buffer, at: number, end: number): boolean {
  return bytes[at] === 0x52 && (at + 5 > end || bytes.toString('latin1', at, at + 5) === 'RTSP/')
}

function looksLikeText(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < Math.min(end, start + 64); at++) {
    const byte = bytes[at] ?? 0
    if (byte > 126 || (byte < 32 && byte !== 10 && byte !== 13 && byte !== 9)) return false
  }
  return true
}
