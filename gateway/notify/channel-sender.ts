import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { ChannelFault } from '../contracts/channel.ts'
import type { Database, Tx } from '../storage/database.ts'
import { Quiet } from '../storage/quiet.ts'
import type { Vault } from '../vault.ts'
import { type Composition, compose, countFitting, type Outcome, outcomeOf, requestOf } from './channel-format.ts'
import {
  changeDelivery,
  type DeliveryChange,
  findChannel,
  nextDeliveries,
  type OpenChannel,
  phoneOf,
  takeLease,
  toOpenChannel,
  triedSince,
  type Waiting,
  waitingChannels,
} from './channel-store.ts'
import { waitOrWake } from './event-reader.ts'
import { post } from './outside.ts'
import { RateWindow, WINDOW_MS } from './rate-window.ts'

const POLL_MS = 1000
/** Longer than a request may take; a node that died with it is replaced after this. */
const LEASE_MS = 30_000
/** Cases that a robot tells in one message: its limit counts messages. */
const MAX_BATCH = 10
/** Feishu takes five messages a second. */
const MIN_GAP_MS = 250
const MIN_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 60_000
/** A message that could not be brought by then has no use any more: the case went back to the centre long ago. */
const MAX_AGE_MS = 15 * 60_000
const MAX_ATTEMPTS = 10

/** What a case is told of one of its notifications. */
export type Settlement = { state: 'accepted' } | { state: 'undelivered'; fault: ChannelFault } | { state: 'not-needed' }

export interface ChannelSenderDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  random: () => number
  vault: Vault
  nodeId: string
  cellName(code: string): Promise<string | undefined>
  /** Of these notifications those that still wait for somebody. */
  stillNeeded(notificationIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Tells the case in the transaction of `work`. */
  settle(
    of: { caseId: string; notificationId: string },
    settlement: Settlement,
    work: (tx: Tx) => Promise<void>,
  ): Promise<void>
}

/** Brings queued messages to their providers: in order for each channel, all channels side by side. */
export class ChannelSender {
  readonly #deps: ChannelSenderDeps
  readonly #stop = new AbortController()
  readonly #windows = new Map<string, RateWindow>()
  /** Channels that are being worked on. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly counts = { accepted: 0, refused: 0, dead: 0, notNeeded: 0 }
  #wake = Promise.withResolvers<void>()
  #running: Promise<void> = Promise.resolve()

  constructor(deps: ChannelSenderDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await Promise.all(this.#busy.values())
  }

  /** Something was queued. */
  wake(): void {
    this.#wake.resolve()
  }

  /** Sends outside the queue, within the provider's limit. */
  async sendNow(channel: OpenChannel, composition: Composition, id: string): Promise<Outcome> {
    const { clock } = this.#deps
    const window = await this.#windowOf(channel.id)
    if (window.freeAt(clock.now(), channel.ratePerMinute) > clock.now()) {
      const detail = `${channel.ratePerMinute} messages went out within the last minute`
      return { kind: 'refused', fault: 'too-many-messages', detail, isPassing: true }
    }
    window.take(clock.now())
    return this.#post(channel, composition, id)
  }

  async #run(): Promise<void> {
    const { clock, database, log } = this.#deps
    const { signal } = this.#stop
    const quiet = new Quiet(database)
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      try {
        for (const id of await this.#dueChannels(quiet)) {
          if (this.#busy.has(id)) continue
          const work = this.#work(id)
            .catch((error: unknown) => log.error({ err: error, channel: id }, 'messages of a channel wait'))
            .finally(() => this.#busy.delete(id))
          this.#busy.set(id, work)
        }
      } catch (error) {
        log.error({ err: error }, 'messages that are due could not be read; trying again')
      }
      await waitOrWake(clock, POLL_MS, this.#wake.promise, signal)
    }
  }

  async #dueChannels(quiet: Quiet): Promise<string[]> {
    const { clock, database } = this.#deps
    const nowMs = clock.now()
    if (!quiet.isOver(nowMs)) return []
    const waiting = await waitingChannels(database)
    const firstMs = Math.min(...waiting.map(({ nextMs }) => nextMs))
    if (firstMs > nowMs) quiet.begin(firstMs)
    return waiting.filter(({ nextMs }) => nextMs <= nowMs).map(({ id }) => id)
  }

