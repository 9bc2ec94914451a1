import { randomUUID } from 'node:crypto'
import t from 'tap'
import { addSource, bytes, CELL, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { ofKind } from '../fakes/broker-township.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

t.test('mosquitto: new alarms overtake what waits in the broker, in any words', ofKind.mosquitto, async (t) => {
  const KEPT = 4000
  const broker = await startMosquitto(t, undefined, 2 * KEPT)
  const database = await temporaryDatabase(t)
  const source = await addSource(database)
  for (const name of ['door', 'detector']) {
    await addSource(database, CELL, { mapping: 'zigbee2mqtt', topic: `zigbee2mqtt/${name}` })
  }
  const gatewayId = randomUUID()
  const config = { kind: 'external', url: broker.url } as const
  const panel = await mqttPeer(t, broker.url)
  const publish = (topic: string, payload: object): Promise<unknown> =>
    panel.client.publishAsync(topic, bytes(payload), { qos: 1 })
  let sequence = 0
  const send = (key: string): Promise<unknown> =>
    publish(`gridlight/v1/in/${source.id}/alarm`, message(key, { type: 'motion', sequence: sequence++ }))
  const device = (name: string, payload: object): Promise<unknown> => publish(`zigbee2mqtt/${name}`, payload)

  const teardowns: (() => Promise<void>)[] = []
  const life = { teardown: (end: () => Promise<void>) => void teardowns.push(end) }
  const first = await startMqtt(life, await startAlarms(life, database), { gatewayId, config })
  await new Promise<void>((resolve) => first.onConnected(resolve))
  for (const end of teardowns.reverse()) await end()
  // A door opened and closed 1000 times, and a detector that had smoke before.
  await device('detector', { smoke: true })
  await device('detector', { smoke: false })
  await Promise.all(
    Array.from({ length: KEPT }, (_, n) =>
      n % 2 === 0 ? send(`kept-${n}`) : device('door', { contact: n % 4 === 1, n }),
    ),
  )

  const fixture = await startAlarms(t, database)
  const told = { own: Promise.withResolvers<number>(), smoke: Promise.withResolvers<number>() }
  const seen = new Set<string>()
  let isSmokeSent = false
  fixture.events.onEvents((events) => {
    for (const event of events) {
      if (event.kind !== 'alarm') continue
      const { type, state, sourceKey } = event.data
      if (sourceKey.startsWith('new-')) told.own.resolve(seen.size)
      else if (sourceKey.startsWith('kept-')) seen.add(sourceKey)
      if (type === 'smoke' && state === 'active' && isSmokeSent) told.smoke.resolve(seen.size)
    }
  })
  await startMqtt(t, fixture, { gatewayId, config })
  while (seen.size === 0) await new Promise(setImmediate)
  // The second session may take a moment to be there; a township does not raise one alarm alone.
  isSmokeSent = true
  let fresh = 0
  while (seen.size < KEPT / 4) {
    await send(`new-${fresh++}`)
    await device('detector', { smoke: true, n: fresh })
  }
  await device('detector', { smoke: false })
  const before = { own: await told.own.promise, smoke: await told.smoke.promise }
  t.ok(before.own < KEPT / 2, `${before.own} of ${KEPT / 2} kept alarms were told before one in our words`)
  t.ok(before.smoke < KEPT / 2, `${before.smoke} before one in a device's own words`)

  const alarms = (where: object): Promise<number> => database.client.alarm.count({ where })
  const isDone = async (): Promise<boolean> =>
    (await alarms({ sourceId: source.id })) === KEPT / 2 + fresh &&
    (await alarms({ type: 'door' })) === KEPT / 4 &&
    (await alarms({ state: 'active', type: 'smoke' })) === 0
  while (!(await isDone())) await new Promise(setImmediate)
  t.equal(await alarms({ type: 'smoke' }), 2, 'told early and again in its order, it is one alarm')
  t.equal(await alarms({ type: 'source-silent' }), 0, 'none is missed for it')
  t.equal(await database.client.takenAhead.count(), 0)
})
