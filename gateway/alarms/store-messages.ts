import type { Alarm } from '../contracts/alarm.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Normalised } from './normalise.ts'
import { type Change, OpenStates, type Outcome, type StateMessage } from './open-states.ts'
import { gapAlarm } from './panel-report.ts'
import { countSequences, placesOf, type SourcePlace, SYSTEM_SOURCE_ID, withoutHeld } from './sources.ts'
import { clearAlarm, findAlarm, insertAlarms, insertRejected, type NewAlarm, toAlarm } from './store.ts'

/** What became of a message, on disk when this is told. */
export type Receipt =
  | { kind: 'stored'; id: string }
  | { kind: 'repeated'; id: string }
  | { kind: 'rejected'; reason: string; at: string }
  /** Nothing to store: a reading that is no alarm, or the end of what was not open. */
  | { kind: 'ignored'; why: string }

/** A message and where it stands. */
export interface Message extends StateMessage {
  payload: Uint8Array
  /** The reason where the message could not be read. */
  read: Normalised
  /** Known for the gateway's own alarms only. */
  cellCode: string | undefined
}

export interface StoringDeps {
  database: Database
  newId: () => string
  events: { publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<void> }
  cases: {
    /** Asked before the batch is stored; those alarms of it that were new are told afterwards. */
    begin(
      tx: Tx,
      alarms: readonly NewAlarm[],
    ): Promise<{
      caseIdOf(alarmId: string): string
      /** @returns the events that tell the cases */
      collect(stored: readonly NewAlarm[]): Promise<NewLiveEvent[]>
    }>
  }
}

/** Nothing changes by it. */
interface Settled {
  kind: 'settled'
  message: Message
  receipt: Extract<Receipt, { kind: 'rejected' | 'ignored' }>
}

type Step = Outcome | Settled

/**
 * Stores a batch of messages in their order, with their cases and what is told of them, in a number of statements that
 * does not grow with the batch.
 * @param heldNumbers of messages of a source that are here and in no batch yet
 */
export async function storeMessages(
  tx: Tx,
  deps: StoringDeps,
  messages: readonly Message[],
  heldNumbers: (sourceId: string) => readonly number[],
): Promise<Receipt[]> {
  const { database, newId } = deps
  const places = await placesOf(tx, [...new Set(messages.map(({ sourceId }) => sourceId))])
  const states = await OpenStates.read(tx, messages)
  const steps = messages.map((message): Step => {
    const placed = place(message, places.get(message.sourceId), newId)
    return 'receipt' in placed ? placed : states.follow(message, placed)
  })
  await insertRejected(
    tx,
    steps.flatMap((step) => (step.kind === 'settled' ? rejectedOf(step, newId) : [])),
  )
  const gaps = await missing(tx, messages, places, heldNumbers, newId)
  const begun = [...steps.flatMap((step) => (step.kind === 'begun' ? step.alarm : [])), ...gaps]
  const collection = await deps.cases.begin(tx, begun)
  const endedIds = await states.writeEnds(tx, database.provider)
  const storedIds = await insertAlarms(
    tx,
    database.provider,
    begun.map((alarm) => ({ ...states.asLeft(alarm), caseId: collection.caseIdOf(alarm.id) })),
  )
  await states.writeRest(tx, storedIds)

  const told: Alarm[] = []
  const tell = ({ of, state, sourceKey }: Change): void => {
    const isSo = of.isFresh ? storedIds.has(of.alarm.id) : endedIds.has(of.alarm.id)
    if (!isSo) return
    const alarm = of.isFresh ? asStored(of.alarm, collection.caseIdOf(of.alarm.id)) : of.alarm
    told.push({ ...alarm, state, sourceKey })
  }
  const receipts: Receipt[] = []
  for (const step of steps) {
    if ('told' in step) for (const change of step.told) tell(change)
    receipts.push(
      step.kind === 'begun' && !storedIds.has(step.alarm.id) ? await repeat(tx, step.alarm, told) : receiptOf(step),
    )
  }
  for (const gap of gaps) if (storedIds.has(gap.id)) told.push(asStored(gap, collection.caseIdOf(gap.id)))
  const cases = await collection.collect(begun.filter(({ id }) => storedIds.has(id)))
  const events = told.map((alarm): NewLiveEvent => ({ kind: 'alarm', cellCode: alarm.cellCode, data: alarm }))
  await deps.events.publishAll(tx, [...events, ...cases])
  return receipts
}

