import type { Case } from '../../../gateway/contracts/case.ts'

/** Pulses of a sound, and how often it comes again while the case waits; undefined: once. */
export interface Rhythm {
  /** When each pulse begins, ms. */
  pulses: readonly number[]
  everyMs: number | undefined
}

/** After the rhythms of medical alarms: three and two for danger, three for caution. Notices are silent. */
export const RHYTHMS: Readonly<Record<Case['priority'], Rhythm | undefined>> = {
  1: { pulses: [0, 200, 400, 800, 1000], everyMs: 10_000 },
  2: { pulses: [0, 300, 600], everyMs: 30_000 },
  3: { pulses: [0], everyMs: undefined },
  4: undefined,
}
/**
 * The one sound that is due now: of the most urgent case that waits, so that a burst is one sound.
 * @param cases those that wait for whoever listens
 * @param heard when each case was last heard, ms
 */
export function dueSound(
  cases: readonly Case[],
  heard: ReadonlyMap<string, number>,
  nowMs: number,
  silentUntilMs: number,
): Case['priority'] | undefined {
  const due = cases.filter((one) => {
    const rhythm = RHYTHMS[one.priority]
    if (rhythm === undefined) return false
    // Nobody can silence what is urgent.
    if (one.priority !== 1 && nowMs < silentUntilMs) return false
    const last = heard.get(one.id)
    return last === undefined || (rhythm.everyMs !== undefined && nowMs - last >= rhythm.everyMs)
  })
  return due.reduce<Case['priority'] | undefined>(
    (most, { priority }) => (most === undefined || priority < most ? priority : most),
    undefined,
  )
}
