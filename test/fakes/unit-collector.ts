import {
  type AccessUnitSink,
  type AccessUnitStore,
  MAX_ACCESS_UNIT_BYTES,
  type ParameterSets,
} from '../../gateway/media.ts'

export interface CollectedUnit {
  ticks: number
  key: boolean
  afterGap: boolean
  sets: ParameterSets
  /** In hexadecimal. */
  nals: string[]
}

/** Keeps every access unit, so that tests can look at it. */
export class UnitCollector implements AccessUnitStore, AccessUnitSink {
  bytes = Buffer.alloc(64)
  unitStart = 0
  end = 0
  readonly units: CollectedUnit[] = []

  #before: Buffer[] = []

  get unitBytes(): number {
    return this.#before.reduce((sum, { length }) => sum + length, 0) + this.end - this.unitStart
  }

  ensure(count: number, from = this.unitStart): boolean {
    if (this.unitBytes + count > MAX_ACCESS_UNIT_BYTES) return false
    if (this.bytes.length - this.end >= count) return true
    const moved = this.bytes.subarray(from, this.end)
    const next = Buffer.alloc(2 * (moved.length + count) + 16)
    moved.copy(next, 8)
    this.#before.push(this.bytes.subarray(this.unitStart, from))
    this.bytes = next
    this.unitStart = 8
    this.end = 8 + moved.length
    return true
  }

  drop(): void {
    this.#before = []
    this.end = this.unitStart
  }

  accessUnit(ticks: number, key: boolean, sets: ParameterSets, afterGap: boolean): void {
    const unit = Buffer.concat([...this.#before, this.bytes.subarray(this.unitStart, this.end)])
    const nals: string[] = []
    for (let at = 0; at < unit.length; ) {
      const size = unit.readUInt32BE(at)
      if (at + 4 + size > unit.length) throw new Error('length runs past the unit')
      nals.push(unit.toString('hex', at + 4, at + 4 + size))
      at += 4 + size
    }
    this.units.push({ ticks, key, afterGap, sets, nals })
  }
}
