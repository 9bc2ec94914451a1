/** Lets a few through at a time, in the order they came: a wall of 36 must not open 36 cameras in one moment. */
export interface Turnstile {
  /** @returns gives the place to the next one; called twice it does nothing more */
  enter(until: AbortSignal): Promise<() => void>
}

/** A camera that does not answer must not hold up the others. */
const LONGEST_STAY_MS = 8_000

export function createTurnstile(places: number): Turnstile {
  let free = places
  const waiting = new Set<() => void>()

  function leave(): void {
    free += 1
    const [next] = waiting
    next?.()
  }

  function stay(): () => void {
    free -= 1
    let isOut = false
    const out = (): void => {
      if (isOut) return
      isOut = true
      clearTimeout(timer)
      leave()
    }
    const timer = setTimeout(out, LONGEST_STAY_MS)
    return out
  }

  return {
    enter: (until) =>
      new Promise((resolve) => {
        const turn = (): void => {
          waiting.delete(turn)
          until.removeEventListener('abort', turn)
          resolve(until.aborted ? () => undefined : stay())
        }
        if (free > 0 || until.aborted) return turn()
        waiting.add(turn)
        until.addEventListener('abort', turn)
      }),
  }
}
