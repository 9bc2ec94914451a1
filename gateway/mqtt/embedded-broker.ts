import { createHash } from 'node:crypto'
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket } from 'aedes'
import { type Account, type Claim, mayConsume, mayPublish, mayReceive, maySubscribe, TOKEN_USERNAME } from './access.ts'
import { DEFAULT_LIMITS, Listener } from './listener.ts'
import { gatewayMessage, type InputReceipt, type Mqtt, type MqttDeps, rejectedMessage } from './mqtt.ts'
import { type OutgoingMessage, parseInput } from './topics.ts'

/** A reader that takes longer to make room is cut; the other readers wait for it this long and no longer. */
const DRAIN_MS = 3000
/** A reader this far behind is cut at once. */
const MAX_BACKLOG_BYTES = 1024 * 1024
/** Messages being handed to readers; at the default of 100 a few slow ones would hold up the whole broker. */
const MAX_DELIVERIES = 5000
/** A client that asks for more, or for none, is still looked for this often. */
const MAX_KEEP_ALIVE_SECONDS = 600
const MAX_TOPIC_LEVELS = 10
const MAX_INBOUND_QOS2 = 20
const BAD_USERNAME_OR_PASSWORD = 4
const SERVER_UNAVAILABLE = 3

type EmbeddedDeps = MqttDeps & { config: Extract<MqttDeps['config'], { kind: 'embedded' }> }

/**
 * Aedes behind the byte gate. The broker moves messages and keeps none: sessions are always clean, alarms are in the
 * database before they are acknowledged, and consumers that were away read the list of alarms.
 */
export function createEmbeddedBroker(deps: EmbeddedDeps): Mqtt {
  const { config, log, input } = deps
  const accounts = new WeakMap<Client, Account>()
  const claim: Claim = (sourceId, topic) => input.topics.claim(sourceId, topic)
  const connectedListeners = new Set<() => void>()
  let isStarted = false

  const broker = new Aedes({
    id: deps.gatewayId,
    connectTimeout: (deps.limits ?? DEFAULT_LIMITS).connectMs,
    drainTimeout: DRAIN_MS,
    concurrency: MAX_DELIVERIES,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    maxInflightInbound: MAX_INBOUND_QOS2,
    preConnect: (_client, packet, done) => {
      isolate(packet, deps.newId)
      done(null, true)
    },
    authenticate: (client, username, password, done) => {
      authenticate(deps, username, password).then(
        (account) => {
          if (account === undefined)
            return done(refusal('wrong user name or password', BAD_USERNAME_OR_PASSWORD), false)
          accounts.set(client, account)
          done(null, true)
        },
        (error: unknown) => {
          log.error({ err: error }, 'an MQTT client could not be authenticated')
          done(refusal('storage is not available', SERVER_UNAVAILABLE), false)
        },
      )
    },
    // The only place before the acknowledgement: aedes sends PUBACK first and calls `published` afterwards.
    authorizePublish: (client, packet, done) => {
      const account = client === null ? undefined : accounts.get(client)
      if (account?.kind !== 'source' || !mayPublish(account, packet.topic, claim)) {
        return done(new Error(`publishing to ${packet.topic.slice(0, 100)} is not allowed`))
      }
      // Nothing of a source is kept by the broker.
      packet.retain = false
      take(account.sourceId, packet).then(
        () => done(null),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
    },
    authorizeSubscribe: (client, subscription, done) => {
      const account = accounts.get(client)
      done(null, account !== undefined && maySubscribe(account, subscription.topic, claim) ? subscription : null)
    },
    authorizeForward: (client, packet) => {
      const account = accounts.get(client)
      if (account === undefined || !mayReceive(account, packet.topic, deps.coversCell)) return null
      if (client.conn.writableLength <= MAX_BACKLOG_BYTES) return packet
      client.conn.destroy()
      return null
    },
  })
  for (const event of ['clientError', 'connectionError'] as const) {
    broker.on(event, (client, error) => log.debug({ err: error, client: client.id }, 'MQTT client ended'))
  }

  const listener = new Listener({
    host: config.host,
    port: config.port,
    limits: deps.limits ?? DEFAULT_LIMITS,
    log,
    handle: (connection) => {
      broker.handle(connection)
    },
  })

  const publish = ({ topic, payload, retain }: OutgoingMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      if (!isStarted) return reject(new Error('the embedded broker is not running'))
      broker.publish({ cmd: 'publish', topic, payload, retain, qos: 1, dup: false }, (error) =>
        error ? reject(error) : resolve(),
      )
    })

  const take = async (by: string, { topic, payload }: PublishPacket): Promise<void> => {
    const bytes = Buffer.from(payload)
    const source = parseInput(topic)
    if (source?.kind === 'heartbeat') return input.heartbeat(source.sourceId)
    if (source !== undefined) return reply(source.sourceId, await input.receive(source.sourceId, bytes), bytes)
    if (claim(by, topic) !== 'own') return
    for (const { sourceId, receipt } of await input.receiveTopic(topic, bytes)) reply(sourceId, receipt, bytes)
  }

  const reply = (sourceId: string, receipt: InputReceipt, payload: Buffer): void => {
    if (receipt.kind !== 'rejected') return
    publish(rejectedMessage(sourceId, receipt, payload)).catch((error: unknown) =>
      log.warn({ err: error }, 'a rejection could not be told'),
    )
  }

  return {
    publish,
    onConnected: (listen) => {
      connectedListeners.add(listen)
      return () => connectedListeners.delete(listen)
    },
    isConnected: () => isStarted,
    port: () => listener.port,
    endSessions: (ended) => {
      for (const client of clientsOf(broker)) {
        const account = accounts.get(client)
        if (account !== undefined && isOf(account, ended)) client.close()
      }
    },
    start: async () => {
      await broker.listen()
      await listener.start()
      isStarted = true
      await publish(gatewayMessage(deps, 'online'))
      for (const listen of connectedListeners) listen()
    },
    close: async () => {
      if (!isStarted) return
      await publish(gatewayMessage(deps, 'offline'))
      isStarted = false
      await new Promise<void>((resolve) => broker.close(resolve))
      await listener.close()
    },
  }
}

