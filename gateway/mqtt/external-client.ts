import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { Arrivals } from './arrivals.ts'
import { acknowledgeLater, MAX_UNCOMMITTED } from './late-acknowledgement.ts'
import { gatewayMessage, type Mqtt, type MqttDeps, rejectedMessage } from './mqtt.ts'
import { SecondSession } from './second-session.ts'
import { Subscriptions } from './subscriptions.ts'
import { ALARM_INPUTS, HEARTBEAT_INPUTS, type OutgoingMessage, parseInput } from './topics.ts'

/** Longer than the longest outage: the broker keeps what arrives meanwhile (MQTT 5 §3.1.2.11.2). */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 3600
const MAX_PACKET_BYTES = 256 * 1024
const CONNECT_MS = 10_000
/** How MQTT.js says that nobody answered within that time, such as a host that is switched off. */
const NO_ANSWER = 'connack timeout'
const KEEP_ALIVE_SECONDS = 30
const MIN_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 60_000
/** A broker that is away, not one that says no: once it is back an alarm must not wait for the gateway. */
const MAX_AWAY_MS = 2000
/** A connection that lasted this long was a good one. */
const STABLE_MS = 30_000
const MIN_STORE_BACKOFF_MS = 50
const MAX_STORE_BACKOFF_MS = 10_000
/** A publish that the broker does not answer has failed. */
const PUBLISH_MS = 15_000
/** Longer than a broker takes that is there; without the second session the first does its work all the same. */
const SECOND_MS = 3000
/** Topics that the broker refuses are asked for again: an access list is mended while the gateway runs. */
const ASK_AGAIN_MS = 60_000
/** At shutdown; the last will says the same. */
const GOODBYE_MS = 1000

type ExternalDeps = MqttDeps & { config: Extract<MqttDeps['config'], { kind: 'external' }> }

interface Connection {
  client: MqttClient
  subscriptions: Subscriptions
  second: SecondSession | undefined
  /** Ends with the connection. */
  signal: AbortSignal
  /** Topics were refused that are asked for again in a while. */
  isAsking: boolean
}

/**
 * Client of an external broker: MQTT 5, or 3.1.1 where the broker knows no other. The broker keeps what arrives while
 * the gateway is away, and a message is acknowledged after its alarm is on disk.
 *
 * Where several gateways share a database the leading one alone takes what comes in, by a session that another goes on
 * with: each message once and in its order. The others connect beside it, to tell that they are there.
 */
