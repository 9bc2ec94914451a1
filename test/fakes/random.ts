/** Seeded numbers in [0, 1) (mulberry32), so that a failing input can be made again. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

/** A copy with a few bytes changed, cut, repeated or inserted. */
export function mutate(seed: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(seed)
  const changes = 1 + Math.floor(random() * 6)
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    const at = Math.floor(random() * bytes.length)
    const kind = Math.floor(random() * 4)
    if (kind === 0) bytes[at] = Math.floor(random() * 256)
    else if (kind === 1) bytes = bytes.subarray(0, at)
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([Math.floor(random() * 256)]), bytes.subarray(at)])
    else bytes = Buffer.concat([bytes, bytes.subarray(at)])
  }
  return bytes
}
