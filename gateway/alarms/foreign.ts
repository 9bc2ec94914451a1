import type { Clock } from '../clock.ts'
import { type Delivery, parseInput } from '../mqtt/topics.ts'
import type { Intake } from './intake.ts'
import { type Mapped, mapMessage } from './map-message.ts'
import type { MappedSources, RegisteredSource } from './mapped-sources.ts'
import { type NormalAlarm, normalise } from './normalise.ts'
import type { Receipt } from './store-messages.ts'

export interface TopicReceipt {
  sourceId: string
  receipt: Receipt
}

export interface ForeignDeps {
  clock: Clock
  intake: Intake
  mapped: MappedSources
  count(outcome: Receipt['kind'], messages: number): void
  heard(sourceId: string): void
}

/** Ordinary messages that are told ahead at a time: enough for a busy day, while a flood keeps to its order. */
const MAX_AHEAD = 10
/** With the urgent ones among them. */
const MAX_URGENT_AHEAD = 1000

/** Messages of devices in their own words, on their own topics or on those that Gridlight gave. */
export class Foreign {
  readonly #deps: ForeignDeps
  /** Messages that are told ahead and not stored yet. */
  #hurrying = 0

  constructor(deps: ForeignDeps) {
    this.#deps = deps
  }

  /** A message on the topic or webhook that a source was given: in our words, or in its own where it has a mapping. */
  async receiveOwn(sourceId: string, payload: Uint8Array, delivery: Delivery = {}): Promise<Receipt> {
    const { intake, mapped, clock } = this.#deps
    const source = mapped.byId(sourceId)
    const read = normalise(payload, delivery.idempotencyKey, mapped.urgencyOf(sourceId))
    if (source === undefined || read.ok) return intake.receive(sourceId, payload, read)
    const receivedAt = new Date(clock.now())
    return this.#take(
      source,
      payload,
      mapMessage(source.mapping, source, { topic: undefined, payload, receivedAt }),
      delivery,
    )
  }

  /**
   * A message that comes again in its order, told now as far as it begins an alarm: an end would end what came before.
   * Where many new ones come at once only the urgent are told ahead. Never rejects: what is not told now is told then.
   */
  async receiveAhead(topic: string, payload: Uint8Array): Promise<void> {
    const { intake, mapped, clock } = this.#deps
    const own = parseInput(topic)
    const read = own === undefined ? undefined : normalise(payload, undefined, mapped.urgencyOf(own.sourceId))
    if (own !== undefined && read?.ok) {
      return this.#hurry(own.sourceId, read.alarm, () => intake.receiveAhead(own.sourceId, payload, read.alarm))
    }
    const receivedAt = new Date(clock.now())
    const source = own === undefined ? undefined : mapped.byId(own.sourceId)
    const told =
      own === undefined
        ? [...this.#toldOn(topic, payload, receivedAt)]
        : source === undefined
          ? []
          : [{ source, mapped: mapMessage(source.mapping, source, { topic: undefined, payload, receivedAt }) }]
    await Promise.all(
      told.flatMap(({ source: { id }, mapped: becomes }) =>
        becomes.kind === 'alarms'
          ? becomes.alarms.map((one) => this.#hurry(id, one.alarm, () => intake.receiveMapped(id, payload, one, true)))
          : [],
      ),
    )
  }

  /** One receipt for every source that has a rule for the topic. @throws when it could not be stored */
  async receiveTopic(topic: string, payload: Uint8Array, delivery: Delivery = {}): Promise<readonly TopicReceipt[]> {
    const receivedAt = new Date(this.#deps.clock.now())
    const receipts: TopicReceipt[] = []
    for (const { source, mapped } of this.#toldOn(topic, payload, receivedAt)) {
      receipts.push({ sourceId: source.id, receipt: await this.#take(source, payload, mapped, delivery) })
      this.#deps.heard(source.id)
    }
    return receipts
  }

  /** What a message on a topic of a device's own choice means to each source that is registered there. */
  *#toldOn(
    topic: string,
    payload: Uint8Array,
    receivedAt: Date,
  ): Iterable<{ source: RegisteredSource; mapped: Mapped }> {
    const named = new Set<string>()
    for (const source of this.#deps.mapped.at(topic)) {
      // What a device of its own took is not also the business of whoever takes the rest.
      const share = `${source.mapping.id} ${source.topic}`
      if (source.device === undefined && named.has(share)) continue
      const mapped = mapMessage(source.mapping, source, { topic, payload, receivedAt })
      if (source.device !== undefined && mapped.kind !== 'ignored') named.add(share)
      yield { source, mapped }
    }
  }

  async #hurry(
    sourceId: string,
    { state, priority }: Pick<NormalAlarm, 'state' | 'priority'>,
    take: () => Promise<Receipt>,
  ): Promise<void> {
    if (state === 'cleared' || this.#hurrying >= (priority === 1 ? MAX_URGENT_AHEAD : MAX_AHEAD)) return
    this.#hurrying++
    try {
      await take()
      this.#deps.heard(sourceId)
    } catch {
      // The intake has logged it, and the message comes again.
    } finally {
      this.#hurrying--
    }
  }

  async #take(
    source: RegisteredSource,
    payload: Uint8Array,
    mapped: Mapped,
    { idempotencyKey, isRetained = false }: Delivery,
  ): Promise<Receipt> {
    const { intake, count } = this.#deps
    if (mapped.kind === 'rejected') return intake.reject(source.id, payload, mapped.reason)
    if (mapped.kind === 'ignored') {
      count('ignored', 1)
      return mapped
    }
    // An event without an id or an end: nothing tells that it is not the one that was taken when it happened.
    const news = mapped.alarms.filter(({ sourceKey, channel }) => !isRetained || (sourceKey ?? channel) !== undefined)
    if (news.length === 0) {
      count('ignored', 1)
      return { kind: 'ignored', why: 'it was retained, and is no news' }
    }
    const receipts = await Promise.all(
      news.map((alarm) =>
        intake.receiveMapped(source.id, payload, idempotencyKey === undefined ? alarm : named(alarm, idempotencyKey)),
      ),
    )
    return mostTelling(receipts)
  }
}

/** Under a key of the sender, the same message again is the same alarm. */
const named = <T extends { rule: string; channel: string | undefined; sourceKey: string | undefined }>(
  alarm: T,
  key: string,
): T => (alarm.channel === undefined ? { ...alarm, sourceKey: `${alarm.rule}:${key}`.slice(0, 128) } : alarm)

/** What is said of a message that was several alarms. */
function mostTelling(receipts: readonly Receipt[]): Receipt {
  const order = ['rejected', 'stored', 'repeated', 'ignored'] as const
  const [first] = receipts.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
  return first ?? { kind: 'ignored', why: 'no rule fits' }
}
