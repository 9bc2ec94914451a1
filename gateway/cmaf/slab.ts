/** Sizes are powers of two from here. */
export const MIN_SLAB_BYTES = 64 * 1024
/** Free slabs kept against the next need, beside those in use; more are left to the garbage collector. */
const FREE_SHARE = 1 / 64
const MIN_FREE_BYTES = 1024 * 1024

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
  #usedBytes = 0

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Bytes of all slabs that somebody holds. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** @returns a slab of at least `minBytes` that the caller holds once; its content is undefined */
  take(minBytes: number): Slab {
    let size = MIN_SLAB_BYTES
    while (size < minBytes) size *= 2
    this.#usedBytes += size
    const bytes = this.#free.get(size)?.pop()
    if (bytes === undefined) return new Slab(Buffer.allocUnsafeSlow(size), this)
    this.#freeBytes -= size
    return new Slab(bytes, this)
  }

  giveBack(bytes: Buffer): void {
    this.#usedBytes -= bytes.length
    const free = this.#free.get(bytes.length)
    if (free === undefined) this.#free.set(bytes.length, [bytes])
    else free.push(bytes)
    this.#freeBytes += bytes.length
    while (this.#freeBytes > MIN_FREE_BYTES + this.#usedBytes * FREE_SHARE) this.#dropOne()
  }

  /** From the size that has the most: streams that changed their bit rate leave slabs nobody will take. */
  #dropOne(): void {
    let largest: Buffer[] = []
    let most = 0
    for (const [size, free] of this.#free) {
      if (size * free.length <= most) continue
      most = size * free.length
      largest = free
    }
    this.#freeBytes -= largest.pop()?.length ?? this.#freeBytes
  }
}