/** Every connection has a session of its own, and nobody can name another's: it begins with the credentials' hash. */
function isolate(packet: ConnectPacket, newId: () => string): void {
  const credentials = createHash('sha256')
    .update(packet.username ?? '')
    .update('\0')
    .update(packet.password ?? '')
    .digest('hex')
  packet.clientId = `${credentials.slice(0, 32)}/${packet.clientId === '' ? newId() : packet.clientId.slice(0, 128)}`
  packet.clean = true
  const { keepalive = 0 } = packet
  packet.keepalive = keepalive === 0 ? MAX_KEEP_ALIVE_SECONDS : Math.min(keepalive, MAX_KEEP_ALIVE_SECONDS)
}

async function authenticate(
  deps: MqttDeps,
  username: string | undefined,
  password: Buffer | undefined,
): Promise<Account | undefined> {
  if (username === undefined || password === undefined) return undefined
  const secret = password.toString('utf8')
  if (username !== TOKEN_USERNAME) {
    return (await deps.authenticateSource(username, secret)) ? { kind: 'source', sourceId: username } : undefined
  }
  const principal = await deps.authenticateToken(secret)
  return principal !== undefined && mayConsume(principal) ? { kind: 'consumer', principal } : undefined
}

const isOf = (account: Account, { sessionId, principalId }: { sessionId?: string; principalId?: string }): boolean =>
  account.kind === 'source'
    ? account.sourceId === principalId
    : account.principal.sessionId === sessionId || account.principal.id === principalId

const refusal = (message: string, returnCode: number): AuthenticateError =>
  Object.assign(new Error(message), { returnCode })

/** Aedes keeps its clients by id in a field that its types do not tell. */
const clientsOf = (broker: Aedes): Client[] =>
  Object.values((broker as unknown as { clients: Readonly<Record<string, Client>> }).clients)
