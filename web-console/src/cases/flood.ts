import type { Case } from '../../../gateway/contracts/case.ts'

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
