import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { addSource, bytes, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { ofKind } from '../fakes/broker-township.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

t.test('mosquitto: the access list of the documentation keeps sources apart', ofKind.mosquitto, async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../docs/ref/mqtt.md'), 'utf8')
  const [, acl = ''] = /```acl\n(.*?)```/s.exec(page) ?? []
  const database = await temporaryDatabase(t)
  const [a, b] = [await addSource(database), await addSource(database)]
  const passwords = { gateway: 'g', centre: 'c', [a.id]: a.password, [b.id]: b.password }
  const broker = await startMosquitto(t, { acl, passwords })
  const fixture = await startAlarms(t, database)
  const url = `mqtt://gateway:g@127.0.0.1:${broker.port}`
  const mqtt = await startMqtt(t, fixture, { config: { kind: 'external', url } })
  await new Promise<void>((resolve) => mqtt.onConnected(resolve))
  const centre = await mqttPeer(t, broker.url, { username: 'centre', password: 'c' })
  await centre.client.subscribeAsync('gridlight/v1/#', { qos: 1 })
  const panel = await mqttPeer(t, broker.url, { username: a.id, password: a.password })
  await panel.client.subscribeAsync('gridlight/v1/#', { qos: 1 })
  for (const [source, key] of [
    [b, 'as another'],
    [a, 'as itself'],
  ] as const) {
    await panel.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message(key)), { qos: 1 })
  }
  while (!(await centre.next()).payload.includes('as itself'));
  const alarms = await database.client.alarm.findMany()
  t.strictSame(
    alarms.map(({ sourceId, sourceKey }) => [sourceId, sourceKey]),
    [[a.id, 'as itself']],
  )
  await panel.client.publishAsync(`gridlight/v1/in/${a.id}/alarm`, 'malformed', { qos: 1 })
  t.equal((await panel.next()).topic, `gridlight/v1/rejected/${a.id}`, 'and it hears of nothing else')
})
