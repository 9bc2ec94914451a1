import { ALARM_READERS } from '../contracts/alarm.ts'
import type { Principal } from '../contracts/identity.ts'
import { OUTPUT_ROOT, parseInput, rejectedOutput } from './topics.ts'

/** Who is at the other end of an MQTT connection. */
export type Account = { kind: 'source'; sourceId: string } | { kind: 'consumer'; principal: Principal }

/** The user name that goes with a bearer token as the password. */
export const TOKEN_USERNAME = 'token'

export const mayConsume = (principal: Principal): boolean =>
  principal.roles.some((role) => ALARM_READERS.includes(role))

/** A source speaks for itself and for nobody else. */
export function mayPublish(account: Account, topic: string): boolean {
  return account.kind === 'source' && parseInput(topic)?.sourceId === account.sourceId
}

/** Which topic filters may be subscribed to; `mayReceive` decides on each message again. */
export function maySubscribe(account: Account, filter: string): boolean {
  return account.kind === 'source' ? filter === rejectedOutput(account.sourceId) : filter.startsWith(OUTPUT_ROOT)
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
