import { ALARM_READERS } from '../contracts/alarm.ts'
import type { Principal } from '../contracts/identity.ts'
import { OUTPUT_ROOT, parseInput, rejectedOutput } from './topics.ts'

/** Who is at the other end of an MQTT connection. */
export type Account = { kind: 'source'; sourceId: string } | { kind: 'consumer'; principal: Principal }

/** The user name that goes with a bearer token as the password. */
export const TOKEN_USERNAME = 'token'

export const mayConsume = (principal: Principal): boolean =>
  principal.roles.some((role) => ALARM_READERS.includes(role))

/** Whether a source speaks for itself on a topic that is not Gridlight's. */
export type Claim = (sourceId: string, topic: string) => 'own' | 'anothers' | 'nobodys'

/** A source speaks for itself and for nobody else; devices also tell things that nobody listens to. */
export function mayPublish(account: Account, topic: string, claim: Claim): boolean {
  if (account.kind !== 'source') return false
  return parseInput(topic)?.sourceId === account.sourceId || claim(account.sourceId, topic) !== 'anothers'
}

/**
 * Which topic filters may be subscribed to; `mayReceive` decides on each message again. A device that asks for the
 * commands of its own topic is let in and receives none: it would otherwise not work at all.
 */
export function maySubscribe(account: Account, filter: string, claim: Claim): boolean {
  if (account.kind === 'consumer') return filter.startsWith(OUTPUT_ROOT)
  return filter === rejectedOutput(account.sourceId) || claim(account.sourceId, filter) === 'own'
}

const CELL_TOPIC = /^gridlight\/v1\/out\/cells\/([^/]+)\//
const GATEWAY_TOPIC = /^gridlight\/v1\/out\/gateways\//

/** A consumer with cells of its own receives what belongs to them; a camera's topic does not tell its cell. */
export function mayReceive(
  account: Account,
  topic: string,
  coversCell: (principal: Principal, cellCode: string) => boolean,
): boolean {
  if (account.kind === 'source') return topic === rejectedOutput(account.sourceId)
  const { principal } = account
  const [, cellCode] = CELL_TOPIC.exec(topic) ?? []
  if (cellCode !== undefined) return coversCell(principal, cellCode)
  return topic.startsWith(OUTPUT_ROOT) && (principal.cellCodes === undefined || GATEWAY_TOPIC.test(topic))
}
