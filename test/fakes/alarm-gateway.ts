import { randomBytes, randomUUID } from 'node:crypto'
import pino from 'pino'
import { type Alarms, type AlarmsDeps, createAlarms } from '../../gateway/alarms/alarms.ts'
import { alarmMappings } from '../../gateway/alarms/mapping-files.ts'
import { insertSource } from '../../gateway/alarms/sources.ts'
import { type Cases, type CasesDeps, createCases } from '../../gateway/cases/cases.ts'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import type { AlarmMessage, NewAlarmSource } from '../../gateway/contracts/alarm.ts'
import type { NewAuditEntry } from '../../gateway/contracts/audit.ts'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { coversCell } from '../../gateway/identity/rights.ts'
import { createMqtt } from '../../gateway/mqtt/create-mqtt.ts'
import type { Mqtt, MqttDeps } from '../../gateway/mqtt/mqtt.ts'
import { createEvents, type Events } from '../../gateway/notify/events.ts'
import { createOutbox } from '../../gateway/notify/outbox.ts'
import type { Database, Tx } from '../../gateway/storage/database.ts'
import { LEADS_ALWAYS } from '../../gateway/storage/leading-node.ts'
import { createVault } from '../../gateway/vault.ts'

export const CELL = '370101001001001'
export const OTHER_CELL = '370101001001002'
const log = pino({ level: process.env.GRIDLIGHT_LOG_LEVEL ?? 'silent' })
const newSecret = (): string => randomBytes(32).toString('base64url')

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export interface Fixture {
  database: Database
  events: Events
  alarms: Alarms
  cases: Cases
  audit: NewAuditEntry[]
}

/** Events and alarms over a database, wired as the gateway does it. */
export async function startAlarms(
  t: Teardown,
  database: Database,
  options: Partial<AlarmsDeps> & Partial<Pick<CasesDeps, 'people' | 'channels'>> & { clock?: Clock } = {},
): Promise<Fixture> {
  const clock = options.clock ?? systemClock
  const audit: NewAuditEntry[] = []
  const events = createEvents({ database, clock, log })
  const shared = {
    database,
    clock,
    log,
    newId: randomUUID,
    events,
    audit: {
      append: async (_tx: Tx, entry: NewAuditEntry) => {
        audit.push(entry)
      },
    },
  }
  const people = options.people ?? (async () => ({ lead: undefined, deputy: undefined, patrolLeads: [] }))
  const channels = options.channels ?? { after: async () => undefined, enqueue: async () => {} }
  const cases = createCases({ ...shared, people, channels })
  const alarms = createAlarms({
    ...shared,
    newSecret,
    cases,
    casesOpened: (since) => cases.openedSince(since),
    openCases: (before) => cases.openFrom(before),
    withTimes: (told) => cases.withTimes(told),
    operators: () => events.listening('operator'),
    nodeId: randomUUID(),
    mappings: alarmMappings(),
    vault: createVault([Buffer.alloc(32, 7)]),
    panelPort: () => undefined,
    endConnections: async () => {},
    directory: {
      cellExists: async (code) => code === CELL || code === OTHER_CELL,
      cameraExists: async () => false,
    },
    ...options,
  })
  await events.start()
  await alarms.start()
  cases.start()
  t.teardown(async () => {
    await alarms.close()
    await cases.close()
    await events.close()
  })
  return { database, events, alarms, cases, audit }
}

/** A source with its MQTT password. A mapped one is known to a gateway that starts later. */
export async function addSource(
  database: Database,
  cellCode = CELL,
  registration: Partial<NewAlarmSource> = {},
): Promise<{ id: string; password: string; webhookToken: string }> {
  const [id, password, webhookToken] = [randomUUID(), newSecret(), newSecret()]
  await database.transaction((tx) =>
    insertSource(
      tx,
      { name: 'panel', kind: 'panel', ...registration, id, cellCode, createdAt: new Date('2026-03-02T06:00:00.000Z') },
      { mqttPassword: password, webhookToken },
    ),
  )
  return { id, password, webhookToken }
}

export const message = (id: string, changes: Partial<AlarmMessage> = {}): AlarmMessage => ({
  id,
  type: 'intrusion',
  occurredAt: '2026-03-02T06:03:27.000Z',
  ...changes,
})

export const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

/** Adds MQTT, embedded unless told otherwise, and the outbox that feeds it. */
export async function startMqtt(
  t: Teardown,
  { database, events, alarms }: Fixture,
  options: Partial<MqttDeps> & { tokens?: Record<string, Principal> } = {},
): Promise<Mqtt> {
  const gatewayId = options.gatewayId ?? randomUUID()
  const mqtt = createMqtt({
    config: { kind: 'embedded', host: '127.0.0.1', port: 0 },
    gatewayId,
    inputs: { lead: LEADS_ALWAYS, sessionName: gatewayId },
    version: '0.0.0',
    clock: systemClock,
    log,
    newId: randomUUID,
    random: Math.random,
    input: alarms,
    authenticateSource: alarms.authenticateSource,
    authenticateToken: async (token) => options.tokens?.[token],
    coversCell,
    ...options,
  })
  const outbox = createOutbox({
    database,
    clock: systemClock,
    log,
    newId: randomUUID,
    random: Math.random,
    events,
    publisher: mqtt,
    destination: 'mqtt',
    lead: LEADS_ALWAYS,
    cameraStates: async () => [],
  })
  await mqtt.start()
  outbox.start()
  t.teardown(async () => {
    await outbox.close()
    await mqtt.close()
  })
  return mqtt
}
