/** Sizes are powers of two from here. */
export const MIN_SLAB_BYTES = 64 * 1024
/** Free slabs are kept up to what was in use at most of late, but never more than this share of what is in use now. */
const MAX_FREE_SHARE = 1 / 2
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

/**
 * Reuses memory blocks, so that steady streams allocate nothing. Cameras whose key frames come at the same time give
 * whole segments back at the same time: what was in use between is needed again, and a slab left to the garbage collector
 * costs a collection of the whole heap for every 64 MiB.
 */
export class SlabPool {
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0
  #usedBytes = 0
  /** Most that was in use since the last turn, and in the turn before it. */
  #peakBytes = 0
  #lastPeakBytes = 0
  /** A turn ends when as much was taken as is in use: about the length of a window. */
  #takenBytes = 0

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
    this.#notePeak(size)
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
    while (this.#freeBytes > this.#maxFreeBytes) this.#dropOne()
  }

  get #maxFreeBytes(): number {
    const neededOfLate = Math.max(this.#peakBytes, this.#lastPeakBytes) - this.#usedBytes
    return MIN_FREE_BYTES + Math.min(neededOfLate, this.#usedBytes * MAX_FREE_SHARE)
  }

  #notePeak(taken: number): void {
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes)
    this.#takenBytes += taken
    if (this.#takenBytes < this.#usedBytes) return
    this.#takenBytes = 0
    this.#lastPeakBytes = this.#peakBytes
    this.#peakBytes = this.#usedBytes
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
