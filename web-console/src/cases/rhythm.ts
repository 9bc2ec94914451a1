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

/** What whoever listens has heard of a case. */
export interface Heard {
  atMs: number
  priority: Case['priority']
  /** It was waiting for somebody then. */
  called: boolean
}

/** It waits (again), or has become more urgent than it was heard to be: what is in good hands too (ISA-18.2). */
export const isNews = ({ priority }: Case, calls: boolean, heard: Heard | undefined): boolean =>
  heard === undefined ? calls : priority < heard.priority || (calls && !heard.called)

/**
 * The one sound that is due now: of the most urgent case that calls, so that a burst is one sound.
 * @param cases all that concern whoever listens
 * @param calls those that wait for whoever listens
 */
export function dueSound(
  cases: readonly Case[],
  calls: (one: Case) => boolean,
  heard: ReadonlyMap<string, Heard>,
  nowMs: number,
  silentUntilMs: number,
): Case['priority'] | undefined {
  const due = cases.filter((one) => {
    const rhythm = RHYTHMS[one.priority]
    if (rhythm === undefined) return false
    // Nobody can silence what is urgent.
    if (one.priority !== 1 && nowMs < silentUntilMs) return false
    const last = heard.get(one.id)
    if (isNews(one, calls(one), last)) return true
    return calls(one) && last !== undefined && rhythm.everyMs !== undefined && nowMs - last.atMs >= rhythm.everyMs
  })
  return due.reduce<Case['priority'] | undefined>(
    (most, { priority }) => (most === undefined || priority < most ? priority : most),
    undefined,
  )
}

/** What has come since is known as it first was: should somebody have it and it rise before the next sound, that is news. */
export function noticed(cases: readonly Case[], heard: ReadonlyMap<string, Heard>, nowMs: number): Map<string, Heard> {
  const known = new Map(heard)
  for (const { id, priority } of cases) if (!known.has(id)) known.set(id, { atMs: nowMs, priority, called: false })
  return known
}

/** What has been heard once a sound was played, or was not. */
export function afterwards(
  cases: readonly Case[],
  calls: (one: Case) => boolean,
  heard: ReadonlyMap<string, Heard>,
  nowMs: number,
  wasPlayed: boolean,
): Map<string, Heard> {
  const after = new Map<string, Heard>()
  for (const one of cases) {
    const [last, called] = [heard.get(one.id), calls(one)]
    if (wasPlayed) after.set(one.id, { atMs: nowMs, priority: one.priority, called })
    // Somebody has it: it is no news when it comes here, and is news should it wait again.
    else if (!called) after.set(one.id, { atMs: nowMs, priority: last?.priority ?? one.priority, called })
    else if (last !== undefined) after.set(one.id, last)
  }
  return after
}
