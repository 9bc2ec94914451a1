import { type Case, GATEWAY_NAME } from '../contracts/case.ts'
import type { Tx } from '../storage/database.ts'

export interface Person {
  id: string
  username: string
  displayName: string
}

/** Whom the registers name for a cell. */
export interface CellPeople {
  /** The names that the grid gives. */
  lead: string | undefined
  deputy: string | undefined
  /** Patrol leads who can sign in and work in the cell. */
  patrolLeads: readonly Person[]
}

/** The lead first, then the deputy, then the others; the grid names people by display name or user name. */
export function inOrder({ lead, deputy, patrolLeads }: CellPeople): Person[] {
  const rank = ({ username, displayName }: Person): number => {
    const at = [lead, deputy].findIndex((name) => name !== undefined && (name === displayName || name === username))
    return at === -1 ? 2 : at
  }
  return patrolLeads.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
}

/** Those of them who are on duty, in the same order. */
export async function onDuty(tx: Tx, people: readonly Person[]): Promise<Person[]> {
  const rows = await tx.duty.findMany({ where: { userId: { in: people.map(({ id }) => id) } } })
  const ids = new Set(rows.map(({ userId }) => userId))
  return people.filter(({ id }) => ids.has(id))
}

/**
 * Who is asked after the present one did not answer or declined: one other person, and after that the centre.
 * @param available on duty, in order
 */
export function nextPerson(
  { assignee, timeline }: Pick<Case, 'assignee' | 'timeline'>,
  available: readonly Person[],
): Person | undefined {
  const lastDispatch = timeline.findLast(({ action }) => action === 'dispatch')
  if (lastDispatch?.by === GATEWAY_NAME) return undefined
  return available.find(({ id }) => id !== assignee?.id)
}

/** When the person's duty began, or undefined off duty. */
export async function dutySince(tx: Tx, userId: string): Promise<Date | undefined> {
  const row = await tx.duty.findUnique({ where: { userId } })
  return row?.since
}

/** @returns whether that changed anything */
export async function setDuty(tx: Tx, userId: string, on: boolean, now: Date): Promise<boolean> {
  if (!on) return (await tx.duty.deleteMany({ where: { userId } })).count > 0
  if ((await dutySince(tx, userId)) !== undefined) return false
  await tx.duty.upsert({ where: { userId }, create: { userId, since: now }, update: {} })
  return true
}
