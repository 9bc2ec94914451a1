import type { Clock } from '../clock.ts'

const MIN_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 10_000

/** Tries until it is stored: a camera says a thing once, and there is nobody to send it again. @throws on abort alone */
export async function untilStored(
  store: () => Promise<unknown>,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<void> {
  for (let backoffMs = MIN_BACKOFF_MS; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
    try {
      await store()
      return
    } catch {
      // The intake has logged it.
      await clock.sleep(backoffMs, signal)
    }
  }
}
