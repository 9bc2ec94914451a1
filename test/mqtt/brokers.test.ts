import t from 'tap'
import { bytes, CELL, message } from '../fakes/alarm-gateway.ts'
import { ofKind, township } from '../fakes/broker-township.ts'

for (const kind of ['embedded', 'mosquitto'] as const) {
  t.test(kind, ofKind[kind], async (t) => {
    t.test('an alarm goes in and comes out', async (t) => {
      const { database, source, asSource, asConsumer } = await township(t, kind)
      const consumer = await asConsumer()
      await consumer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
      const panel = await asSource()
      const topic = `gridlight/v1/in/${source.id}/alarm`
      await panel.client.publishAsync(topic, bytes(message('a', { type: 'smoke' })), { qos: 1 })
      const { topic: out, payload } = await consumer.next()
      t.equal(out, `gridlight/v1/out/cells/${CELL}/alarms`)
      t.match(JSON.parse(payload), { sourceId: source.id, sourceKey: 'a', type: 'smoke', priority: 1, state: 'active' })
      for (const state of ['active', 'cleared', 'active'] as const) {
        await panel.client.publishAsync(topic, bytes(message('a', { type: 'smoke', state })), { qos: 1 })
      }
      t.match(JSON.parse((await consumer.next()).payload), { sourceKey: 'a', state: 'cleared' })
      t.equal(await database.client.alarm.count(), 1)
    })

    t.test('what cannot be taken comes back to its sender', async (t) => {
      const { database, source, asSource } = await township(t, kind)
      const panel = await asSource()
      await panel.client.subscribeAsync(`gridlight/v1/rejected/${source.id}`, { qos: 1 })
      await panel.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, '{"id":1}', { qos: 1 })
      const { payload } = await panel.next()
      t.match(JSON.parse(payload), { reason: /^id: /, at: /Z$/, payload: '{"id":1}' })
      t.equal(await database.client.rejectedInput.count(), 1)
    })

    t.test('a heartbeat is noticed', async (t) => {
      const { source, asSource, asConsumer } = await township(t, kind)
      const panel = await asSource()
      await panel.client.publishAsync(`gridlight/v1/in/${source.id}/heartbeat`, '{}', { qos: 1 })
      t.pass('and acknowledged')
      const consumer = await asConsumer()
      await consumer.client.subscribeAsync('gridlight/v1/out/gateways/+/state')
      t.match(JSON.parse((await consumer.next()).payload), { state: 'online', version: '0.0.0' })
    })

    t.test('a device speaks in its own words on its own topic', async (t) => {
      const registration = { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/front-door' }
      const { database, source, asSource, asConsumer } = await township(t, kind, undefined, registration)
      const consumer = await asConsumer()
      await consumer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
      const panel = await asSource()
      await panel.client.subscribeAsync(['zigbee2mqtt/front-door/set', `gridlight/v1/rejected/${source.id}`], {
        qos: 1,
      })
      const tell = (payload: object | string) =>
        panel.client.publishAsync('zigbee2mqtt/front-door', bytes(payload), { qos: 1 })
      await panel.client.publishAsync('zigbee2mqtt/front-door/other', 'what nobody listens to', { qos: 1 })
      await tell({ contact: false, linkquality: 80 })
      t.match(JSON.parse((await consumer.next()).payload), { sourceId: source.id, type: 'door', state: 'active' })
      await tell({ contact: true, linkquality: 80 })
      t.match(JSON.parse((await consumer.next()).payload), { type: 'door', state: 'cleared' })
      await tell('{"contact":')
      t.match(JSON.parse((await panel.next()).payload), { reason: 'message is not JSON' })
      t.equal(await database.client.alarm.count(), 1)
      t.equal(await database.client.rejectedInput.count(), 1)
    })

    t.test('50 alarms sent 10 times, shuffled, by several connections are 50 alarms', async (t) => {
      const { database, source, asSource, asConsumer } = await township(t, kind)
      const consumer = await asConsumer()
      await consumer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
      const panels = await Promise.all([asSource(), asSource(), asSource()])
      const keys = Array.from({ length: 500 }, (_, n) => ({ key: `k${n % 50}`, order: Math.random() }))
      keys.sort((a, b) => a.order - b.order)
      await Promise.all(
        keys.map(({ key }, n) =>
          panels[n % 3]?.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message(key)), { qos: 1 }),
        ),
      )
      const told = new Set<string>()
      while (told.size < 50) told.add(JSON.parse((await consumer.next()).payload).sourceKey)
      t.equal(await database.client.alarm.count(), 50)
      t.equal(await database.client.event.count({ where: { kind: 'alarm' } }), 50)
    })
  })
}
