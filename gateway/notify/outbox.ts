import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { CameraEvent, OutboxEvent } from '../contracts/event.ts'
import { cameraState, cellAlarms, cellCases, linkFirstView, type OutgoingMessage } from '../mqtt/topics.ts'
import type { Database } from '../storage/database.ts'
import type { Lead } from '../storage/leading-node.ts'
import { Quiet } from '../storage/quiet.ts'
import { insertDeadLetter } from './dead-letters.ts'
import { waitOrWake } from './event-reader.ts'
import { type EventPage, readCursor, readEvents, writeCursor } from './store.ts'

const PAGE_EVENTS = 100
/** Messages on their way to the broker; Mosquitto's default receive maximum. */
const MAX_IN_FLIGHT = 20
const POLL_MS = 1000
const MIN_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 30_000
/** A broker that has said no so often will not say yes; whatever comes after it must not wait for ever. */
const MAX_REFUSALS = 5
/** MQTT 5 §3.4.2.1: the client may not publish to this topic. */
const NOT_AUTHORIZED = 0x87
const MAX_REASON_LENGTH = 300

export interface OutboxDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** 0 <= random() < 1, for the jitter of the backoff. */
  random: () => number
  events: { onNews(listener: () => void): () => void }
  /** Resolves when the broker has taken the message; rejects while there is none. */
  publisher: { publish(message: OutgoingMessage): Promise<void>; onConnected(listener: () => void): () => void }
  /** Name of the cursor: one for a shared broker, one per gateway for embedded ones. */
  destination: string
  /** Two nodes that deliver side by side would tell everything twice, and retain an old state over a newer one. */
  lead: Lead
  /** Cameras' states as they are now: a broker that was started anew has lost what it retained. */
  cameraStates(): Promise<readonly CameraEvent[]>
}

export interface OutboxFault {
  reason: string
  at: string
}

export interface Outbox {
  /** Why events wait now; undefined while they are delivered. */
  lastFault(): OutboxFault | undefined
  start(): void
  close(): Promise<void>
}

/** The MQTT message that tells an event to other systems; undefined for what stays inside. */
export function messageOf(event: OutboxEvent): OutgoingMessage | undefined {
  switch (event.kind) {
    case 'alarm':
      return { topic: cellAlarms(event.data.cellCode), payload: JSON.stringify(event.data), retain: false }
    case 'case':
      return { topic: cellCases(event.data.cellCode), payload: JSON.stringify(event.data), retain: false }
    case 'camera':
      return cameraMessage(event.data)
    case 'first-view':
      return { topic: linkFirstView(event.data.linkId), payload: JSON.stringify(event.data), retain: false }
    case 'flood':
    case 'link':
    case 'view-ended':
    case 'session-ended':
      return undefined
  }
}

function cameraMessage({ id, state, since, reason }: CameraEvent): OutgoingMessage {
  return { topic: cameraState(id), payload: JSON.stringify({ state, since, reason }), retain: true }
}

/**
 * Delivers the outbox to a broker, in order and at least once: the cursor moves after the broker has taken the
 * messages. While the broker is away events wait in the database and nothing else is held up.
 */
