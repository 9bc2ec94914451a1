import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { type Instant, toInstant } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import type { ListenerLimits } from './listener.ts'
import { type Delivery, gatewayState, type OutgoingMessage, rejectedOutput } from './topics.ts'

/** What became of a message that a source sent; it is on disk when this is told. */
export type InputReceipt =
  | { kind: 'stored' | 'repeated' | 'ignored' }
  | { kind: 'rejected'; reason: string; at: Instant }

/** Takes what sources send. */
export interface InputTaker {
  /** Rejects when the message is not on disk; it is not acknowledged then. */
  receive(sourceId: string, payload: Uint8Array, delivery?: Delivery): Promise<InputReceipt>
  /** A message on any topic that comes again in its order; what must not wait is taken now. Never rejects. */
  receiveAhead(topic: string, payload: Uint8Array): Promise<void>
  heartbeat(sourceId: string): void
  /** The same for a message on a topic of a device's own choice, once for every source registered there. */
  receiveTopic(
    topic: string,
    payload: Uint8Array,
    delivery?: Delivery,
  ): Promise<readonly { sourceId: string; receipt: InputReceipt }[]>
  /** Topics beside Gridlight's own. */
  topics: {
    /** What to subscribe to. */
    filters(): readonly string[]
    onChange(listener: () => void): () => void
    /** Whether a source speaks for itself there; on `nobodys` it is not heard. */
    claim(sourceId: string, topic: string): 'own' | 'anothers' | 'nobodys'
  }
}

export interface MqttDeps {
  config: Config['mqtt']
  gatewayId: string
  /** Which of the gateways on one broker and one database takes what comes in; its session there has one name for all. */
  inputs: { lead: { isHeld(): boolean; onChange(listener: () => void): () => void }; sessionName: string }
  version: string
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** 0 <= random() < 1, for the jitter between attempts to connect. */
  random: () => number
  input: InputTaker
  authenticateSource(sourceId: string, password: string): Promise<boolean>
  authenticateToken(token: string): Promise<Principal | undefined>
  coversCell(principal: Principal, cellCode: string): boolean
  limits?: ListenerLimits
  /** How long an external broker may take to answer CONNECT; tests make it shorter. */
  connectMs?: number
}

export interface Mqtt {
  /** Resolves when the broker has taken the message (QoS 1); rejects while there is no broker. */
  publish(message: OutgoingMessage): Promise<void>
  /** Runs `listener` at every new connection to a broker. */
  onConnected(listener: () => void): () => void
  isConnected(): boolean
  /** Port of the embedded broker. */
  port(): number | undefined
  /** Ends the connections of a token that was revoked or has other rights now, or of a source with new credentials. */
  endSessions(ended: { sessionId?: string; principalId?: string }): void
  start(): Promise<void>
  close(): Promise<void>
}

/** The retained word on this gateway; `offline` is its last will as well. */
export function gatewayMessage(deps: MqttDeps, state: 'online' | 'offline'): OutgoingMessage {
  const payload = JSON.stringify({ state, version: deps.version, since: toInstant(deps.clock.now()) })
  return { topic: gatewayState(deps.gatewayId), payload, retain: true }
}

/** What is told of a message that could not be taken. */
export function rejectedMessage(
  sourceId: string,
  { reason, at }: { reason: string; at: Instant },
  payload: Uint8Array,
): OutgoingMessage {
  const text = Buffer.from(payload).toString('utf8').slice(0, MAX_ECHO_LENGTH)
  return { topic: rejectedOutput(sourceId), payload: JSON.stringify({ reason, at, payload: text }), retain: false }
}

const MAX_ECHO_LENGTH = 4096
