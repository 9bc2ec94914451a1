import type { AudioFrameSink, Depacketiser } from '../media.ts'

/** Sound whose payload is nothing but samples (RFC 3551 §4.5): each packet is handed on as it is. */
export class PlainAudio implements Depacketiser {
  readonly #sink: AudioFrameSink
  /** Bytes of a header before the samples, as MPEG audio has (RFC 2250 §3.5). */
  readonly #headerBytes: number
  #ticks = 0

  constructor(headerBytes: number, sink: AudioFrameSink) {
    this.#headerBytes = headerBytes
    this.#sink = sink
  }

  startPacket(ticks: number): void {
    this.#ticks = ticks
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (start + this.#headerBytes < end) this.#sink.frame(this.#ticks, bytes, start + this.#headerBytes, end)
  }

  endOfPicture(): void {}

  lost(): void {}
}
