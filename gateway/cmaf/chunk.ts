import { justAsLong } from './neighbours.ts'
import type { Slab } from './slab.ts'

export interface ChunkFacts {
  /** Counts up by one over the whole muxing session, across parts and segments. */
  id: number
  /** Decode time of the first sample, ticks. */
  startTicks: number
  durationTicks: number
  /** True if the first sample is a key frame. */
  independent: boolean
  samples: number
}

/**
 * A CMAF chunk: `moof` and `mdat`, immutable, shared by all readers. The bytes lie in slabs: whoever keeps them past the
 * current call holds the chunk with `retain` and lets go with `release`.
 */
export class Chunk {
  readonly facts: ChunkFacts
  readonly buffers: readonly Buffer[]
  readonly sizeBytes: number
  readonly #slabs: readonly Slab[]
  #holders = 1

  constructor(facts: ChunkFacts, buffers: readonly Buffer[], slabs: readonly Slab[]) {
    this.facts = facts
    this.buffers = justAsLong(buffers)
    this.sizeBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    this.#slabs = justAsLong(slabs)
  }

  retain(): this {
    if (this.#holders <= 0) throw new Error('chunk retained after its last release')
    this.#holders++
    return this
  }

  release(): void {
    this.#holders--
    if (this.#holders === 0) for (const slab of this.#slabs) slab.release()
  }
}
