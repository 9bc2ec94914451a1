import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { acknowledgeLater, MAX_UNCOMMITTED } from './late-acknowledgement.ts'
import { gatewayMessage, type Mqtt, type MqttDeps, rejectedMessage } from './mqtt.ts'
import { ALARM_INPUTS, HEARTBEAT_INPUTS, type OutgoingMessage, parseInput } from './topics.ts'

/** Longer than the longest outage: the broker keeps what arrives meanwhile (MQTT 5 §3.1.2.11.2). */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 3600
const MAX_PACKET_BYTES = 256 * 1024
const CONNECT_MS = 10_000
/** A backlog is over when so few messages came, several times in a row. */
const CALM_MS = 1000
const CALM_CHECKS = 3
/** Of one SUBSCRIBE; some brokers take no more. */
const MAX_FILTERS = 50
const KEEP_ALIVE_SECONDS = 30
const MIN_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 60_000
/** A connection that lasted this long was a good one. */
const STABLE_MS = 30_000
const MAX_STORE_BACKOFF_MS = 10_000
/** A publish that the broker does not answer has failed. */
const PUBLISH_MS = 15_000
/** At shutdown; the last will says the same. */
const GOODBYE_MS = 1000

type ExternalDeps = MqttDeps & { config: Extract<MqttDeps['config'], { kind: 'external' }> }

/**
 * Client of an external broker: MQTT 5, or 3.1.1 where the broker knows no other. The broker keeps what arrives while
 * the gateway is away, and a message is acknowledged after its alarm is on disk.
 */