/** Which alarm a message is, or why it is none. */
function place(message: Message, of: SourcePlace | undefined, newId: () => string): NewAlarm | Settled {
  const { sourceId, receivedAt, read } = message
  const settled = (receipt: Settled['receipt']): Settled => ({ kind: 'settled', message, receipt })
  const rejected = (reason: string): Settled => settled({ kind: 'rejected', reason, at: receivedAt.toISOString() })
  if (!read.ok) return rejected(read.reason)
  // The gateway's own words about a place are none of the source's.
  const isOwn = message.cellCode !== undefined
  const cellCode = message.cellCode ?? of?.cellCode
  if (cellCode === undefined) return rejected('there is no such alarm source')
  if (!isOwn && isPaused(of, receivedAt)) {
    return settled({ kind: 'ignored', why: `the source is paused until ${of.pausedUntil.toISOString()}` })
  }
  const cameraId = read.alarm.cameraId ?? (isOwn ? undefined : of?.cameraId)
  return { ...read.alarm, id: newId(), sourceId, receivedAt, cellCode, cameraId }
}

export const isPaused = (place: SourcePlace | undefined, at: Date): place is SourcePlace & { pausedUntil: Date } =>
  place?.pausedUntil !== undefined && at < place.pausedUntil

function rejectedOf({ message, receipt }: Settled, newId: () => string) {
  if (receipt.kind !== 'rejected') return []
  const { sourceId, receivedAt, payload } = message
  return {
    id: newId(),
    sourceId: sourceId === '' ? undefined : sourceId,
    reason: receipt.reason,
    at: receivedAt,
    payload,
  }
}

function receiptOf(step: Step): Receipt {
  switch (step.kind) {
    case 'settled':
      return step.receipt
    case 'begun':
      return { kind: 'stored', id: step.alarm.id }
    case 'ended':
      return { kind: 'stored', id: step.id }
    case 'repeated':
      return { kind: 'repeated', id: step.id }
    case 'ignored':
      return step
  }
}

/** The same id again: `cleared` ends the alarm, once and for good; anything else changes nothing. */
async function repeat(tx: Tx, alarm: NewAlarm, told: Alarm[]): Promise<Receipt> {
  const known = await findAlarm(tx, { sourceId: alarm.sourceId, sourceKey: alarm.sourceKey })
  if (known === undefined) throw new Error('an alarm was neither stored nor known')
  if (alarm.state === 'cleared' && (await clearAlarm(tx, known.id))) told.push({ ...known, state: 'cleared' })
  return { kind: 'repeated', id: known.id }
}

/** Alarms about messages that a counting source sent and that never came. */
async function missing(
  tx: Tx,
  messages: readonly Message[],
  places: ReadonlyMap<string, SourcePlace>,
  heldNumbers: (sourceId: string) => readonly number[],
  newId: () => string,
): Promise<NewAlarm[]> {
  const numbers = messages.flatMap(({ sourceId, read }) =>
    read.ok && read.alarm.sequence !== undefined && places.has(sourceId)
      ? { sourceId, sequence: read.alarm.sequence }
      : [],
  )
  const [first] = messages
  if (numbers.length === 0 || first === undefined) return []
  const { receivedAt } = first
  const held = (sourceId: string): number[] => [
    ...numbers.flatMap((one) => (one.sourceId === sourceId ? one.sequence : [])),
    ...heldNumbers(sourceId),
  ]
  const gaps = (await countSequences(tx, numbers))
    .filter(({ sourceId }) => !isPaused(places.get(sourceId), receivedAt))
    .flatMap((gap) => withoutHeld(gap, held(gap.sourceId)))
  return gaps.map(({ sourceId, ...gap }) => ({
    ...gapAlarm(sourceId, gap, receivedAt),
    cellCode: places.get(sourceId)?.cellCode ?? '',
    cameraId: places.get(sourceId)?.cameraId,
    id: newId(),
    sourceId: SYSTEM_SOURCE_ID,
    receivedAt,
  }))
}

const asStored = (alarm: NewAlarm, caseId: string): Alarm =>
  toAlarm({ ...alarm, cameraId: alarm.cameraId ?? null, occurrences: 1, caseId })
