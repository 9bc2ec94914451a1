import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Aedes } from 'aedes'
import pino from 'pino'
import t from 'tap'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import { addSource, bytes, CELL, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

/** More than go into one SUBSCRIBE. */
const DEVICES = 60
const REFUSED = 'zigbee2mqtt/d05'
/** After which what was refused is asked for again. */
const ASK_AGAIN_MS = 60_000

t.test('a topic that the broker refuses is said and asked for again; all others are heard meanwhile', async (t) => {
  // A broker that answers a filter with a no; Mosquitto grants them all and sends nothing.
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, isRefused(subscription.topic) ? null : subscription),
  })
  let isMended = false
  const isRefused = (topic: string): boolean => topic === REFUSED && !isMended
  const server = createServer(broker.handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    await new Promise<void>((resolve) => broker.close(resolve))
    server.close()
  })
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` // listens on a port

  const database = await temporaryDatabase(t)
  for (let n = 0; n < DEVICES; n++) {
    await addSource(database, CELL, { mapping: 'zigbee2mqtt', topic: `zigbee2mqtt/d${String(n).padStart(2, '0')}` })
  }
  const said: { msg: string; topics?: string[] }[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void said.push(JSON.parse(line)) })
  const minute = Promise.withResolvers<void>()
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => (ms === ASK_AGAIN_MS ? minute.promise : systemClock.sleep(ms, signal)),
  }
  const fixture = await startAlarms(t, database)
  const mqtt = await startMqtt(t, fixture, { config: { kind: 'external', url }, log, clock, random: () => 0 })
  await new Promise<void>((resolve) => mqtt.onConnected(resolve))

  const centre = await mqttPeer(t, url)
  await centre.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
  const opens = (topic: string): Promise<unknown> =>
    centre.client.publishAsync(topic, bytes({ contact: false }), { qos: 1 })
  await opens(`zigbee2mqtt/d${DEVICES - 1}`)
  t.match(JSON.parse((await centre.next()).payload), { type: 'door', text: /d59/ }, 'one behind it in the list')
  t.match(said, [{ msg: /refuses these topics/, topics: [REFUSED] }])

  isMended = true
  const asked = once(broker, 'subscribe')
  minute.resolve()
  await asked
  await opens(REFUSED)
  t.match(JSON.parse((await centre.next()).payload), { type: 'door', text: /d05/ }, 'heard once the broker lets it be')
})
