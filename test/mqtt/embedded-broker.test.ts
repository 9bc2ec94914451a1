import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connectAsync } from 'mqtt'
import t, { type Test } from 'tap'
import type { Principal, Role } from '../../gateway/contracts/identity.ts'
import { DEFAULT_LIMITS } from '../../gateway/mqtt/listener.ts'
import type { Mqtt } from '../../gateway/mqtt/mqtt.ts'
import { addSource, bytes, CELL, message, OTHER_CELL, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

const token = (id: string, role: Role, cellCodes?: string[]): Principal => ({
  kind: 'token',
  id,
  name: id,
  roles: [role],
  cellCodes,
  sessionId: id,
})
const tokens = {
  all: token('all', 'operator'),
  cell: token('cell', 'operator', [CELL]),
  installer: token('installer', 'installer'),
}

async function fixture(t: Test, limits = DEFAULT_LIMITS) {
  const database = await temporaryDatabase(t)
  const [a, b] = await Promise.all([addSource(database), addSource(database, OTHER_CELL)])
  const alarms = await startAlarms(t, database)
  const mqtt = await startMqtt(t, alarms, { limits, tokens })
  const url = `mqtt://127.0.0.1:${mqtt.port()}`
  const as = ({ id, password }: { id: string; password: string }, clientId?: string) =>
    mqttPeer(t, url, { username: id, password, ...(clientId === undefined ? {} : { clientId }) })
  const asToken = (password: keyof typeof tokens) => mqttPeer(t, url, { username: 'token', password })
  return { database, a, b, mqtt, url, as, asToken }
}

t.test('only sources and tokens that read alarms come in', async (t) => {
  const { a, b, url, as, asToken } = await fixture(t)
  const cases: Record<string, { username?: string; password?: string }> = {
    nobody: {},
    'no password': { username: a.id },
    'another source’s password': { username: a.id, password: b.password },
    'a source that is not': { username: 'c0ffee00-0000-4000-8000-000000000000', password: a.password },
    'the gateway’s own source': { username: '00000000-0000-4000-8000-000000000001', password: '' },
    'not an id': { username: "' OR 1=1", password: a.password },
    'a wrong token': { username: 'token', password: 'wrong' },
    'a token that does not read alarms': { username: 'token', password: 'installer' },
  }
  for (const [name, credentials] of Object.entries(cases)) {
    const attempt = connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...credentials }, false)
    await t.rejects(attempt, { code: 4 }, name)
  }
  await as(a)
  await asToken('all')
})

t.test('a source speaks for itself only', async (t) => {
  const { database, a, b, as } = await fixture(t)
  const forbidden = [
    `gridlight/v1/in/${b.id}/alarm`,
    `gridlight/v1/in/${b.id}/heartbeat`,
    `gridlight/v1/in/${a.id}/other`,
    `gridlight/v1/out/cells/${CELL}/alarms`,
    `gridlight/v1/rejected/${b.id}`,
    '$SYS/x',
    'a/b/c/d/e/f/g/h/i/j/k/l',
  ]
  for (const topic of forbidden) {
    const peer = await as(a)
    peer.client.publish(topic, bytes(message('x')), { qos: 1 })
    await peer.closed
    t.pass(`${topic}: cut`)
  }
  t.equal(await database.client.alarm.count(), 0)
})

