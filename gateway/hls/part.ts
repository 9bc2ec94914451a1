import type { Chunk, ChunkFacts } from '../cmaf/chunk.ts'
import { inFewest, justAsLong } from '../cmaf/neighbours.ts'

/**
 * What a playlist lists as a partial segment (RFC 8216bis §4.4.4.9): chunks that follow each other, immutable, shared by
 * all readers. Held like a chunk.
 */
export class Part {
  /** `id` counts up by one over the whole muxing session, across segments; the rest is that of its chunks. */
  readonly facts: ChunkFacts
  readonly chunks: readonly Chunk[]
  readonly buffers: readonly Buffer[]
  readonly sizeBytes: number
  #holders = 1

  /**
   * Takes over the caller's hold on the chunks.
   * @param durationTicks which may be a little more than theirs: how long a chunk's last frame lasts is foretold
   */
  constructor(id: number, durationTicks: number, chunks: readonly Chunk[]) {
    let samples = 0
    let sizeBytes = 0
    const buffers: Buffer[] = []
    for (const chunk of chunks) {
      samples += chunk.facts.samples
      sizeBytes += chunk.sizeBytes
      buffers.push(...chunk.buffers)
    }
    const { startTicks = 0, independent = false } = chunks[0]?.facts ?? {}
    this.facts = { id, startTicks, durationTicks, independent, samples }
    this.chunks = justAsLong(chunks)
    this.buffers = inFewest(buffers)
    this.sizeBytes = sizeBytes
  }

  retain(): this {
    if (this.#holders <= 0) throw new Error('part retained after its last release')
    this.#holders++
    return this
  }

  release(): void {
    this.#holders--
    if (this.#holders === 0) for (const chunk of this.chunks) chunk.release()
  }
}
