import type { MqttClient } from 'mqtt'

/** Of one SUBSCRIBE; some brokers take no more. */
const MAX_FILTERS = 50

/** What one connection is subscribed to, brought in line with what is wanted. */
export class Subscriptions {
  readonly #client: MqttClient
  readonly #qos: 0 | 1
  #current: ReadonlySet<string> = new Set()

  constructor(client: MqttClient, qos: 0 | 1) {
    this.#client = client
    this.#qos = qos
  }

  /** A new session knows nothing of what was. */
  forget(): void {
    this.#current = new Set()
  }

  async set(filters: readonly string[]): Promise<void> {
    const wanted = new Set(filters)
    const added = filters.filter((filter) => !this.#current.has(filter))
    const removed = [...this.#current].filter((filter) => !wanted.has(filter))
    this.#current = wanted
    for (let at = 0; at < added.length; at += MAX_FILTERS) {
      // What was retained before is no news (MQTT 5 §3.8.3.1).
      await this.#client.subscribeAsync(added.slice(at, at + MAX_FILTERS), { qos: this.#qos, rh: 2 })
    }
    if (removed.length > 0) await this.#client.unsubscribeAsync(removed)
  }
}
