import { randomUUID } from 'node:crypto'
import t from 'tap'
import { addSource, bytes, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { ofKind, township } from '../fakes/broker-township.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { heldStore } from '../fakes/held-store.ts'
import { startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

t.test('embedded: the acknowledgement comes after the commit', async (t) => {
  const store = heldStore()
  const { database, source, asSource } = await township(t, 'embedded', store.wrap)
  const panel = await asSource()
  let isAcknowledged = false
  store.mode.value = 'hold'
  const acknowledged = panel.client
    .publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message('a')), { qos: 1 })
    .then(() => {
      isAcknowledged = true
    })
  await store.reached
  // A ping on the same connection is answered in order: an early PUBACK would be here before it.
  await panel.client.subscribeAsync(`gridlight/v1/rejected/${source.id}`)
  t.equal(isAcknowledged, false)
  store.mode.value = 'pass'
  store.commit()
  await acknowledged
  t.equal(await database.client.alarm.count(), 1)
})

t.test('embedded: a store that fails means no acknowledgement, and the next attempt succeeds', async (t) => {
  const store = heldStore()
  const { database, source, asSource } = await township(t, 'embedded', store.wrap)
  const panel = await asSource()
  store.mode.value = 'fail'
  let isAcknowledged = false
  panel.client.publish(`gridlight/v1/in/${source.id}/alarm`, bytes(message('a')), { qos: 1 }, (error) => {
    isAcknowledged = !error
  })
  await panel.closed
  t.equal(isAcknowledged, false)
  t.equal(await database.client.alarm.count(), 0)
  store.mode.value = 'pass'
  const again = await asSource()
  await again.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message('a')), { qos: 1 })
  t.equal(await database.client.alarm.count(), 1)
})

t.test('mosquitto: a message that is not on disk stays with the broker', ofKind.mosquitto, async (t) => {
  const broker = await startMosquitto(t)
  const database = await temporaryDatabase(t)
  const source = await addSource(database)
  const gatewayId = randomUUID()
  const config = { kind: 'external', url: broker.url } as const
  const panel = await mqttPeer(t, broker.url)
  const send = (key: string): Promise<unknown> =>
    panel.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message(key)), { qos: 1 })
  const consumer = await mqttPeer(t, broker.url)
  await consumer.client.subscribeAsync(['gridlight/v1/out/#'], { qos: 1 })
  const online = async (): Promise<void> => {
    while (!(await consumer.next()).payload.includes('"online"'));
  }

  const teardowns: (() => Promise<void>)[] = []
  const life = { teardown: (end: () => Promise<void>) => void teardowns.push(end) }
  const store = heldStore()
  const first = await startAlarms(life, store.wrap(database))
  await startMqtt(life, first, { gatewayId, config })
  await online()
  store.mode.value = 'fail'
  await send('while the disk is full')
  await store.reached
  t.equal(await database.client.alarm.count(), 0)
  for (const end of teardowns.reverse()) await end()
  await send('while the gateway is away')

  const second = await startAlarms(t, database)
  await startMqtt(t, second, { gatewayId, config })
  const keys: string[] = []
  while (keys.length < 2) {
    const { topic, payload } = await consumer.next()
    if (topic.endsWith('/alarms')) keys.push(JSON.parse(payload).sourceKey)
  }
  t.strictSame(keys, ['while the disk is full', 'while the gateway is away'])
})

t.test('mosquitto: what the store refused at first is stored in the order it came', ofKind.mosquitto, async (t) => {
  const store = heldStore()
  const registration = { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/front-door' }
  const { database, source, asSource, asConsumer } = await township(t, 'mosquitto', store.wrap, registration)
  const [panel, consumer] = [await asSource(), await asConsumer()]
  await consumer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
  const door = (contact: boolean, n: number) =>
    panel.client.publishAsync(registration.topic, bytes({ contact, n }), { qos: 1 })
  store.mode.value = 'fail'
  await door(false, 1)
  await door(true, 2)
  await store.reached
  store.mode.value = 'pass'
  await door(false, 3)
  await panel.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message('the last')), { qos: 1 })
  while (JSON.parse((await consumer.next()).payload).sourceKey !== 'the last');
  const doors = await database.client.alarm.findMany({ where: { type: 'door' }, orderBy: { receivedAt: 'asc' } })
  t.same(
    doors.map(({ state }) => state),
    ['cleared', 'active'],
    'opened, closed and opened again, it is open',
  )
})
