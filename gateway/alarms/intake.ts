import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { MappedAlarm } from './map-message.ts'
import type { NormalAlarm, Normalised } from './normalise.ts'
import { countReport } from './panel-accounts.ts'
import { gapAlarm, type PanelReport, panelAlarm } from './panel-report.ts'
import { placesOf, SYSTEM_SOURCE_ID } from './sources.ts'
import { endedKey, openKey } from './store.ts'
import { isPaused, type Message, type Receipt, type StoringDeps, storeMessages } from './store-messages.ts'
import { hashOf } from './taken-ahead.ts'
import { type WaitingMessage, WaitingMessages } from './waiting-messages.ts'

/** One transaction takes this many messages at the most. */
const MAX_BATCH_MESSAGES = 100
/** Messages that wait for a commit; who brings more is asked to wait. */
export const MAX_WAITING_MESSAGES = 20_000

/** An alarm of the gateway itself: the place is known by whoever raises it. */
export interface OwnAlarm extends NormalAlarm {
  cellCode: string
  /** The gateway itself when absent; a camera is the source of what it tells, under its own id. */
  sourceId?: string
}

export interface IntakeDeps extends StoringDeps {
  clock: Clock
  log: FastifyBaseLogger
  /** Counts what became of messages. */
  count(outcome: Receipt['kind'], messages: number): void
}

interface Waiting extends Message, WaitingMessage {
  resolve: (receipt: Receipt) => void
  reject: (error: unknown) => void
}

/**
 * Takes alarms. A message that has a receipt is on disk; one whose receipt is an error is not, and must not be
 * acknowledged. While one transaction runs the next batch gathers, so a lone alarm waits for nobody and a flood
 * shares its commits. What is urgent goes first, and then every source in turn.
 */
export class Intake {
  readonly #deps: IntakeDeps
  readonly #waiting = new WaitingMessages<Waiting>()
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

  /**
   * One alarm of a message in a device's own words.
   * @param isAhead the message comes again in its order; only beginnings may be told ahead, since an end ends what came before it
   */
  receiveMapped(
    sourceId: string,
    payload: Uint8Array,
    { rule, alarm, sourceKey, channel }: MappedAlarm,
    isAhead = false,
  ): Promise<Receipt> {
    // While a state is open it has one key, so that telling it again changes nothing; what has no name is always new.
    const key =
      sourceKey ?? (channel === undefined || isAhead ? endedKey(channel ?? rule, this.#deps.newId()) : openKey(channel))
    const read = { ok: true, alarm: { ...alarm, sourceKey: key } } as const
    const unnamed = { name: channel ?? rule, messageHash: hashOf(payload), isAhead }
    return this.#enqueue({
      sourceId,
      payload,
      read,
      cellCode: undefined,
      channel,
      ...(sourceKey === undefined ? { unnamed } : {}),
    })
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
      if (isPaused(place, receivedAt)) return 'ignored'
      const { payload } = report
      const events = report.events.map((event): Message => {
        const alarm = panelAlarm(event, receivedAt, place.priority)
        const read = { ok: true, alarm } as const
        const { channel, renews } = event
        return { sourceId, receivedAt, payload, cellCode: undefined, read, channel, renews }
      })
      const { cellCode } = place
      const told = gap === undefined ? [] : [gapAlarm(sourceId, gap, receivedAt)]
      const gaps = told.map((alarm): Message => {
        const read = { ok: true, alarm } as const
        return { sourceId: SYSTEM_SOURCE_ID, receivedAt, payload, cellCode, read, channel: undefined }
      })
      await storeMessages(tx, this.#deps, [...events, ...gaps], () => [])
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

  #enqueue(message: Omit<Waiting, 'receivedAt' | 'isUrgent' | 'resolve' | 'reject'>): Promise<Receipt> {
    if (this.#waiting.size >= MAX_WAITING_MESSAGES) {
      return Promise.reject(new Error(`${MAX_WAITING_MESSAGES} messages wait for storage already`))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>()
    const isUrgent = message.read.ok && message.read.alarm.priority === 1
    this.#waiting.push({ ...message, isUrgent, receivedAt: new Date(this.#deps.clock.now()), resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that what came in one read of a socket shares a commit.
    await new Promise(setImmediate)
    while (this.#waiting.size > 0) await this.#commit(this.#waiting.take(MAX_BATCH_MESSAGES))
    this.#running = undefined
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const receipts = await this.#deps.database.transaction((tx) =>
        storeMessages(tx, this.#deps, batch, (sourceId) => this.#heldNumbers(sourceId)),
      )
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
      for (const message of [...batch, ...this.#behind(batch)]) message.reject(error)
    }
  }

  /** What their sources sent after them: those send all of it again, and in that order it is to be stored. */
  #behind(batch: readonly Waiting[]): Waiting[] {
    const sourceIds = new Set(batch.flatMap(({ cellCode, sourceId }) => (cellCode === undefined ? sourceId : [])))
    return [...sourceIds].flatMap((sourceId) => this.#waiting.takeOf(sourceId))
  }

  /** Numbers of messages that an urgent one overtook on their way to the disk: they are not missing. */
  #heldNumbers(sourceId: string): number[] {
    return [...this.#waiting.of(sourceId)].flatMap(({ read }) =>
      read.ok && read.alarm.sequence !== undefined ? read.alarm.sequence : [],
    )
  }
}
