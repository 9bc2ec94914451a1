import type { FastifyBaseLogger } from 'fastify'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import type { Clock } from '../clock.ts'
import { Copies } from './copies.ts'
import type { InputTaker } from './mqtt.ts'
import { Subscriptions } from './subscriptions.ts'
import { parseInput } from './topics.ts'

const CHECK_MS = 50
const RECONNECT_MS = 5000

export interface SecondSessionDeps {
  url: string
  clock: Clock
  log: FastifyBaseLogger
  input: Pick<InputTaker, 'receiveAhead' | 'heartbeat'>
}

/**
 * The first session brings every message once and in its order, and a new alarm would wait there behind an hour's
 * backlog, or behind a flood that is faster than the disk. For this one the broker queues nothing (QoS 0), so it tells of
 * each message when it is sent; what the first does not bring by itself is taken ahead. Nothing depends on it: what it
 * misses comes in its order.
 */
export class SecondSession {
  readonly #deps: SecondSessionDeps
  readonly #client: MqttClient
  readonly #subscriptions: Subscriptions
  readonly #copies = new Copies()
  readonly #stop = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  #filters: readonly string[]
  #isChecking = false

  constructor(deps: SecondSessionDeps, options: IClientOptions, filters: readonly string[]) {
    this.#deps = deps
    this.#filters = filters
    this.#client = connect(deps.url, { ...options, clean: true, reconnectPeriod: RECONNECT_MS })
    this.#subscriptions = new Subscriptions(this.#client, 0)
    this.#client.on('error', (error) => deps.log.debug({ err: error }, 'MQTT broker, second session'))
    this.#client.once('close', this.#ready.resolve)
    this.#client.on('connect', () => {
      this.#subscriptions.forget()
      this.listen(this.#filters)
    })
    this.#client.on('message', (topic, payload, { retain }) => {
      // What was retained is no news; brokers of MQTT 3.1.1 send it all the same.
      if (!retain) this.#tell(topic, payload)
    })
  }

  /** Resolves when it listens for the first time, or its connection has failed. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Listens to these topics from now on. */
  listen(filters: readonly string[]): void {
    this.#filters = filters
    if (!this.#client.connected) return
    this.#subscriptions
      .set(filters)
      .then((refused) => {
        if (refused.length > 0) this.#deps.log.debug({ topics: refused }, 'MQTT broker, second session: refused')
        this.#ready.resolve()
      })
      .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'MQTT subscription of the second session failed'))
  }

  /** The first session brings this message. */
  bring(topic: string, payload: Buffer): void {
    this.#copies.bring(topic, payload, this.#deps.clock.monotonicMs())
  }

  close(): void {
    this.#stop.abort()
    this.#client.end(true)
  }

  #tell(topic: string, payload: Buffer): void {
    const { clock, input } = this.#deps
    const source = parseInput(topic)
    if (source?.kind === 'heartbeat') input.heartbeat(source.sourceId)
    else this.#copies.tell(topic, payload, clock.monotonicMs())
    if (!this.#isChecking) void this.#check()
  }

  async #check(): Promise<void> {
    const { clock, input } = this.#deps
    const { signal } = this.#stop
    this.#isChecking = true
    while (this.#copies.size > 0 && !signal.aborted) {
      await clock.sleep(CHECK_MS, signal).catch(() => {}) // ends early on abort, which the loop sees
      for (const { topic, payload } of signal.aborted ? [] : this.#copies.due(clock.monotonicMs())) {
        void input.receiveAhead(topic, payload)
      }
    }
    this.#isChecking = false
  }
}
