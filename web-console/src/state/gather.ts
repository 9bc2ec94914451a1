/** A list is drawn anew no more often than this, so that keys are answered while hundreds come. */
export const STORM_SPAN_MS = 200

/**
 * For events that may come faster than a screen can be drawn: the first is taken at once, those that follow within the span
 * together at its end.
 */
export function gather<T>(spanMs: number, take: (items: readonly T[]) => void): (item: T) => void {
  let waiting: T[] = []
  let isResting = false
  function flush(): void {
    isResting = waiting.length > 0
    if (!isResting) return
    const items = waiting
    waiting = []
    setTimeout(flush, spanMs)
    take(items)
  }
  return (item) => {
    waiting.push(item)
    if (!isResting) flush()
  }
}
