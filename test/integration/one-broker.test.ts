import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type Database, openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, CELL, message } from '../fakes/alarm-gateway.ts'
import { type GatewayProcess, spawnGateway, temporaryDataDir } from '../fakes/gateway-process.ts'
import { isMosquittoInstalled, startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'
import { postgresqlBinaries, startPostgresql } from '../fakes/postgresql.ts'

/** Two gateways over one PostgreSQL and one broker: one of them speaks for both, and the other goes on with it. */

const binaries = (await postgresqlBinaries()) ?? ''
const lacks =
  (binaries === '' && 'PostgreSQL is not installed') ||
  (!(await isMosquittoInstalled()) && 'Mosquitto is not installed')
/** From a kill until the other node takes what comes in. */
const TAKE_OVER_LIMIT_MS = 5000
const DOORS = 20

t.test('everything is taken once and told once, whichever node is there', { skip: lacks }, async (t) => {
  const cluster = await startPostgresql(t, binaries)
  const databaseUrl = await cluster.createDatabase()
  const database = await openDatabase({ kind: 'postgresql', url: databaseUrl })
  t.teardown(() => database.close())
  const broker = await startMosquitto(t, undefined, 10_000)
  const { id: sourceId } = await addSource(database)
  for (const name of ['door', 'button'])
    await addSource(database, CELL, { mapping: 'zigbee2mqtt', topic: `zigbee2mqtt/${name}` })
  const keyFile = join(await temporaryDataDir(t), 'master.key')
  await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 })
  const start = (dataDir: string): GatewayProcess =>
    spawnGateway(t, dataDir, {
      GRIDLIGHT_DATABASE_URL: databaseUrl,
      GRIDLIGHT_MASTER_KEY_FILE: keyFile,
      GRIDLIGHT_MQTT_URL: broker.url,
    })

  const centre = await listen(broker.url)
  const [here, there] = [await temporaryDataDir(t), await temporaryDataDir(t)]
  const first = start(here)
  await first.url
  await centre.until(() => centre.online() === 1)
  const second = start(there)
  await second.url
  await centre.until(() => centre.online() === 2)

  const panel = await mqttPeer(t, broker.url)
  const publish = (topic: string, payload: object | string): Promise<unknown> =>
    panel.client.publishAsync(topic, bytes(payload), { qos: 1 })
  const send = (key: string): Promise<unknown> => publish(`gridlight/v1/in/${sourceId}/alarm`, message(key))

  /** A door that is opened and closed, a button without a name, a message that cannot be taken, an alarm in our words. */
  const raise = async (round: string): Promise<void> => {
    for (let n = 0; n < DOORS; n++) {
      await publish('zigbee2mqtt/door', { contact: false, n })
      await publish('zigbee2mqtt/door', { contact: true, n })
    }
    await publish('zigbee2mqtt/button', { action: 'emergency', round })
    await publish(`gridlight/v1/in/${sourceId}/alarm`, `malformed in ${round}`)
    await send(`${round} end`)
  }
  const rounds: string[] = []
  const check = async (round: string): Promise<void> => {
    rounds.push(round)
    await raise(round)
    await centre.until(() => centre.alarms.has(`${round} end active`))
    // What a second publisher would tell comes beside this.
    await send(`${round} after`)
    await centre.until(() => centre.alarms.has(`${round} after active`))
    const rejected = `malformed in ${round}`
    await centre.until(() => centre.rejected.has(rejected))
    const twice = [...centre.alarms, ...centre.rejected].filter(([, times]) => times !== 1)
    t.strictSame(twice, [], `${round}: told once each`)
    const expected = { doors: DOORS * rounds.length, buttons: rounds.length, rejected: rounds.length }
    t.strictSame(await stored(database), expected, `${round}: taken once each`)
  }

  await check('both')
  // What was told and not yet noted as told would be told again.
  await allNoted(database)
  const sinceMs = performance.now()
  await first.stop('SIGKILL')
  await send('after the kill')
  await centre.until(() => centre.alarms.has('after the kill active'))
  const tookMs = performance.now() - sinceMs
  t.ok(
    tookMs < TAKE_OVER_LIMIT_MS,
    `the second node told an alarm ${Math.round(tookMs)} ms after the kill of the first`,
  )
  await centre.until(() => centre.online() === 1)
  await check('one killed')

  const again = start(here)
  await again.url
  await centre.until(() => centre.online() === 2)
  await check('both again')
  await second.stop('SIGTERM')
  await centre.until(() => centre.online() === 1)
  await check('one stopped')
  t.equal((await again.stop('SIGTERM')).code, 0)

  async function listen(url: string) {
    const peer = await mqttPeer(t, url)
    const alarms = new Map<string, number>()
    const rejected = new Map<string, number>()
    const gateways = new Map<string, string>()
    const count = (of: Map<string, number>, key: string): unknown => of.set(key, (of.get(key) ?? 0) + 1)
    peer.client.on('message', (topic, payload) => {
      const told = JSON.parse(payload.toString())
      if (topic.includes('/gateways/')) gateways.set(topic, told.state)
      else if (topic.includes('/rejected/')) count(rejected, told.payload)
      // Keys of a state that is open are alike; its alarm's id is not.
      else count(alarms, told.sourceId === sourceId ? `${told.sourceKey} ${told.state}` : `${told.id} ${told.state}`)
    })
    const topics = ['gridlight/v1/out/cells/+/alarms', 'gridlight/v1/out/gateways/+/state', 'gridlight/v1/rejected/+']
    await peer.client.subscribeAsync(topics, { qos: 1 })
    return {
      alarms,
      rejected,
      online: () => [...gateways.values()].filter((state) => state === 'online').length,
      until: async (isSo: () => boolean): Promise<void> => {
        while (!isSo()) await new Promise<void>((resolve) => peer.client.once('message', () => resolve()))
      },
    }
  }
})

async function stored({ client }: Database): Promise<{ doors: number; buttons: number; rejected: number }> {
  return {
    doors: await client.alarm.count({ where: { type: 'door', state: 'cleared' } }),
    buttons: await client.alarm.count({ where: { type: 'panic-button' } }),
    rejected: await client.rejectedInput.count(),
  }
}

/** Resolves when the outbox has noted that the broker has all there is. */
async function allNoted({ client }: Database): Promise<void> {
  for (;;) {
    const told = await client.destination.findUnique({ where: { name: 'mqtt' } })
    const { value } = await client.counter.findUniqueOrThrow({ where: { name: 'event' } })
    if (told?.deliveredEventId === value) return
  }
}
