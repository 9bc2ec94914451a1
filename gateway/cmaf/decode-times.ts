/** H.264 and H.265 allow no deeper reordering. */
const MAX_REORDER_FRAMES = 16

/**
 * Decode times from presentation times in decode order: RTP carries only the latter. With frames reordered over depth k,
 * the i-th decode time is the (i - k)-th smallest presentation time, so it never lies after its own frame's.
 * A depth that proves too small grows; decode times stay strictly rising in any case.
 */
export class DecodeTimes {
  #depth: number
  #last: number | undefined
  #frames = 0
  #start = 0
  readonly #pending: number[] = []

  constructor(reorderFrames: number) {
    this.#depth = Math.min(reorderFrames, MAX_REORDER_FRAMES)
  }

  get depth(): number {
    return this.#depth
  }

  /** @param presentation ticks @param frameTicks usual frame duration, for the frames before the first result */
  next(presentation: number, frameTicks: number): number {
    if (this.#frames === 0) this.#start = presentation
    let decode: number
    if (this.#depth === 0) decode = presentation
    else if (this.#insert(presentation) > this.#depth) decode = this.#pending.shift() ?? presentation
    else if (this.#frames < this.#depth) decode = Math.round(this.#start - (this.#depth - this.#frames) * frameTicks)
    else decode = Number.NEGATIVE_INFINITY
    this.#frames++
    if (this.#last !== undefined && decode <= this.#last) {
      if (decode !== Number.NEGATIVE_INFINITY && this.#depth < MAX_REORDER_FRAMES) this.#depth++
      decode = this.#last + 1
    }
    this.#last = decode
    return decode
  }

  /** In order, and once a frame: without the garbage of `splice`. @returns how many there are now */
  #insert(presentation: number): number {
    const pending = this.#pending
    let at = pending.length
    pending.push(presentation)
    for (; at > 0 && (pending[at - 1] ?? 0) > presentation; at--) pending[at] = pending[at - 1] ?? 0
    pending[at] = presentation
    return pending.length
  }
}
