import type { Clock } from '../clock.ts'
import type { Intake, Receipt } from './intake.ts'
import { type Mapped, mapMessage } from './map-message.ts'
import type { MappedSources, RegisteredSource } from './mapped-sources.ts'
import { normalise } from './normalise.ts'

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

/** Messages of devices in their own words, on their own topics or on those that Gridlight gave. */
export class Foreign {
  readonly #deps: ForeignDeps

  constructor(deps: ForeignDeps) {
    this.#deps = deps
  }

  /** A message on the topic or webhook that a source was given: in our words, or in its own where it has a mapping. */
  async receiveOwn(sourceId: string, payload: Uint8Array, idempotencyKey?: string): Promise<Receipt> {
    const { intake, mapped, clock } = this.#deps
    const source = mapped.byId(sourceId)
    const read = normalise(payload, idempotencyKey, mapped.urgencyOf(sourceId))
    if (source === undefined || read.ok) return intake.receive(sourceId, payload, read)
    const receivedAt = new Date(clock.now())
    return this.#take(
      source,
      payload,
      mapMessage(source.mapping, source, { topic: undefined, payload, receivedAt }),
      idempotencyKey,
    )
  }

  /** A message in our words that overtook others of its source; in any other words it waits for its turn. */
  async receiveAhead(sourceId: string, payload: Uint8Array): Promise<Receipt> {
    const read = normalise(payload, undefined, this.#deps.mapped.urgencyOf(sourceId))
    if (!read.ok) return { kind: 'ignored', why: 'it comes again in its order' }
    return this.#deps.intake.receiveAhead(sourceId, payload, read.alarm)
  }

  /** One receipt for every source that has a rule for the topic. @throws when it could not be stored */
  async receiveTopic(topic: string, payload: Uint8Array): Promise<readonly TopicReceipt[]> {
    const receivedAt = new Date(this.#deps.clock.now())
    const receipts: TopicReceipt[] = []
    const named = new Set<string>()
    for (const source of this.#deps.mapped.at(topic)) {
      // What a device of its own took is not also the business of whoever takes the rest.
      const share = `${source.mapping.id} ${source.topic}`
      if (source.device === undefined && named.has(share)) continue
      const mapped = mapMessage(source.mapping, source, { topic, payload, receivedAt })
      if (source.device !== undefined && mapped.kind !== 'ignored') named.add(share)
      receipts.push({ sourceId: source.id, receipt: await this.#take(source, payload, mapped) })
      this.#deps.heard(source.id)
    }
    return receipts
  }

  async #take(
    source: RegisteredSource,
    payload: Uint8Array,
    mapped: Mapped,
    idempotencyKey?: string,
  ): Promise<Receipt> {
    const { intake, count } = this.#deps
    if (mapped.kind === 'rejected') return intake.reject(source.id, payload, mapped.reason)
    if (mapped.kind === 'ignored') {
      count('ignored', 1)
      return mapped
    }
    const receipts = await Promise.all(
      mapped.alarms.map((alarm) =>
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
