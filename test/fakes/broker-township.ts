import { randomUUID } from 'node:crypto'
import type { IClientOptions } from 'mqtt'
import type { Test } from 'tap'
import type { NewAlarmSource } from '../../gateway/contracts/alarm.ts'
import type { Principal } from '../../gateway/contracts/identity.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { addSource, CELL, startAlarms, startMqtt } from './alarm-gateway.ts'
import { temporaryDatabase } from './database.ts'
import { isMosquittoInstalled, startMosquitto } from './mosquitto.ts'
import { type MqttPeer, mqttPeer } from './mqtt-peer.ts'

/** Another system's token. */
export const script: Principal = {
  kind: 'token',
  id: 'script',
  name: 'script',
  roles: ['operator'],
  cellCodes: undefined,
  sessionId: 'script',
}

export interface Township {
  database: Database
  source: { id: string; password: string }
  gatewayId: string
  /** As the panel, and as another system. */
  asSource(): Promise<MqttPeer>
  asConsumer(): Promise<MqttPeer>
}

/** A gateway with one source, on the broker of its own or on a Mosquitto. */
export async function township(
  t: Test,
  kind: 'embedded' | 'mosquitto',
  wrap = (database: Database) => database,
  registration: Partial<NewAlarmSource> = {},
): Promise<Township> {
  const database = await temporaryDatabase(t)
  const source = await addSource(database, CELL, registration)
  const fixture = await startAlarms(t, wrap(database))
  const gatewayId = randomUUID()
  const external = kind === 'mosquitto' ? await startMosquitto(t) : undefined
  const mqtt = await startMqtt(t, fixture, {
    gatewayId,
    tokens: { 'the-token': script },
    ...(external === undefined ? {} : { config: { kind: 'external', url: external.url } }),
  })
  const url = external?.url ?? `mqtt://127.0.0.1:${mqtt.port()}`
  const peer = (options: IClientOptions): Promise<MqttPeer> => mqttPeer(t, url, external === undefined ? options : {})
  const fixtureOf: Township = {
    database,
    source,
    gatewayId,
    asSource: () => peer({ username: source.id, password: source.password }),
    asConsumer: () => peer({ username: 'token', password: 'the-token' }),
  }
  if (external !== undefined) {
    const watcher = await fixtureOf.asConsumer()
    await watcher.client.subscribeAsync(`gridlight/v1/out/gateways/${gatewayId}/state`)
    // Retained: said before the subscription or after it.
    while (!(await watcher.next()).payload.includes('"online"'));
  }
  return fixtureOf
}

/** Options of tests that need a broker of this kind. */
export const ofKind = {
  embedded: {},
  mosquitto: (await isMosquittoInstalled()) ? {} : { skip: 'Mosquitto is not installed' },
}
