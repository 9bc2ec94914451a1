import { type AudioFrameSink, type Depacketiser, MAX_AUDIO_FRAME_BYTES } from '../media.ts'
import { adtsFrameAt } from './adts.ts'

/** Sizes of the fields of an AU header, bits (RFC 3640 §3.2.1.1); of AAC-hbr 13, 3 and 3. */
export interface AuHeaders {
  sizeLength: number
  indexLength: number
  indexDeltaLength: number
}

/** A packet of 1500 bytes holds no more that mean anything. */
const MAX_FRAMES_OF_A_PACKET = 32

/**
 * AAC frames of RTP (RFC 3640, AAC-hbr and AAC-lbr): several in one packet, or one over several. Cameras that send ADTS frames
 * with no AU headers in front are understood as well. Interleaving is not offered by cameras.
 */
export class AacFrames implements Depacketiser {
  readonly #headers: AuHeaders
  readonly #frameTicks: number
  readonly #sink: AudioFrameSink
  readonly #fragments = Buffer.alloc(MAX_AUDIO_FRAME_BYTES)
  /** Bytes that the frame under way will have; 0: none is. */
  #wantedBytes = 0
  #heldBytes = 0
  #ticks = 0

  /** @param frameTicks duration of a frame, clock-rate ticks */
  constructor(headers: AuHeaders, frameTicks: number, sink: AudioFrameSink) {
    this.#headers = headers
    this.#frameTicks = frameTicks
    this.#sink = sink
  }

  startPacket(ticks: number): void {
    if (ticks !== this.#ticks) this.#wantedBytes = 0
    this.#ticks = ticks
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (end - start < 3) return
    if (this.#pushAdts(bytes, start, end)) return
    const { sizeLength, indexLength, indexDeltaLength } = this.#headers
    const headerBits = bytes.readUInt16BE(start)
    const data = start + 2 + Math.ceil(headerBits / 8)
    if (data > end) return
    const count =
      headerBits < sizeLength + indexLength
        ? 0
        : 1 + Math.floor((headerBits - sizeLength - indexLength) / (sizeLength + indexDeltaLength))
    let bit = (start + 2) * 8
    let at = data
    for (let i = 0; i < Math.min(count, MAX_FRAMES_OF_A_PACKET); i++) {
      const size = readBits(bytes, bit, sizeLength)
      bit += sizeLength + (i === 0 ? indexLength : indexDeltaLength)
      if (size === 0 || size > MAX_AUDIO_FRAME_BYTES) return
      if (at + size > end) {
        if (count === 1) this.#fragment(size, bytes, at, end)
        return
      }
      this.#wantedBytes = 0
      this.#sink.frame(this.#ticks + i * this.#frameTicks, bytes, at, at + size)
      at += size
    }
  }

  endOfPicture(): void {
    this.#wantedBytes = 0
  }

  lost(): void {
    this.#wantedBytes = 0
  }

  /** A frame in several packets has its whole size in the header of each (§3.2.3). */
  #fragment(size: number, bytes: Buffer, start: number, end: number): void {
    if (this.#wantedBytes !== size) {
      this.#wantedBytes = size
      this.#heldBytes = 0
    }
    const taken = Math.min(end - start, size - this.#heldBytes)
    bytes.copy(this.#fragments, this.#heldBytes, start, start + taken)
    this.#heldBytes += taken
    if (this.#heldBytes < size) return
    this.#wantedBytes = 0
    this.#sink.frame(this.#ticks, this.#fragments, 0, size)
  }

  #pushAdts(bytes: Buffer, start: number, end: number): boolean {
    let at = start
    for (let i = 0; i < MAX_FRAMES_OF_A_PACKET && at < end; i++) {
      const frame = adtsFrameAt(bytes, at, end)
      if (frame === undefined || frame.end > end) return i > 0
      this.#sink.frame(this.#ticks + i * this.#frameTicks, bytes, frame.start, frame.end)
      at = frame.end
    }
    return true
  }
}

/** @param at bit position */
function readBits(bytes: Buffer, at: number, count: number): number {
  let value = 0
  for (let bit = at; bit < at + count; bit++) value = value * 2 + (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
  return value
}
