import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pino from 'pino'
import t, { type Test } from 'tap'
import { addSource, bytes, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { ofKind } from '../fakes/broker-township.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

/** What stands at the broker's address: it takes connections and swallows what is sent, until it is told where the broker is. */
async function silentBroker(t: Test) {
  const sockets = new Set<Socket>()
  const connects: string[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const answer: { from?: number } = {}
  let most = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    most = Math.max(most, sockets.size)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (answer.from !== undefined) {
      const broker = connect(answer.from, '127.0.0.1').on('error', () => socket.destroy())
      socket.on('close', () => broker.destroy())
      broker.on('close', () => socket.destroy())
      socket.pipe(broker).pipe(socket)
      return
    }
    socket.once('data', (packet) => {
      connects.push(packet.toString('latin1'))
      for (const { count, resolve } of waiting) if (connects.length >= count) resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, // listens on a port
    /** CONNECT packets that were swallowed. */
    connects,
    answer,
    mostSockets: () => most,
    swallowed: (count: number): Promise<void> =>
      connects.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve: () => resolve() })),
  }
}

/** As pino numbers it. */
const WARN = 40

function recordingLog() {
  const lines: { level: number; msg: string; err?: { message: string } }[] = []
  return { lines, log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) }
}

t.test(
  'a broker that takes the connection and never answers: said once, asked again, and alarms go on',
  ofKind.mosquitto,
  async (t) => {
    const broker = await silentBroker(t)
    const database = await temporaryDatabase(t)
    const source = await addSource(database)
    const fixture = await startAlarms(t, database)
    const { lines, log } = recordingLog()
    const gatewayId = 'g1'
    const config = { kind: 'external', url: broker.url } as const
    const mqtt = await startMqtt(t, fixture, { gatewayId, config, log, connectMs: 300, random: () => 0.1 })
    await broker.swallowed(6)

    t.equal(mqtt.isConnected(), false)
    const said = lines.filter(({ level, msg }) => level >= WARN && msg === 'MQTT broker')
    t.same(
      said.map(({ err }) => err?.message),
      ['connack timeout'],
      'said once, not at every attempt',
    )
    t.ok(
      broker.connects.every((packet) => packet.includes('MQTT\u0005')),
      'no answer says nothing about the version',
    )
    const names = broker.connects.map((packet) => /gridlight-g1(-ahead)?/.exec(packet)?.[0])
    t.same([...new Set(names)].sort(), ['gridlight-g1', 'gridlight-g1-ahead'])
    t.ok(broker.mostSockets() <= 3, `${broker.mostSockets()} connections at once`)

    t.match(await fixture.alarms.receive(source.id, bytes(message('meanwhile'))), { kind: 'stored' })
    await t.rejects(mqtt.publish({ topic: 'x', payload: 'x', retain: false }), {
      message: 'the MQTT broker is not connected',
    })

    const mosquitto = await startMosquitto(t)
    const centre = await mqttPeer(t, mosquitto.url)
    await centre.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
    broker.answer.from = mosquitto.port
    t.match(JSON.parse((await centre.next()).payload), { sourceKey: 'meanwhile' })
    await centre.client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message('and then')), { qos: 1 })
    t.match(JSON.parse((await centre.next()).payload), { sourceKey: 'and then' })
  },
)

t.test('the gateway ends at once while it waits for an answer, whichever of its sessions does', async (t) => {
  const database = await temporaryDatabase(t)
  for (const swallowed of [1, 2]) {
    const broker = await silentBroker(t)
    const fixture = await startAlarms(t, database)
    const ends: (() => Promise<void>)[] = []
    const life = { teardown: (end: () => Promise<void>) => void ends.push(end) }
    await startMqtt(life, fixture, { config: { kind: 'external', url: broker.url } })
    await broker.swallowed(swallowed)
    const startedMs = performance.now()
    for (const end of ends.reverse()) await end()
    const tookMs = performance.now() - startedMs
    t.ok(tookMs < 2000, `${Math.round(tookMs)} ms; the broker itself would be waited for 10 s`)
  }
})
