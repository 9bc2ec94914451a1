/** The two as one view, where the second follows the first in memory. */
export function together(one: Buffer, other: Buffer): Buffer | undefined {
  const follows = one.buffer === other.buffer && one.byteOffset + one.length === other.byteOffset
  return follows ? Buffer.from(one.buffer, one.byteOffset, one.length + other.length) : undefined
}

/** The same bytes in as few views as can be: each is a write of its own to whoever sends them. */
export function inFewest(buffers: Iterable<Buffer>): readonly Buffer[] {
  const fewest: Buffer[] = []
  for (const buffer of buffers) {
    const last = fewest.at(-1)
    const both = last && together(last, buffer)
    if (both === undefined) fewest.push(buffer)
    else fewest[fewest.length - 1] = both
  }
  return justAsLong(fewest)
}

/** A copy to be kept: a list that was pushed to has room for sixteen more, and windows hold thousands for seconds. */
export const justAsLong = <T>(list: readonly T[]): readonly T[] => list.slice()
