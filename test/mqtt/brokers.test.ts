import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { IClientOptions } from 'mqtt'
import t, { type Test } from 'tap'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import type { NewAlarmSource } from '../../gateway/contracts/alarm.ts'
import type { Principal } from '../../gateway/contracts/identity.ts'
import type { Database, Tx } from '../../gateway/storage/database.ts'
import { addSource, bytes, CELL, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { isMosquittoInstalled, startMosquitto } from '../fakes/mosquitto.ts'
import { type MqttPeer, mqttPeer } from '../fakes/mqtt-peer.ts'

const script: Principal = {
  kind: 'token',
  id: 'script',
  name: 'script',
  roles: ['operator'],
  cellCodes: undefined,
  sessionId: 'script',
}

/** How long the second session is waited for. */
const SECOND_MS = 3000

interface Township {
  database: Database
  source: { id: string; password: string }
  gatewayId: string
  /** As the panel, and as another system. */
  asSource(): Promise<MqttPeer>
  asConsumer(): Promise<MqttPeer>
}

async function township(
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

const ofKind = { embedded: {}, mosquitto: (await isMosquittoInstalled()) ? {} : { skip: 'Mosquitto is not installed' } }

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

/** A store that commits only when told, to see what is said before that. */
function heldStore(): {
  wrap: (database: Database) => Database
  commit: () => void
  reached: Promise<void>
  mode: { value: 'hold' | 'fail' | 'pass' }
} {
  const gate = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const mode: { value: 'hold' | 'fail' | 'pass' } = { value: 'pass' }
  return {
    mode,
    commit: gate.resolve,
    reached: reached.promise,
    wrap: (database) => ({
      ...database,
      transaction: <T>(work: (tx: Tx) => Promise<T>) =>
        database.transaction(async (tx) => {
          const result = await work(tx)
          if (mode.value === 'fail') {
            reached.resolve()
            throw new Error('disk full')
          }
          if (mode.value === 'hold') {
            reached.resolve()
            await gate.promise
          }
          return result
        }),
    }),
  }
}

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

t.test('mosquitto: alarms are taken and told while and after the broker is away', ofKind.mosquitto, async (t) => {
  const broker = await startMosquitto(t)
  const database = await temporaryDatabase(t)
  const source = await addSource(database)
  const fixture = await startAlarms(t, database)
  const mqtt = await startMqtt(t, fixture, { config: { kind: 'external', url: broker.url }, random: () => 0.1 })
  await new Promise<void>((resolve) => mqtt.onConnected(resolve))
  await broker.stop()
  for (const key of ['1', '2', '3'])
    t.match(await fixture.alarms.receive(source.id, bytes(message(key))), { kind: 'stored' })
  await broker.start()
  const consumer = await mqttPeer(t, broker.url)
  await consumer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
  t.match(await fixture.alarms.receive(source.id, bytes(message('4'))), { kind: 'stored' })
  const keys: string[] = []
  while (keys.at(-1) !== '4') keys.push(JSON.parse((await consumer.next()).payload).sourceKey)
  // At least once and in order; what the gateway delivered before this consumer came back is not repeated.
  t.strictSame(keys, ['1', '2', '3', '4'].slice(4 - keys.length))
})

t.test(
  'a broker that is away is asked for again within two seconds, one that says no less and less often',
  async (t) => {
    const waits = { away: [] as number[], refused: [] as number[] }
    for (const kind of ['away', 'refused'] as const) {
      const broker = createServer((socket) => socket.on('error', () => {}))
      await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve))
      const { port } = broker.address() as AddressInfo // listens on a port
      // CONNACK of MQTT 3.1.1 and of 5: bad user name or password.
      if (kind === 'refused') {
        broker.on('connection', (socket) =>
          socket.once('data', (connect) => {
            socket.end(Buffer.from(connect.includes(Buffer.from('MQTT\u0005')) ? '2003008600' : '20020004', 'hex'))
          }),
        )
      } else broker.close()
      const enough = Promise.withResolvers<void>()
      const clock: Clock = {
        ...systemClock,
        sleep: async (ms, signal) => {
          // The wait for the second session is another one.
          if (ms !== SECOND_MS) waits[kind].push(ms)
          if (waits[kind].length >= 12) enough.resolve()
          await systemClock.sleep(ms === SECOND_MS ? ms : 1, signal)
        },
      }
      const fixture = await startAlarms(t, await temporaryDatabase(t))
      await startMqtt(t, fixture, {
        config: { kind: 'external', url: `mqtt://127.0.0.1:${port}` },
        clock,
        random: () => 1,
      })
      await enough.promise
      t.teardown(() => void broker.close())
    }
    t.ok(Math.max(...waits.away) <= 2000, `away: ${waits.away}`)
    t.ok(Math.max(...waits.refused) > 30_000, `refused: ${waits.refused}`)
  },
)

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

t.test('a broker that knows only MQTT 3.1.1 is spoken to in 3.1.1', async (t) => {
  // The embedded broker is one; it serves a second gateway as if it were external.
  const host = await startAlarms(t, await temporaryDatabase(t))
  const other = await startAlarms(t, await temporaryDatabase(t))
  const broker = await startMqtt(t, host, { tokens: { 'the-token': script } })
  const url = `mqtt://token:the-token@127.0.0.1:${broker.port()}`
  const client = await startMqtt(t, other, { config: { kind: 'external', url }, random: () => 0 })
  const connected = new Promise<void>((resolve) => client.onConnected(resolve))
  // It may not publish here, so that the broker cuts it; the connection in 3.1.1 is what counts.
  await Promise.race([connected, untilConnected(client)])
  t.pass('connected')
})

async function untilConnected(client: { isConnected(): boolean }): Promise<void> {
  while (!client.isConnected()) await new Promise(setImmediate)
}
