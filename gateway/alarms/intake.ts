import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Alarm } from '../contracts/alarm.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { MappedAlarm } from './map-message.ts'
import type { NormalAlarm, Normalised } from './normalise.ts'
import { countReport } from './panel-accounts.ts'
import { gapAlarm, type PanelReport, panelAlarm } from './panel-report.ts'
import { countSequences, placesOf, type SourcePlace, SYSTEM_SOURCE_ID } from './sources.ts'
import {
  clearAlarm,
  endAlarm,
  endedKey,
  findAlarm,
  insertAlarms,
  insertRejected,
  type NewAlarm,
  openKey,
  toAlarm,
} from './store.ts'

/** One transaction takes this many messages at the most. */
const MAX_BATCH_MESSAGES = 100
/** Messages that wait for a commit; who brings more is asked to wait. */
export const MAX_WAITING_MESSAGES = 20_000

/** What became of a message, on disk when this is told. */
export type Receipt =
  | { kind: 'stored'; id: string }
  | { kind: 'repeated'; id: string }
  | { kind: 'rejected'; reason: string; at: string }
  /** Nothing to store: a reading that is no alarm, or the end of what was not open. */
  | { kind: 'ignored'; why: string }

/** An alarm of the gateway itself: the place is known by whoever raises it. */
export interface OwnAlarm extends NormalAlarm {
  cellCode: string
  /** The gateway itself when absent; a camera is the source of what it tells, under its own id. */
  sourceId?: string
}

export interface IntakeDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
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
  /** Counts what became of messages. */
  count(outcome: Receipt['kind'], messages: number): void
}

/** A message and where it stands. */
interface Message {
  sourceId: string
  receivedAt: Date
  payload: Uint8Array
  /** The reason where the message could not be read. */
  read: Normalised
  /** Known for the gateway's own alarms only. */
  cellCode: string | undefined
  /** The state that a mapped message begins or ends. */
  channel: string | undefined
  /** Every beginning is an alarm of its own, and ends the one before it: panels do not always tell an end. */
  renews?: boolean
}

interface Waiting extends Message {
  resolve: (receipt: Receipt) => void
  reject: (error: unknown) => void
}

/**
 * Takes alarms. A message that has a receipt is on disk; one whose receipt is an error is not, and must not be
 * acknowledged. While one transaction runs the next batch gathers, so a lone alarm waits for nobody and a flood
 * shares its commits.
 */
export class Intake {
  readonly #deps: IntakeDeps
  #waiting: Waiting[] = []
  /** So many of those that wait, at the front, are urgent: they do not queue behind a flood. */
  #urgent = 0
  #running: Promise<void> | undefined

  constructor(deps: IntakeDeps) {
    this.#deps = deps
  }

  /** A message of a source as it came from the wire, read. @throws when it could not be stored or too many wait */
  receive(sourceId: string, payload: Uint8Array, read: Normalised): Promise<Receipt> {
    return this.#enqueue({ sourceId, payload, read, cellCode: undefined, channel: undefined })
  }

  /** A message that overtook others of its source: its number says nothing about them. */
  receiveAhead(sourceId: string, payload: Uint8Array, { sequence: _, ...alarm }: NormalAlarm): Promise<Receipt> {
    return this.#enqueue({ sourceId, payload, read: { ok: true, alarm }, cellCode: undefined, channel: undefined })
  }

  /** One alarm of a message in a device's own words. */
  receiveMapped(
    sourceId: string,
    payload: Uint8Array,
    { rule, alarm, sourceKey, channel }: MappedAlarm,
  ): Promise<Receipt> {
    // While a state is open it has one key, so that telling it again changes nothing; what has no name is always new.
    const key = sourceKey ?? (channel === undefined ? `${rule}@${this.#deps.newId()}` : openKey(channel))
    const read = { ok: true, alarm: { ...alarm, sourceKey: key } } as const
    return this.#enqueue({ sourceId, payload, read, cellCode: undefined, channel })
  }

