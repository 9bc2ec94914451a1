/** Tells that an input came so far, for inputs that are all refused at the door test nothing. */
export type Reach = (what: string, times?: number) => void

/** A reader of bytes that a peer chooses. */
export interface Parser {
  name: string
  /** Sound inputs; what is fed are changed copies of them. */
  seeds: readonly Buffer[]
  /** What is put into the copies beside chance bytes, because a reader of text looks for it. */
  tokens?: readonly string[]
  /** One function a run: state is kept from input to input, as on a connection. A promise is waited for. */
  start(reach: Reach): (bytes: Buffer) => unknown
}

/** A window's bound, the slabs beside it and what grows. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/** Throws when a stream holds more media than it may; the heap's growth does not show it. */
export function checkHeld({ usedBytes, freeBytes }: { usedBytes: number; freeBytes: number }): void {
  if (usedBytes + freeBytes > MAX_HELD_BYTES) throw new Error(`${usedBytes + freeBytes} bytes of media held`)
}