  /** Sends what a channel has, until something has to wait. */
  async #work(id: string): Promise<void> {
    const { clock, database, vault, nodeId } = this.#deps
    const { signal } = this.#stop
    const window = await this.#windowOf(id)
    while (!signal.aborted) {
      const nowMs = clock.now()
      const times = { now: new Date(nowMs), until: new Date(nowMs + LEASE_MS) }
      if (!(await takeLease(database, id, nodeId, times))) return
      const row = await findChannel(database.client, id)
      if (row === undefined || !row.enabled) return
      const channel = toOpenChannel(row, vault)
      const waiting = await nextDeliveries(database, id, channel.kind === 'sms' ? 1 : MAX_BATCH)
      const [head] = waiting
      // The first one waits, and the others behind it: they are told in order.
      if (head === undefined || head.nextMs > nowMs || window.freeAt(nowMs, channel.ratePerMinute) > nowMs) return
      const needed = await this.#dropUnneeded(waiting)
      if (needed.length === 0) continue
      if (!(await this.#send(channel, needed, window))) return
      await clock.sleep(MIN_GAP_MS, signal).catch(() => {})
    }
  }

  async #dropUnneeded(waiting: readonly Waiting[]): Promise<Waiting[]> {
    const needed = await this.#deps.stillNeeded(waiting.map(({ notificationId }) => notificationId))
    for (const one of waiting.filter(({ notificationId }) => !needed.has(notificationId))) {
      this.counts.notNeeded++
      await this.#settle(one, { state: 'not-needed' }, { state: 'not-needed', nextAt: null })
    }
    return waiting.filter(({ notificationId }) => needed.has(notificationId))
  }

  /** @returns whether the channel may go on at once */
  async #send(channel: OpenChannel, waiting: readonly Waiting[], window: RateWindow): Promise<boolean> {
    const { clock, database, vault, cellName } = this.#deps
    const all = await Promise.all(
      waiting.map(async ({ message, toId }) => {
        const name = await cellName(message.cellCode)
        return {
          message: name === undefined ? message : { ...message, cellName: name },
          phone: await phoneOf(database.client, vault, toId),
        }
      }),
    )
    const [first] = waiting
    if (first === undefined) return true
    // What does not fit goes with the next message: nothing is called taken that was cut off.
    const count = countFitting(
      all.map(({ message }) => message),
      channel,
    )
    const told = all.slice(0, count)
    const isWithoutPhone = channel.kind === 'sms' && told[0]?.phone === undefined
    if (!isWithoutPhone) window.take(clock.now())
    const outcome: Outcome = isWithoutPhone
      ? { kind: 'refused', fault: 'no-phone-number', detail: '', isPassing: false }
      : await this.#post(channel, compose(told, channel), first.id)
    if (this.#stop.signal.aborted && outcome.kind === 'refused') return false
    const triedAt = new Date(clock.now())
    for (const one of waiting.slice(0, count)) await this.#note(one, outcome, triedAt)
    return outcome.kind === 'accepted' || !outcome.isPassing
  }

  async #note(one: Waiting, outcome: Outcome, triedAt: Date): Promise<void> {
    const { clock, database, random } = this.#deps
    if (outcome.kind === 'accepted') {
      this.counts.accepted++
      await this.#settle(one, { state: 'accepted' }, { state: 'accepted', triedAt, nextAt: null, fault: null })
      return
    }
    const { fault, isPassing, waitMs = 0 } = outcome
    // A full robot says nothing about the message, which is not counted against it.
    const attempts = one.attempts + (fault === 'too-many-messages' ? 0 : 1)
    const backoffMs = Math.min(MIN_BACKOFF_MS * 2 ** one.attempts, MAX_BACKOFF_MS) * (0.5 + random() / 2)
    const nextMs = clock.now() + Math.max(waitMs, Math.round(backoffMs))
    if (!isPassing || attempts >= MAX_ATTEMPTS || nextMs - one.atMs > MAX_AGE_MS) {
      this.counts.dead++
      const settlement = { state: 'undelivered', fault } as const
      await this.#settle(one, settlement, { state: 'dead', triedAt, attempts, nextAt: null, fault })
      return
    }
    this.counts.refused++
    const change: DeliveryChange = { state: 'waiting', triedAt, attempts, nextAt: new Date(nextMs), fault }
    await database.transaction((tx) => changeDelivery(tx, one.id, change))
  }

  #settle(one: Waiting, settlement: Settlement, change: DeliveryChange): Promise<void> {
    return this.#deps.settle(one, settlement, (tx) => changeDelivery(tx, one.id, change))
  }

  async #post(channel: OpenChannel, composition: Composition, id: string): Promise<Outcome> {
    const { clock, log } = this.#deps
    const { kind, settings, networks } = channel
    const request = requestOf(kind, settings, composition, { nowMs: clock.now(), id })
    const reply = await post(request, networks, this.#stop.signal)
    const outcome: Outcome = reply.kind === 'answered' ? outcomeOf(kind, reply) : { ...reply, kind: 'refused' }
    if (outcome.kind === 'refused') {
      log.warn({ channel: channel.id, fault: outcome.fault, status: outcome.status }, 'a message was not taken')
    }
    return outcome
  }

  async #windowOf(channelId: string): Promise<RateWindow> {
    const known = this.#windows.get(channelId)
    if (known !== undefined) return known
    const { clock, database } = this.#deps
    const window = new RateWindow(await triedSince(database, channelId, new Date(clock.now() - WINDOW_MS)))
    this.#windows.set(channelId, window)
    return window
  }
}