t.test('a device speaks on its own topics, is not heard on nobody’s and is cut on another’s', async (t) => {
  const database = await temporaryDatabase(t)
  const [a, b] = await Promise.all([
    addSource(database, CELL, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/a', kind: 'sensor' }),
    addSource(database, OTHER_CELL, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/b', kind: 'sensor' }),
  ])
  const bridge = await addSource(database, CELL, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt', kind: 'bridge' })
  const mqtt = await startMqtt(t, await startAlarms(t, database))
  const as = ({ id, password }: typeof a) => mqttPeer(t, `mqtt://127.0.0.1:${mqtt.port()}`, { username: id, password })
  const open = bytes({ contact: false })
  const own = await as(a)
  await own.client.publishAsync('zigbee2mqtt/a', open, { qos: 1 })
  await own.client.publishAsync('homeassistant/status', 'online', { qos: 1 })
  t.equal(await database.client.alarm.count(), 1)
  own.client.publish('zigbee2mqtt/b', open, { qos: 1 })
  await own.closed
  t.equal(await database.client.alarm.count(), 1)
  const all = await as(bridge)
  await all.client.publishAsync('zigbee2mqtt/b', open, { qos: 1 })
  const rows = await database.client.alarm.findMany({ where: { sourceId: b.id } })
  t.match(rows, [{ cellCode: OTHER_CELL, type: 'door' }], 'the bridge speaks for the devices below its topic')
  const reader = await as(b)
  const granted = await reader.client.subscribeAsync(['zigbee2mqtt/b/set'], { qos: 1 })
  t.not(granted[0]?.qos, 128)
  await t.rejects(reader.client.subscribeAsync('zigbee2mqtt/#', { qos: 1 }))
})

t.test('who may listen to what', async (t) => {
  const { a, b, as, asToken } = await fixture(t)
  const granted = async (peer: Awaited<ReturnType<typeof as>>, filter: string): Promise<boolean> =>
    peer.client.subscribeAsync(filter, { qos: 1 }).then(
      ([grant]) => grant?.qos !== 128,
      () => false,
    )
  const panel = await as(a)
  for (const filter of [
    '#',
    '+/#',
    'gridlight/v1/in/#',
    `gridlight/v1/in/${a.id}/alarm`,
    'gridlight/v1/out/#',
    `gridlight/v1/rejected/${b.id}`,
    'gridlight/v1/rejected/+',
    '$SYS/#',
  ]) {
    t.equal(await granted(panel, filter), false, `source: ${filter}`)
  }
  t.equal(await granted(panel, `gridlight/v1/rejected/${a.id}`), true)
  const consumer = await asToken('all')
  for (const filter of ['#', 'gridlight/v1/in/#', 'gridlight/#', 'gridlight/v1/rejected/+', '+/+/out/#']) {
    t.equal(await granted(consumer, filter), false, `token: ${filter}`)
  }
  t.equal(await granted(consumer, 'gridlight/v1/out/#'), true)
})

t.test('a token of one cell is told of that cell', async (t) => {
  const { a, b, mqtt, as, asToken } = await fixture(t)
  const [all, cell] = [await asToken('all'), await asToken('cell')]
  for (const peer of [all, cell]) await peer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
  for (const source of [b, a]) {
    const panel = await as(source)
    await panel.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message('x')), { qos: 1 })
  }
  t.equal((await all.next()).topic, `gridlight/v1/out/cells/${OTHER_CELL}/alarms`)
  t.equal((await all.next()).topic, `gridlight/v1/out/cells/${CELL}/alarms`)
  t.equal((await cell.next()).topic, `gridlight/v1/out/cells/${CELL}/alarms`)
  mqtt.endSessions({ principalId: 'cell' })
  await cell.closed
  t.equal(all.client.connected, true)
})

t.test('the same client id does not take over another’s connection', async (t) => {
  const { a, b, as } = await fixture(t)
  const first = await as(a, 'panel')
  const second = await as(b, 'panel')
  await first.client.publishAsync(`gridlight/v1/in/${a.id}/heartbeat`, '{}', { qos: 1 })
  await second.client.publishAsync(`gridlight/v1/in/${b.id}/heartbeat`, '{}', { qos: 1 })
  t.ok(first.client.connected && second.client.connected)
})

t.test('a source whose credentials are renewed is cut, and no other', async (t) => {
  const { a, b, mqtt, as } = await fixture(t)
  const [first, second] = [await as(a), await as(b)]
  mqtt.endSessions({ principalId: a.id })
  await first.closed
  t.equal(second.client.connected, true)
})

t.test('an alarm sent as retained, with QoS 0 or with QoS 2 is taken as well', async (t) => {
  const { database, a, as, asToken } = await fixture(t)
  const panel = await as(a)
  const topic = `gridlight/v1/in/${a.id}/alarm`
  const consumer = await asToken('all')
  await consumer.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
  for (const qos of [0, 1, 2] as const) {
    await panel.client.publishAsync(topic, bytes(message(`q${qos}`)), { qos, retain: true })
    t.match(JSON.parse((await consumer.next()).payload), { sourceKey: `q${qos}` })
  }
  t.equal(await database.client.alarm.count(), 3)
})

/** A raw socket; `ended` when the gateway has cut it. */
async function rawSocket(t: Test, mqtt: Mqtt): Promise<{ socket: Socket; ended: Promise<void> }> {
  const socket = connect(mqtt.port() ?? 0, '127.0.0.1')
  socket.on('error', () => {})
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  t.teardown(async () => {
    socket.destroy()
  })
  await Promise.race([once(socket, 'connect'), ended])
  socket.resume()
  return { socket, ended }
}

t.test('hostile sockets are cut and alarms go on', async (t) => {
  const { database, a, mqtt, as } = await fixture(t, {
    ...DEFAULT_LIMITS,
    connectMs: 1000,
    perAddress: 300,
    newPerAddress: 300,
  })
  const panel = await as(a)
  // One buffer for all, so that what grows is the gateway's.
  const flood = Buffer.alloc(8_000_000, 0x30)
  const before = process.memoryUsage().rss
  const hostile = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const peer = await rawSocket(t, mqtt)
      // Silence; a long CONNECT announced and pushed; half a CONNECT; a flood before CONNECT; garbage.
      if (n % 5 === 1) {
        peer.socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]))
        peer.socket.write(flood)
      }
      if (n % 5 === 2) peer.socket.write(Buffer.from([0x10, 0x80, 0x80, 0x03, 0, 4]))
      if (n % 5 === 3) peer.socket.write(flood)
      if (n % 5 === 4) peer.socket.write('GET / HTTP/1.1\r\n\r\n')
      return peer
    }),
  )
  const topic = `gridlight/v1/in/${a.id}/alarm`
  for (let n = 0; n < 50; n++) await panel.client.publishAsync(topic, bytes(message(`k${n}`)), { qos: 1 })
  t.equal(await database.client.alarm.count(), 50)
  await Promise.all(hostile.map(({ ended }) => ended))
  t.pass('all 200 were cut')
  const again = await as(a)
  await again.client.publishAsync(topic, bytes(message('after')), { qos: 1 })
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20
  t.comment(`memory grew by ${grownMiB.toFixed(0)} MiB`)
  t.ok(grownMiB < 150)
})

