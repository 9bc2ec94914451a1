import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { addSource, bytes, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { ofKind } from '../fakes/broker-township.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { type Mosquitto, startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

for (const version of ['3.1.1', '5'] as const) {
  t.test(`mosquitto, MQTT ${version}: a button that its bridge retains`, ofKind.mosquitto, async (t) => {
    const broker = await startMosquitto(t)
    const database = await temporaryDatabase(t)
    await addSource(database, undefined, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/button' })
    const panel = await addSource(database)
    const url = version === '5' ? broker.url : await frontOf311(t, broker)
    const gatewayId = randomUUID()
    const bridge = await mqttPeer(t, broker.url)
    const press = (): Promise<unknown> =>
      bridge.client.publishAsync('zigbee2mqtt/button', bytes({ action: 'emergency' }), { qos: 1, retain: true })

    for (let session = 1; session <= 3; session++) {
      const ends: (() => Promise<void>)[] = []
      const fixture = await startAlarms({ teardown: (end) => void ends.push(end) }, database)
      const end = Promise.withResolvers<void>()
      fixture.events.onEvents((events) => {
        for (const { kind, data } of events) if (kind === 'alarm' && data.sourceKey === `end ${session}`) end.resolve()
      })
      const config = { kind: 'external', url } as const
      const mqtt = await startMqtt({ teardown: (end) => void ends.push(end) }, fixture, {
        gatewayId,
        config,
        random: () => 0,
      })
      await new Promise<void>((resolve) => mqtt.onConnected(resolve))
      if (session === 1) await press()
      // Comes behind whatever the broker kept.
      const payload = bytes(message(`end ${session}`))
      await bridge.client.publishAsync(`gridlight/v1/in/${panel.id}/alarm`, payload, { qos: 1 })
      await end.promise
      for (const close of ends.reverse()) await close()
    }
    t.equal(await database.client.alarm.count({ where: { type: 'panic-button' } }), 1, 'one press is one alarm')
    await press()
    const fixture = await startAlarms(t, database)
    await startMqtt(t, fixture, { gatewayId, config: { kind: 'external', url }, random: () => 0 })
    while ((await database.client.alarm.count({ where: { type: 'panic-button' } })) < 2) {
      await new Promise(setImmediate)
    }
    t.pass('one that was pressed while the gateway was away is another')
  })
}

/** Turns MQTT 5 away as a broker of 3.1.1 does (§3.2.2.3, code 1); everything else is for the broker behind it. */
async function frontOf311(t: Test, broker: Mosquitto): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (packet: Buffer) => {
      // The level stands behind the name of the protocol.
      if (packet[packet.indexOf('MQTT') + 4] !== 4) {
        socket.end(Buffer.from([0x20, 2, 0, 1]))
        return
      }
      const behind = connect(broker.port, '127.0.0.1')
      sockets.add(behind)
      behind.on('error', () => {})
      behind.on('close', () => socket.destroy())
      socket.on('close', () => behind.destroy())
      behind.write(packet)
      socket.pipe(behind).pipe(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
}
