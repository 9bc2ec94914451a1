import { ErrorWithSubackPacket, type MqttClient } from 'mqtt'

/** Of one SUBSCRIBE; some brokers take no more. */
const MAX_FILTERS = 50

/** What one connection is subscribed to, brought in line with what is wanted. */
export class Subscriptions {
  readonly #client: MqttClient
  readonly #qos: 0 | 1
  #current = new Set<string>()

  constructor(client: MqttClient, qos: 0 | 1) {
    this.#client = client
    this.#qos = qos
  }

  /** A new session knows nothing of what was. */
  forget(): void {
    this.#current = new Set()
  }

  /**
   * Listens to these and to no others. What the broker refuses is asked for again at the next call.
   * @returns what was refused; @throws when the connection has ended
   */
  async set(filters: readonly string[]): Promise<string[]> {
    const wanted = new Set(filters)
    const added = filters.filter((filter) => !this.#current.has(filter))
    const removed = [...this.#current].filter((filter) => !wanted.has(filter))
    this.#current = wanted
    const refused: string[] = []
    for (let at = 0; at < added.length; at += MAX_FILTERS) {
      refused.push(...(await this.#subscribe(added.slice(at, at + MAX_FILTERS))))
    }
    for (const filter of refused) this.#current.delete(filter)
    if (removed.length > 0) await this.#client.unsubscribeAsync(removed)
    return refused
  }

  /** @returns what the broker refuses of these; it listens to the others */
  async #subscribe(filters: string[]): Promise<string[]> {
    try {
      // What was retained before is no news (MQTT 5 §3.8.3.1).
      await this.#client.subscribeAsync(filters, { qos: this.#qos, rh: 2 })
      return []
    } catch (error) {
      const codes = error instanceof ErrorWithSubackPacket ? error.packet.granted : undefined
      if (codes === undefined) throw error
      return filters.filter((_, at) => isRefusal(codes[at]))
    }
  }
}

/** A code for each filter, in their order, from 0x80 on a no (MQTT 3.1.1 §3.9.3, MQTT 5 §3.9.3). */
const isRefusal = (code: unknown): boolean => typeof code === 'number' && code >= 0x80
