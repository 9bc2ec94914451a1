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

  ensure(count: number): boolean {
    const unitBytes = this.end - this.unitStart
    if (unitBytes + count > MAX_ACCESS_UNIT_BYTES) return false
    if (this.bytes.length - this.end >= count) return true
    const next = Buffer.alloc(2 * (unitBytes + count) + 16)
    this.bytes.copy(next, 8, this.unitStart, this.end)
    this.bytes = next
    this.unitStart = 8
    this.end = 8 + unitBytes
    return true
  }

  accessUnit(ticks: number, key: boolean, sets: ParameterSets, afterGap: boolean): void {
    const nals: string[] = []
    for (let at = this.unitStart; at < this.end; ) {
      const size = this.bytes.readUInt32BE(at)
      if (at + 4 + size > this.end) throw new Error('length runs past the unit')
      nals.push(this.bytes.toString('hex', at + 4, at + 4 + size))
      at += 4 + size
    }
    this.units.push({ ticks, key, afterGap, sets, nals })
  }
}
