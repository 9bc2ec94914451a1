import { Problem } from '../errors.ts'
import type { Words } from '../words.ts'

/** Place in a list that runs from the newest to the oldest. */
export interface Place {
  at: Date
  id: string
}

export const cursorOf = ({ at, id }: { at: string | Date; id: string }): string => `${new Date(at).getTime()}:${id}`

export const FOREIGN_CURSOR: Words = { zh: 'cursor：不是本列表给出的', en: 'cursor: not one that this list has given' }

/** @throws Problem where the cursor is none that a list has given */
export function placeOf(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [, ms, id] = /^(\d{1,15}):([0-9a-f-]{36})$/.exec(cursor) ?? []
  if (ms === undefined || id === undefined) throw new Problem('invalid-request', FOREIGN_CURSOR)
  return { at: new Date(Number(ms)), id }
}

/** One page of a list; a full one tells where the next begins. */
export function pageOf<T>(items: T[], limit: number, cursor: (last: T) => string): { items: T[]; nextCursor?: string } {
  const last = items.at(-1)
  return items.length < limit || last === undefined ? { items } : { items, nextCursor: cursor(last) }
}
