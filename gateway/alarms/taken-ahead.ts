import { hash } from 'node:crypto'
import type { Database, Tx } from '../storage/database.ts'

/** How a message without an id of its own is known again. */
export interface Unnamed {
  /** The state that it changes, or the rule of an event without an end. */
  name: string
  messageHash: string
  /** It comes again in its order. */
  isAhead: boolean
}

/** An alarm that was told before its message came in order. */
export interface TakenAhead {
  sourceId: string
  name: string
  messageHash: string
  alarmId: string
  at: Date
}

/** A broker that lost the message will not bring it any more. */
const KEEP_MS = 3_600_000

export const hashOf = (payload: Uint8Array): string => hash('sha256', payload)

export async function findTakenAhead(tx: Tx, sourceIds: readonly string[]): Promise<TakenAhead[]> {
  return sourceIds.length === 0 ? [] : tx.takenAhead.findMany({ where: { sourceId: { in: [...new Set(sourceIds)] } } })
}

export async function insertTakenAhead(tx: Tx, data: TakenAhead[]): Promise<void> {
  if (data.length > 0) await tx.takenAhead.createMany({ data })
}

/** Their messages have come. */
export async function deleteTakenAhead(tx: Tx, rows: readonly TakenAhead[]): Promise<void> {
  if (rows.length === 0) return
  await tx.takenAhead.deleteMany({ where: { alarmId: { in: rows.map(({ alarmId }) => alarmId) } } })
}

/** Forgets what will not come any more; the alarms stay. */
export async function pruneTakenAhead({ client }: Database, nowMs: number): Promise<void> {
  await client.takenAhead.deleteMany({ where: { at: { lt: new Date(nowMs - KEEP_MS) } } })
}