export function createOutbox(deps: OutboxDeps): Outbox {
  const { database, clock, log, newId, publisher, destination, lead } = deps
  const stop = new AbortController()
  const quiet = new Quiet(database)
  let news = Promise.withResolvers<void>()
  let connected = Promise.withResolvers<void>()
  let isRefreshDue = true
  /** The event that the broker refused last, and how often in a row. */
  let refused: { number: bigint; times: number } | undefined
  /** Topics that the broker does not allow; a message to them is tried once, so that others do not wait for each. */
  const barred = new Set<string>()
  let lastFault: OutboxFault | undefined
  let running: Promise<void> = Promise.resolve()

  const unlisteners: (() => void)[] = []

  /**
   * Publishes in this order, each as soon as one before it was taken: waiting for all that are under way would leave the
   * line idle between. Nothing is begun after a failure, for what failed comes first.
   * @returns how it went; shorter than the messages after a failure, and where another node leads by now
   */
  const publishAll = async (
    messages: readonly OutgoingMessage[],
    publish = (message: OutgoingMessage): Promise<void> => publisher.publish(message),
  ): Promise<PromiseSettledResult<void>[]> => {
    const begun: Promise<PromiseSettledResult<void>>[] = []
    let hasFailed = false
    const worker = async (): Promise<void> => {
      for (;;) {
        const message = messages[begun.length]
        if (message === undefined || hasFailed || !lead.isHeld()) return
        const settled = Promise.allSettled([publish(message)]).then(([outcome]) => outcome)
        begun.push(settled)
        if ((await settled).status === 'rejected') hasFailed = true
      }
    }
    await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, worker))
    return Promise.all(begun)
  }

  const bury = (number: bigint, message: OutgoingMessage | undefined, reason: string): Promise<void> =>
    insertDeadLetter(database, { id: newId(), destination, number, message, reason, at: new Date(clock.now()) })

  /**
   * @returns whether nothing of the page is left
   * @throws at the first that has to be tried again; the cursor stands before it
   */
  const deliver = async ({ events, faults, last }: EventPage): Promise<boolean> => {
    for (const { number, fault } of faults) await bury(number, undefined, fault)
    const told = events.flatMap(({ number, event }) => {
      const message = messageOf(event)
      return message === undefined ? [] : { number, message }
    })
    const outcomes = await publishAll(told.map(({ message }) => message))
    for (const [at, { number, message }] of told.entries()) {
      const outcome = outcomes[at]
      if (outcome?.status === 'fulfilled') {
        barred.delete(message.topic)
        continue
      }
      if (outcome === undefined) {
        // Not begun, after one that is a dead letter by now or because another node leads: who leads goes on from here.
        await writeCursor(database, destination, number - 1n)
        return false
      }
      if (refused?.number !== number) refused = { number, times: 0 }
      if (isRefusal(outcome.reason)) refused.times++
      const isBarred = codeOf(outcome.reason) === NOT_AUTHORIZED
      if (refused.times < MAX_REFUSALS && !(isBarred && barred.has(message.topic))) {
        await writeCursor(database, destination, number - 1n)
        throw outcome.reason
      }
      if (isBarred) barred.add(message.topic)
      await bury(number, message, reasonOf(outcome.reason))
      log.error({ number: number.toString(), destination }, 'a message is refused for good and passed over')
    }
    if (last !== undefined) await writeCursor(database, destination, last)
    return true
  }

  const refresh = async (): Promise<void> => {
    // First, so that a connection made meanwhile asks for it again.
    isRefreshDue = false
    const refusals: { topic: string; reason: string }[] = []
    // The next change of a state that is refused is an event; until then neither other cameras nor alarms wait for it.
    const publishState = (message: OutgoingMessage): Promise<void> =>
      publisher.publish(message).catch((error: unknown) => {
        if (!isRefusal(error)) throw error
        refusals.push({ topic: message.topic, reason: reasonOf(error) })
      })
    try {
      const states = (await deps.cameraStates()).map(cameraMessage)
      const outcomes = await publishAll(states, publishState)
      if (outcomes.length < states.length) isRefreshDue = true
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    } catch (error) {
      isRefreshDue = true
      throw error
    }
    const [first] = refusals
    if (first !== undefined) log.error({ destination, count: refusals.length, first }, 'states of cameras are refused')
  }

  /** @returns whether there may be more to deliver at once */
  const runOnce = async (): Promise<boolean> => {
    if (isRefreshDue) await refresh()
    if (!quiet.isOver(clock.now())) return false
    const after = await readCursor(database, destination)
    const page = await readEvents(database, { after }, PAGE_EVENTS)
    const isDone = await deliver(page)
    if (page.last === undefined) quiet.begin()
    return page.isFull || !isDone
  }

  /** Another node delivers, or none can: why events waited is known here until they wait no longer. */
  const standBy = async (): Promise<false> => {
    if (lastFault === undefined) return false
    const { events } = await readEvents(database, { after: await readCursor(database, destination) }, 1)
    if (events.length === 0) lastFault = undefined
    return false
  }

  const run = async (): Promise<void> => {
    let backoffMs = MIN_BACKOFF_MS
    while (!stop.signal.aborted) {
      news = Promise.withResolvers<void>()
      connected = Promise.withResolvers<void>()
      try {
        const more = lead.isHeld() ? await runOnce() : await standBy()
        backoffMs = MIN_BACKOFF_MS
        if (lead.isHeld()) lastFault = undefined
        if (!more) await waitOrWake(clock, POLL_MS, Promise.race([news.promise, connected.promise]), stop.signal)
      } catch (error) {
        const waitMs = Math.round(backoffMs * (0.5 + deps.random() / 2))
        lastFault = { reason: reasonOf(error), at: new Date(clock.now()).toISOString() }
        log.warn({ err: error, destination, waitMs }, 'events wait for the broker')
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)
        // News does not cut this wait short: a flood of alarms would become a flood of attempts.
        await waitOrWake(clock, waitMs, connected.promise, stop.signal)
      }
    }
  }

  return {
    lastFault: () => lastFault,
    start: () => {
      unlisteners.push(
        deps.events.onNews(() => news.resolve()),
        publisher.onConnected(() => {
          isRefreshDue = true
          connected.resolve()
        }),
        lead.onChange(() => connected.resolve()),
      )
      running = run()
    },
    close: async () => {
      for (const unlisten of unlisteners) unlisten()
      stop.abort()
      await running
    },
  }
}

/** MQTT 5 §2.4: a reason code from 0x80 on is the broker's no; a lost connection is not. */
const isRefusal = (error: unknown): boolean => (codeOf(error) ?? 0) >= 0x80

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_LENGTH)
