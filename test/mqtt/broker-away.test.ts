import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import { addSource, bytes, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { ofKind, script } from '../fakes/broker-township.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

/** How long the second session is waited for. */
const SECOND_MS = 3000

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