export function createExternalClient(deps: ExternalDeps): Mqtt {
  const { clock, log, input } = deps
  const { lead, sessionName } = deps.inputs
  const stop = new AbortController()
  const connectedListeners = new Set<() => void>()
  /** Publishes under way; they fail with the connection. */
  const unanswered = new Set<(error: Error) => void>()
  let current: Connection | undefined
  let unlisten = (): void => {}
  let running: Promise<void> = Promise.resolve()
  let version: 4 | 5 = 5
  let isAwaySaid = false

  const publish = async ({ topic, payload, retain }: OutgoingMessage): Promise<void> => {
    const client = current?.client
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

  /** @throws when it is not on disk */
  const take = async (topic: string, payload: Buffer, isRetained: boolean): Promise<void> => {
    const source = parseInput(topic)
    const receipts =
      source === undefined
        ? await input.receiveTopic(topic, payload, { isRetained })
        : [{ sourceId: source.sourceId, receipt: await input.receive(source.sourceId, payload, { isRetained }) }]
    for (const { sourceId, receipt } of receipts) {
      if (receipt.kind !== 'rejected') continue
      publish(rejectedMessage(sourceId, receipt, payload)).catch((error: unknown) =>
        log.warn({ err: error }, 'a rejection could not be told'),
      )
    }
  }

  /** Until it can be stored the broker keeps it, and what comes after the limit. */
  const pause = (failures: number): Promise<void> =>
    clock.sleep(Math.min(MIN_STORE_BACKOFF_MS * 2 ** failures, MAX_STORE_BACKOFF_MS), stop.signal).catch(() => {})

  const options = (isLeading: boolean): IClientOptions => ({
    protocolVersion: version,
    clientId: isLeading ? `gridlight-${sessionName}` : `gridlight-${deps.gatewayId}-beside`,
    clean: !isLeading,
    reconnectPeriod: 0,
    connectTimeout: deps.connectMs ?? CONNECT_MS,
    keepalive: KEEP_ALIVE_SECONDS,
    resubscribe: false,
    will: { ...gatewayMessage(deps, 'offline'), qos: 1 },
    ...(version === 5
      ? {
          properties: {
            sessionExpiryInterval: isLeading ? SESSION_EXPIRY_SECONDS : 0,
            maximumPacketSize: MAX_PACKET_BYTES,
            receiveMaximum: MAX_UNCOMMITTED,
          },
        }
      : {}),
  })

  const secondSession = (): SecondSession => {
    const { will: _, properties: __, ...shared } = options(true)
    const clientId = `${shared.clientId}-ahead`
    return new SecondSession({ url: deps.config.url, clock, log, input }, { ...shared, clientId }, filters())
  }

  /** Listens before the first session does, so that whatever is sent from then on is told, however much was kept. */
  const listening = async (signal: AbortSignal): Promise<SecondSession> => {
    const second = secondSession()
    const timer = new AbortController()
    const late = clock.sleep(SECOND_MS, AbortSignal.any([signal, timer.signal])).catch(() => {})
    await Promise.race([second.ready, late])
    timer.abort()
    return second
  }

  /** One connection, from CONNECT to its end. @returns whether the broker turned it away */
  const runOnce = async (signal: AbortSignal, isLeading: boolean): Promise<'ended' | 'refused'> => {
    const second = isLeading ? await listening(signal) : undefined
    if (signal.aborted) {
      second?.close()
      return 'ended'
    }
    const client = connect(deps.config.url, options(isLeading))
    const isOpen = (): boolean => client === current?.client && !stop.signal.aborted
    const arrivals = new Arrivals()
    const over = new AbortController()
    let isVersionRefused = true
    acknowledgeLater(client, (topic, payload, isRetained) => {
      second?.bring(topic, payload)
      const source = parseInput(topic)
      if (source?.kind !== 'heartbeat') return arrivals.store(() => take(topic, payload, isRetained), isOpen, pause)
      input.heartbeat(source.sourceId)
      return Promise.resolve(true)
    })
    client.on('error', (error) => {
      // Said once while it is away, which may be for an hour of attempts.
      if (isAwaySaid) log.debug({ err: error }, 'MQTT broker')
      else log.warn({ err: error }, 'MQTT broker')
      isAwaySaid = true
      // An error of the network (it names a system call) or no answer at all says nothing about the version.
      if ('syscall' in error || error.message === NO_ANSWER) isVersionRefused = false
    })
    client.on('connect', () => {
      isVersionRefused = false
      isAwaySaid = false
      current = { client, subscriptions: new Subscriptions(client, 1), second, signal: over.signal, isAsking: false }
      second?.listen(filters())
      announce(current).catch((error: unknown) => log.error({ err: error }, 'MQTT subscription failed'))
    })
    // One that was beside takes its leave, so that nobody is told that it is gone.
    const abort = (): void => void client.end(isLeading || stop.signal.aborted || !client.connected)
    signal.addEventListener('abort', abort, { once: true })
    await new Promise<void>((resolve) => client.once('close', resolve))
    signal.removeEventListener('abort', abort)
    over.abort()
    second?.close()
    current = undefined
    client.end(true)
    for (const fail of unanswered) fail(new Error('the MQTT connection ended'))
    return isVersionRefused ? 'refused' : 'ended'
  }

  const filters = (): string[] => [ALARM_INPUTS, HEARTBEAT_INPUTS, ...input.topics.filters()]

  /** Listens. What the broker refuses is said and asked for again, and nothing else waits for it. */
  const listen = async (connection: Connection): Promise<void> => {
    const refused = await connection.subscriptions.set(filters())
    if (refused.length === 0) return
    log.error({ topics: refused }, 'the MQTT broker refuses these topics: nothing that is sent there is heard')
    if (connection.isAsking) return
    connection.isAsking = true
    clock
      .sleep(ASK_AGAIN_MS, connection.signal)
      .then(() => {
        connection.isAsking = false
        return listen(connection)
      })
      .catch((error: unknown) => {
        if (!connection.signal.aborted) log.error({ err: error }, 'MQTT subscription failed')
      })
  }

  const announce = async (connection: Connection): Promise<void> => {
    if (connection.second !== undefined) await listen(connection)
    await publish(gatewayMessage(deps, 'online'))
    for (const connected of connectedListeners) connected()
    log.info({ mqttVersion: version === 5 ? '5' : '3.1.1' }, 'MQTT broker connected')
  }

  const run = async (signal: AbortSignal): Promise<void> => {
    let backoffMs = MIN_BACKOFF_MS
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      const turn = new AbortController()
      const unlistenLead = lead.onChange(() => turn.abort())
      const outcome = await runOnce(AbortSignal.any([signal, turn.signal]), lead.isHeld())
      unlistenLead()
      if (turn.signal.aborted) continue
      // A 3.1.1 broker answers MQTT 5 with a refusal or just hangs up.
      if (outcome === 'refused') version = version === 5 ? 4 : 5
      if (clock.monotonicMs() - startedMs > STABLE_MS) backoffMs = MIN_BACKOFF_MS
      if (outcome === 'ended') backoffMs = Math.min(backoffMs, MAX_AWAY_MS)
      await clock.sleep(backoffMs * deps.random(), signal).catch(() => {})
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)
    }
  }

  return {
    publish,
    onConnected: (listener) => {
      connectedListeners.add(listener)
      return () => connectedListeners.delete(listener)
    },
    isConnected: () => current?.client.connected ?? false,
    port: () => undefined,
    // The external broker has accounts of its own.
    endSessions: () => {},
    start: async () => {
      unlisten = input.topics.onChange(() => {
        if (current?.second === undefined) return
        current.second.listen(filters())
        listen(current).catch((error: unknown) => log.error({ err: error }, 'MQTT subscription failed'))
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