  /** A panel's report: its number is noted and its alarms are stored in one transaction. @throws when they are not */
  async report(sourceId: string, report: PanelReport): Promise<Receipt['kind']> {
    const { database, clock, count } = this.#deps
    const receivedAt = new Date(clock.now())
    const outcome = await database.transaction(async (tx) => {
      const { isRepeated, gap } = await countReport(tx, sourceId, report, receivedAt)
      if (isRepeated) return 'repeated'
      const place = (await placesOf(tx, [sourceId])).get(sourceId)
      if (place === undefined) throw new Error(`alarm source ${sourceId} is gone`)
      if (isPaused(place.pausedUntil, receivedAt)) return 'ignored'
      const common = { sourceId, receivedAt, payload: report.payload, cellCode: undefined }
      for (const event of report.events) {
        const alarm = panelAlarm(event, receivedAt, place.priority)
        // One after the other: an event may end what another of the same report began.
        await this.#store(tx, [{ ...common, read: { ok: true, alarm }, channel: event.channel, renews: true }])
      }
      if (gap !== undefined) {
        const alarm = gapAlarm(sourceId, gap, receivedAt)
        const { cellCode } = place
        await this.#store(tx, [
          { ...common, cellCode, sourceId: SYSTEM_SOURCE_ID, read: { ok: true, alarm }, channel: undefined },
        ])
      }
      return 'stored'
    })
    count(outcome, 1)
    return outcome
  }

  /** A message that cannot be taken; kept with its reason. */
  reject(sourceId: string | undefined, payload: Uint8Array, reason: string): Promise<Receipt> {
    return this.#enqueue({
      sourceId: sourceId ?? '',
      payload,
      read: { ok: false, reason },
      cellCode: undefined,
      channel: undefined,
    })
  }

  /** An alarm that the gateway raises itself; the same key again is the same alarm. */
  raise({ cellCode, sourceId = SYSTEM_SOURCE_ID, ...alarm }: OwnAlarm): Promise<Receipt> {
    const payload = new Uint8Array()
    return this.#enqueue({ sourceId, payload, read: { ok: true, alarm }, cellCode, channel: undefined })
  }

  /** Resolves when nothing waits any more. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  #enqueue(message: Omit<Waiting, 'receivedAt' | 'resolve' | 'reject'>): Promise<Receipt> {
    if (this.#waiting.length >= MAX_WAITING_MESSAGES) {
      return Promise.reject(new Error(`${MAX_WAITING_MESSAGES} messages wait for storage already`))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>()
    const waiting = { ...message, receivedAt: new Date(this.#deps.clock.now()), resolve, reject }
    if (message.read.ok && message.read.alarm.priority === 1) this.#waiting.splice(this.#urgent++, 0, waiting)
    else this.#waiting.push(waiting)
    this.#running ??= this.#run()
    return promise
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that what came in one read of a socket shares a commit.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchSize(this.#waiting))
      this.#urgent = Math.max(0, this.#urgent - batch.length)
      await this.#commit(batch)
    }
    this.#running = undefined
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const receipts = await this.#deps.database.transaction((tx) => this.#store(tx, batch))
      for (const [at, message] of batch.entries()) {
        const receipt = receipts[at]
        if (receipt === undefined) throw new Error('a message was stored without a receipt')
        this.#deps.count(receipt.kind, 1)
        message.resolve(receipt)
      }
    } catch (error) {
      this.#deps.log.error(
        { err: error, messages: batch.length },
        'alarms could not be stored and are not acknowledged',
      )
      for (const message of batch) message.reject(error)
    }
  }

  async #store(tx: Tx, batch: readonly Message[]): Promise<Receipt[]> {
    const { newId } = this.#deps
    const places = await placesOf(tx, [...new Set(batch.map(({ sourceId }) => sourceId))])
    const placed = batch.map((message) => this.#place(message, places.get(message.sourceId)))
    await insertRejected(
      tx,
      placed.flatMap((item) => {
        if (!('receipt' in item) || item.receipt.kind !== 'rejected') return []
        const { sourceId, receivedAt, payload } = item.message
        const { reason } = item.receipt
        return { id: newId(), sourceId: sourceId === '' ? undefined : sourceId, reason, at: receivedAt, payload }
      }),
    )
    const missing = await this.#missing(tx, batch, places)
    const events: NewLiveEvent[] = []
    const tell = (alarm: Alarm): void => {
      events.push({ kind: 'alarm', cellCode: alarm.cellCode, data: alarm })
    }
    for (const [at, item] of placed.entries()) {
      if (!('receipt' in item) && batch[at]?.renews && !isEnd(item)) await this.#end(tx, item, tell)
    }
    const alarms = [...placed, ...missing].flatMap((item) => {
      if ('receipt' in item || isEnd(item)) return []
      const { channel: _, ...alarm } = item
      return alarm
    })
    const collection = await this.#deps.cases.begin(tx, alarms)
    const inCases = alarms.map((alarm) => ({ ...alarm, caseId: collection.caseIdOf(alarm.id) }))
    const storedIds = await insertAlarms(tx, this.#deps.database.provider, inCases)
    const receipts: Receipt[] = []
    for (const item of [...placed, ...missing]) {
      if ('receipt' in item) {
        receipts.push(item.receipt)
      } else if (isEnd(item)) {
        receipts.push(await this.#end(tx, item, tell))
      } else if (storedIds.has(item.id)) {
        const { channel: _, ...alarm } = item
        tell(toAlarm(asStored(alarm, collection.caseIdOf(item.id))))
        receipts.push({ kind: 'stored', id: item.id })
      } else {
        receipts.push(await this.#repeat(tx, item, tell))
      }
    }
    events.push(...(await collection.collect(alarms.filter(({ id }) => storedIds.has(id)))))
    await this.#deps.events.publishAll(tx, events)
    return receipts
  }

  /** Which alarm a message is, or what becomes of one that is none. */
  #place(message: Message, place: SourcePlace | undefined): StateChange | Settled {
    const { sourceId, receivedAt, read, channel } = message
    const rejected = (reason: string): Settled => ({
      message,
      receipt: { kind: 'rejected', reason, at: receivedAt.toISOString() },
    })
    if (!read.ok) return rejected(read.reason)
    const cellCode = message.cellCode ?? place?.cellCode
    if (cellCode === undefined) return rejected('there is no such alarm source')
    // The gateway's own words about a place are none of the source's.
    const pausedUntil = message.cellCode === undefined ? place?.pausedUntil : undefined
    if (isPaused(pausedUntil, receivedAt)) return { message, receipt: pausedReceipt(pausedUntil) }
    const cameraId = read.alarm.cameraId ?? (message.cellCode === undefined ? place?.cameraId : undefined)
    return { ...read.alarm, id: this.#deps.newId(), sourceId, receivedAt, cellCode, cameraId, channel }
  }

  /** The same id again: `cleared` ends the alarm, once and for good; anything else changes nothing. */
  async #repeat(tx: Tx, alarm: NewAlarm, tell: (alarm: Alarm) => void): Promise<Receipt> {
    const known = await findAlarm(tx, { sourceId: alarm.sourceId, sourceKey: alarm.sourceKey })
    if (known === undefined) throw new Error('an alarm was neither stored nor known')
    if (alarm.state === 'cleared' && (await clearAlarm(tx, known.id))) tell({ ...known, state: 'cleared' })
    return { kind: 'repeated', id: known.id }
  }

  /** Alarms about messages that a counting source sent and that never came. */
  async #missing(
    tx: Tx,
    batch: readonly Message[],
    places: Awaited<ReturnType<typeof placesOf>>,
  ): Promise<StateChange[]> {
    const numbers = batch.flatMap(({ sourceId, read }) =>
      read.ok && read.alarm.sequence !== undefined && places.has(sourceId)
        ? { sourceId, sequence: read.alarm.sequence }
        : [],
    )
    if (numbers.length === 0) return []
    const receivedAt = batch[0]?.receivedAt ?? new Date(this.#deps.clock.now())
    const gaps = (await countSequences(tx, numbers)).filter(
      ({ sourceId }) => !isPaused(places.get(sourceId)?.pausedUntil, receivedAt),
    )
    return gaps.map(({ sourceId, ...gap }) => ({
      ...gapAlarm(sourceId, gap, receivedAt),
      cellCode: places.get(sourceId)?.cellCode ?? '',
      cameraId: places.get(sourceId)?.cameraId,
      id: this.#deps.newId(),
      sourceId: SYSTEM_SOURCE_ID,
      receivedAt,
      channel: undefined,
    }))
  }

  /** A state is over: the alarm that was open under its key gets a key of its own. */
  async #end(tx: Tx, { sourceId, sourceKey, channel }: StateChange, tell: (alarm: Alarm) => void): Promise<Receipt> {
    const open = channel === undefined ? undefined : await findAlarm(tx, { sourceId, sourceKey })
    if (channel === undefined || open === undefined) return { kind: 'ignored', why: 'it was not open' }
    const ended: Alarm = { ...open, state: 'cleared', sourceKey: endedKey(channel, open.id) }
    if (await endAlarm(tx, ended)) tell(ended)
    return { kind: 'stored', id: open.id }
  }
}

