const FIRST_MS = 1_000
const MAX_MS = 60_000
const MIN_MS = 250
/** A connection this old was no failure: the next wait starts small again. */
export const STABLE_MS = 30_000

/**
 * Full jitter: anything up to twice the last limit, so that a hundred cameras behind one broken switch do not come back
 * at once. A refused credential waits longest from the start, since cameras count attempts and lock;
 * so does a certificate that changed, since only a person can mend that.
 * @param failures in a row before this one @param random in [0, 1)
 */
export function backOffMs(failures: number, code: string | undefined, random: () => number): number {
  if (code === 'unauthorized' || code === 'certificate-changed') return MAX_MS
  const limit = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 16))
  return Math.max(MIN_MS, random() * limit)
}
