/** Smallest and largest slab kept for reuse; sizes are powers of two. */
export const MIN_SLAB_BYTES = 64 * 1024
const MAX_POOLED_SLAB_BYTES = 8 * 1024 * 1024
/** Free slabs kept against the next need; more are left to the garbage collector. */
const MAX_FREE_BYTES = 64 * 1024 * 1024

/** A block of memory with a count of those who still read or write it. */
export class Slab {
  readonly bytes: Buffer
  readonly #pool: SlabPool
  #holders = 1

  constructor(bytes: Buffer, pool: SlabPool) {
    this.bytes = bytes
    this.#pool = pool
  }

  retain(): void {
    this.#holders++
  }

  /** The last holder's release gives the block back; it must not be touched after that. */
  release(): void {
    if (this.#holders <= 0) throw new Error('slab released more often than retained')
    this.#holders--
    if (this.#holders === 0) this.#pool.giveBack(this.bytes)
  }
}

/** Reuses memory blocks, so that a steady stream allocates nothing. */
export class SlabPool {
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** @returns a slab of at least `minBytes` that the caller holds once; its content is undefined */
  take(minBytes: number): Slab {
    let size = MIN_SLAB_BYTES
    while (size < minBytes) size *= 2
    const bytes = this.#free.get(size)?.pop()
    if (bytes === undefined) return new Slab(Buffer.allocUnsafeSlow(size), this)
    this.#freeBytes -= size
    return new Slab(bytes, this)
  }

  giveBack(bytes: Buffer): void {
    if (bytes.length > MAX_POOLED_SLAB_BYTES || this.#freeBytes + bytes.length > MAX_FREE_BYTES) return
    const free = this.#free.get(bytes.length)
    if (free === undefined) this.#free.set(bytes.length, [bytes])
    else free.push(bytes)
    this.#freeBytes += bytes.length
  }
}
