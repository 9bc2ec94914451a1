/** A player holds a playlist and a part, and fetches a few more. */
const MAX_USES = 16
/**
 * A viewer who takes longer than this for a part or a segment of two seconds cannot watch. Cut off it holds no media that
 * left the window long ago; so what all viewers of a stream hold together is bounded by time, however many they are.
 */
export const MAX_SENDING_MS = 15_000

/** A request that is being answered, or a socket's share of the view: it ends with the view at the latest. */
export interface ViewUse {
  /** Nothing may leave after this returns; it is called once at the most. */
  abort(): void
  /** Monotonic time since which its bytes are on their way. */
  sendingSinceMs?: number | undefined
}

/** What is under way of one view. */
export class ViewUses {
  readonly #uses: ViewUse[] = []

  /** @returns false when too much is under way already */
  begin(use: ViewUse): boolean {
    if (this.#uses.length >= MAX_USES) return false
    this.#uses.push(use)
    return true
  }

  /** More calls do nothing. */
  end(use: ViewUse): void {
    const at = this.#uses.indexOf(use)
    if (at >= 0) this.#uses.splice(at, 1)
  }

  abortAll(): void {
    for (const use of this.#uses.splice(0)) use.abort()
  }

  /** @param nowMs monotonic */
  abortSlow(nowMs: number): void {
    for (let at = this.#uses.length - 1; at >= 0; at--) {
      const use = this.#uses[at]
      if (use === undefined || nowMs - (use.sendingSinceMs ?? nowMs) <= MAX_SENDING_MS) continue
      this.end(use)
      use.abort()
    }
  }
}
