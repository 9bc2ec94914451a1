/** Bytes of a box's content, in the order of the standard's tables. */
export type Content = Uint8Array | readonly number[]

/** A box (ISO/IEC 14496-12 §4.2): 32-bit size, type, content. */
export function box(type: string, ...contents: readonly Content[]): Buffer {
  const parts = contents.map((content) => (content instanceof Uint8Array ? content : Buffer.from(content)))
  return Buffer.concat([
    u32(8 + parts.reduce((sum, part) => sum + part.length, 0)),
    Buffer.from(type, 'latin1'),
    ...parts,
  ])
}

/** A box with version and flags (§4.2.2). */
export function fullBox(type: string, version: number, flags: number, ...contents: readonly Content[]): Buffer {
  return box(type, [version], u24(flags), ...contents)
}

export function text(value: string): Buffer {
  return Buffer.from(value, 'latin1')
}

export function u16(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [(value >>> 8) & 255, value & 255]))
}

export function u24(value: number): Buffer {
  return Buffer.from([(value >>> 16) & 255, (value >>> 8) & 255, value & 255])
}

export function u32(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]))
}
