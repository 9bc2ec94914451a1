import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { listDeadLetters, outboxStates } from '../../gateway/notify/dead-letters.ts'
import { addSource, bytes, CELL, message, OTHER_CELL, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { startTestGateway } from '../fakes/gateway.ts'
import { isMosquittoInstalled, startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

const skip = (await isMosquittoInstalled()) ? {} : { skip: 'Mosquitto is not installed' }

t.test('what a broker refuses for good is kept to be seen, and what comes after it arrives', skip, async (t) => {
  const acl = `user gateway
topic read gridlight/v1/in/+/alarm
topic read gridlight/v1/in/+/heartbeat
topic write gridlight/v1/out/cells/${CELL}/#
topic write gridlight/v1/out/gateways/#
user centre
topic read gridlight/v1/out/#
`
  const broker = await startMosquitto(t, { acl, passwords: { gateway: 'g', centre: 'c' } })
  const database = await temporaryDatabase(t)
  const [here, there] = [await addSource(database), await addSource(database, OTHER_CELL)]
  const fixture = await startAlarms(t, database)
  const centre = await mqttPeer(t, broker.url, { username: 'centre', password: 'c' })
  await centre.client.subscribeAsync('gridlight/v1/out/cells/+/alarms', { qos: 1 })
  const url = `mqtt://gateway:g@127.0.0.1:${broker.port}`
  const mqtt = await startMqtt(t, fixture, { config: { kind: 'external', url }, random: () => 0 })
  await new Promise<void>((resolve) => mqtt.onConnected(resolve))
  const refused = await fixture.alarms.receive(there.id, bytes(message('refused')))
  await fixture.alarms.receive(here.id, bytes(message('after it')))
  t.match(JSON.parse((await centre.next()).payload), { sourceKey: 'after it' })
  // It is tried five times, further and further apart.
  const buried = async () =>
    (await listDeadLetters(database, undefined, 10)).filter(({ topic }) => topic.includes('alarms'))
  while ((await buried()).length === 0) await setTimeout(25)
  const letters = await listDeadLetters(database, undefined, 10)
  t.match(letters.at(-1), {
    destination: 'mqtt',
    topic: `gridlight/v1/out/cells/${OTHER_CELL}/alarms`,
    payload: new RegExp('id' in refused ? refused.id : 'nothing'),
    reason: /not authorized/i,
  })
  t.match(await outboxStates(database), [{ destination: 'mqtt', deadLetters: letters.length }])
})

t.test('the outbox is shown to who runs and who checks it', async (t) => {
  const gateway = await startTestGateway(t)
  for (const [role, status] of [
    ['administrator', 200],
    ['auditor', 200],
    ['operator', 403],
  ] as const) {
    const headers = { authorization: `Bearer ${await gateway.token(role)}` }
    for (const url of ['/api/v1/outbox', '/api/v1/outbox/dead-letters']) {
      t.equal((await gateway.app.inject({ url, headers })).statusCode, status, `${role} ${url}`)
    }
  }
})