t.test('one address has a bounded number of connections', async (t) => {
  const { mqtt } = await fixture(t, { connectMs: 5000, connections: 100, perAddress: 3, newPerAddress: 3 })
  const peers = [await rawSocket(t, mqtt), await rawSocket(t, mqtt), await rawSocket(t, mqtt)]
  const extra = await rawSocket(t, mqtt)
  await extra.ended
  t.ok(peers.every(({ socket }) => !socket.destroyed))
  peers[0]?.socket.destroy()
  await peers[0]?.ended
})

t.test('a packet over the limit cuts the connection after CONNECT too', async (t) => {
  const { database, a, as } = await fixture(t)
  const panel = await as(a)
  panel.client.publish(`gridlight/v1/in/${a.id}/alarm`, Buffer.alloc(70_000, 'x'), { qos: 1 })
  await panel.closed
  t.equal(await database.client.rejectedInput.count(), 0)
  const again = await as(a)
  await again.client.publishAsync(`gridlight/v1/in/${a.id}/alarm`, Buffer.alloc(65_536, 'x'), { qos: 1 })
  t.equal(await database.client.rejectedInput.count(), 1, 'at the limit it is a message, if a malformed one')
})

t.test('a consumer that does not read does not hold up alarms', async (t) => {
  const { database, a, mqtt, as } = await fixture(t)
  const { socket, ended } = await rawSocket(t, mqtt)
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
  const connectBody = Buffer.concat([
    text('MQTT'),
    Buffer.from([4, 0xc2, 0, 60]),
    text('slow'),
    text('token'),
    text('all'),
  ])
  const filter = text('gridlight/v1/out/#')
  socket.write(Buffer.concat([Buffer.from([0x10, connectBody.length]), connectBody]))
  socket.write(Buffer.concat([Buffer.from([0x82, filter.length + 3, 0, 1]), filter, Buffer.from([1])]))
  // CONNACK has 4 bytes and SUBACK 5.
  while (socket.bytesRead < 9) await once(socket, 'data')
  socket.pause()
  // More than the buffers of both sockets take.
  const payload = JSON.stringify('x'.repeat(60_000))
  const flood = Array.from({ length: 400 }, () =>
    mqtt.publish({ topic: `gridlight/v1/out/cells/${CELL}/alarms`, payload, retain: false }),
  )
  const panel = await as(a)
  const delaysMs: number[] = []
  for (let n = 0; n < 300; n++) {
    const start = performance.now()
    await panel.client.publishAsync(
      `gridlight/v1/in/${a.id}/alarm`,
      bytes(message(`k${n}`, { text: 'x'.repeat(500) })),
      { qos: 1 },
    )
    delaysMs.push(performance.now() - start)
  }
  t.equal(await database.client.alarm.count(), 300)
  delaysMs.sort((x, y) => x - y)
  t.comment(`acknowledged: p50 ${delaysMs[150]?.toFixed(1)} ms, p99 ${delaysMs[297]?.toFixed(1)} ms`)
  await Promise.all(flood)
  socket.resume()
  await ended
  t.pass('the reader was cut')
  // Waiting for the reader would take the 3 s after which it is cut.
  t.ok((delaysMs[297] ?? Infinity) < 1500)
})