export function createExternalClient(deps: ExternalDeps): Mqtt {
  const { clock, log, input } = deps
  const stop = new AbortController()
  const connectedListeners = new Set<() => void>()
  /** Publishes under way; they fail with the connection. */
  const unanswered = new Set<(error: Error) => void>()
  let current: MqttClient | undefined
  let subscribed = new Set<string>()
  let unlisten = (): void => {}
  let running: Promise<void> = Promise.resolve()
  let version: 4 | 5 = 5

  const publish = async ({ topic, payload, retain }: OutgoingMessage): Promise<void> => {
    const client = current
    if (client === undefined) throw new Error('the MQTT broker is not connected')
    const { promise: failed, reject: fail } = Promise.withResolvers<never>()
    const timer = new AbortController()
    clock.sleep(PUBLISH_MS, timer.signal).then(
      () => fail(new Error('the MQTT broker does not answer')),
      () => {},
    )
    unanswered.add(fail)
    try {
      await Promise.race([client.publishAsync(topic, payload, { qos: 1, retain }), failed])
    } finally {
      unanswered.delete(fail)
      timer.abort()
    }
  }

  /** @returns whether the broker may forget the message; not when the connection or the gateway ends first */
  const take = async (topic: string, payload: Buffer, isOpen: () => boolean, isAhead = false): Promise<boolean> => {
    const source = parseInput(topic)
    if (source?.kind === 'heartbeat') {
      input.heartbeat(source.sourceId)
      return true
    }
    for (
      let backoffMs = 100;
      isOpen() && !stop.signal.aborted;
      backoffMs = Math.min(backoffMs * 2, MAX_STORE_BACKOFF_MS)
    ) {
      try {
        const receipts =
          source === undefined
            ? await input.receiveTopic(topic, payload)
            : [
                {
                  sourceId: source.sourceId,
                  receipt: await input.receive(source.sourceId, payload, undefined, isAhead),
                },
              ]
        for (const { sourceId, receipt } of receipts) {
          if (receipt.kind !== 'rejected') continue
          publish(rejectedMessage(sourceId, receipt, payload)).catch((error: unknown) =>
            log.warn({ err: error }, 'a rejection could not be told'),
          )
        }
        return true
      } catch {
        // The intake has logged it. Until it can be stored the broker keeps it, and what comes after the limit.
        await clock.sleep(backoffMs, stop.signal).catch(() => {})
      }
    }
    return false
  }

  const options = (): IClientOptions => ({
    protocolVersion: version,
    clientId: `gridlight-${deps.gatewayId}`,
    clean: false,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_MS,
    keepalive: KEEP_ALIVE_SECONDS,
    resubscribe: false,
    will: { ...gatewayMessage(deps, 'offline'), qos: 1 },
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: SESSION_EXPIRY_SECONDS,
            maximumPacketSize: MAX_PACKET_BYTES,
            receiveMaximum: MAX_UNCOMMITTED,
          },
        }
      : {}),
  })

  /**
   * What the broker kept while the gateway was away comes in its order, and a new alarm would wait behind all of it. So
   * new ones come by a second, passing session as well until the first has caught up; they are the same alarms.
   */
  const overtake = async (client: MqttClient, taken: () => number): Promise<void> => {
    const { will: _, properties: __, ...shared } = options()
    const express = connect(deps.config.url, { ...shared, clientId: `${shared.clientId}-express`, clean: true })
    acknowledgeLater(express, (topic, payload) => take(topic, payload, () => client === current, true))
    express.on('error', (error) => log.warn({ err: error }, 'MQTT broker, second session'))
    express.on('connect', () => {
      express
        .subscribeAsync([ALARM_INPUTS], { qos: 1, rh: 2 })
        .catch((error: unknown) => log.warn({ err: error }, 'MQTT subscription of the second session failed'))
    })
    let before = 0
    for (let calm = 0; calm < CALM_CHECKS && client === current && !stop.signal.aborted; ) {
      await clock.sleep(CALM_MS, stop.signal).catch(() => {})
      calm = taken() - before < MAX_UNCOMMITTED ? calm + 1 : 0
      before = taken()
    }
    express.end(true)
  }

  /** One connection, from CONNECT to its end. @returns whether the broker turned it away */
  const runOnce = async (signal: AbortSignal): Promise<'ended' | 'refused'> => {
    const client = connect(deps.config.url, options())
    let isVersionRefused = true
    let taken = 0
    acknowledgeLater(client, (topic, payload) => {
      taken++
      return take(topic, payload, () => client === current)
    })
    client.on('error', (error) => {
      log.warn({ err: error }, 'MQTT broker')
      // An error of the network (it names a system call) says nothing about the version.
      if ('syscall' in error) isVersionRefused = false
    })
    client.on('connect', ({ sessionPresent }) => {
      isVersionRefused = false
      current = client
      if (sessionPresent) void overtake(client, () => taken)
      announce(client).catch((error: unknown) => log.error({ err: error }, 'MQTT subscription failed'))
    })
    const abort = (): void => void client.end(true)
    signal.addEventListener('abort', abort, { once: true })
    await new Promise<void>((resolve) => client.once('close', resolve))
    signal.removeEventListener('abort', abort)
    current = undefined
    client.end(true)
    for (const fail of unanswered) fail(new Error('the MQTT connection ended'))
    return isVersionRefused ? 'refused' : 'ended'
  }

  /** Brings the subscriptions in line with the registered sources; what was retained before is no news. */
  const listenToDevices = async (client: MqttClient): Promise<void> => {
    const wanted = new Set(input.topics.filters())
    const added = [...wanted].filter((filter) => !subscribed.has(filter))
    const removed = [...subscribed].filter((filter) => !wanted.has(filter))
    subscribed = wanted
    for (let at = 0; at < added.length; at += MAX_FILTERS) {
      await client.subscribeAsync(added.slice(at, at + MAX_FILTERS), { qos: 1, rh: 2 })
    }
    if (removed.length > 0) await client.unsubscribeAsync(removed)
  }

  const announce = async (client: MqttClient): Promise<void> => {
    await client.subscribeAsync([ALARM_INPUTS, HEARTBEAT_INPUTS], { qos: 1, rh: 2 })
    subscribed = new Set()
    await listenToDevices(client)
    await publish(gatewayMessage(deps, 'online'))
    for (const listen of connectedListeners) listen()
    log.info({ mqttVersion: version === 5 ? '5' : '3.1.1' }, 'MQTT broker connected')
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    let backoffMs = MIN_BACKOFF_MS
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      const outcome = await runOnce(signal)
      // A 3.1.1 broker answers MQTT 5 with a refusal or just hangs up.
      if (outcome === 'refused') version = version === 5 ? 4 : 5
      if (clock.monotonicMs() - startedMs > STABLE_MS) backoffMs = MIN_BACKOFF_MS
      await clock.sleep(backoffMs * deps.random(), signal).catch(() => {})
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)
    }
  }

  return {
    publish,
    onConnected: (listen) => {
      connectedListeners.add(listen)
      return () => connectedListeners.delete(listen)
    },
    isConnected: () => current?.connected ?? false,
    port: () => undefined,
    // The external broker has accounts of its own.
    endSessions: () => {},
    start: async () => {
      unlisten = input.topics.onChange(() => {
        if (current === undefined) return
        listenToDevices(current).catch((error: unknown) => log.error({ err: error }, 'MQTT subscription failed'))
      })
      running = run(stop.signal)
    },
    close: async () => {
      unlisten()
      if (current !== undefined) {
        const late = clock.sleep(GOODBYE_MS, stop.signal).catch(() => {})
        await Promise.race([publish(gatewayMessage(deps, 'offline')).catch(() => {}), late])
      }
      stop.abort()
      await running
    },
  }
}