type StateChange = NewAlarm & { channel: string | undefined }

/** A message that changes no alarm. */
interface Settled {
  message: Message
  receipt: Extract<Receipt, { kind: 'rejected' | 'ignored' }>
}

const isPaused = (until: Date | undefined, at: Date): until is Date => until !== undefined && at < until

const pausedReceipt = (until: Date): Extract<Receipt, { kind: 'ignored' }> => ({
  kind: 'ignored',
  why: `the source is paused until ${until.toISOString()}`,
})

const isEnd = ({ channel, state }: StateChange): boolean => channel !== undefined && state === 'cleared'

/** As many as one transaction takes, and no second change of the same state: the first must be seen by the next. */
function batchSize(waiting: readonly Waiting[]): number {
  const changed = new Set<string>()
  const upTo = waiting.slice(0, MAX_BATCH_MESSAGES).findIndex(({ sourceId, channel }) => {
    if (channel === undefined) return false
    const key = `${sourceId} ${channel}`
    return changed.has(key) || !changed.add(key)
  })
  return upTo === -1 ? MAX_BATCH_MESSAGES : upTo
}

const asStored = (alarm: NewAlarm, caseId: string): Parameters<typeof toAlarm>[0] => ({
  ...alarm,
  cameraId: alarm.cameraId ?? null,
  occurrences: 1,
  caseId,
})
