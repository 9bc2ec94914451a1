import type { Alarm } from '../../../gateway/contracts/alarm.ts'
import type { Case } from '../../../gateway/contracts/case.ts'

/** ANSI/ISA-18.2: more than ten alarms in ten minutes are a flood to one operator; it is over below five. */
export const FLOOD_WINDOW_MS = 10 * 60_000
export const FLOOD_BEGINS_ABOVE = 10
const FLOOD_ENDS_BELOW = 5

export const recentAlarms = (alarms: readonly Alarm[], nowMs: number): number =>
  alarms.filter(({ receivedAt }) => nowMs - Date.parse(receivedAt) < FLOOD_WINDOW_MS).length

export const isFlood = (was: boolean, recent: number): boolean =>
  was ? recent >= FLOOD_ENDS_BELOW : recent > FLOOD_BEGINS_ABOVE

/** Cases of one kind in one cell, or one case that stands for itself. */
export interface CaseGroup {
  key: string
  cases: readonly Case[]
}

/** In a flood what is urgent or important stays single; the rest is one line for each cell and type. */
export function groupCases(cases: readonly Case[], inFlood: boolean): CaseGroup[] {
  const groups = new Map<string, Case[]>()
  for (const one of cases) {
    const isSingle = !inFlood || one.priority <= 2
    const key = isSingle ? one.id : `${one.cellCode} ${one.type}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups].map(([key, members]) => ({ key, cases: members }))
}
