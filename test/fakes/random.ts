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

/** A copy with a few bytes changed, cut, repeated or inserted. @param tokens inserted as well as chance bytes */
export function mutate(seed: Buffer, random: () => number, tokens: readonly string[] = []): Buffer {
  let bytes: Buffer = Buffer.from(seed)
  const changes = 1 + Math.floor(random() * 6)
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    const at = Math.floor(random() * bytes.length)
    const kind = Math.floor(random() * (tokens.length === 0 ? 4 : 6))
    if (kind === 0) bytes[at] = Math.floor(random() * 256)
    else if (kind === 1) bytes = bytes.subarray(0, at)
    else if (kind === 2) bytes = inserted(bytes, at, Buffer.from([Math.floor(random() * 256)]))
    else if (kind === 3) bytes = Buffer.concat([bytes, bytes.subarray(at)])
    else if (kind === 4) bytes = inserted(bytes, at, Buffer.from(tokens[Math.floor(random() * tokens.length)] ?? ''))
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(random() * 60))])
  }
  return bytes
}

const inserted = (bytes: Buffer, at: number, more: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])
