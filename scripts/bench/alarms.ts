import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connectAsync, type MqttClient } from 'mqtt'
import { spawnGateway } from '../../test/fakes/gateway-process.ts'
import { startMosquitto } from '../../test/fakes/mosquitto.ts'
import { postgresqlBinaries, startPostgresql } from '../../test/fakes/postgresql.ts'
import { bare, percentiles, readAlarms, registerSource, until } from './alarm-load.ts'

/**
 * Alarms through the whole gateway, in a process of its own: how many a second, how long until each is acknowledged and
 * until a console has it, how an urgent one fares in a flood, and how fast a broker's backlog is taken in. Beside it the
 * peer, Mosquitto with persistence and QoS 1, which acknowledges what it has not written to disk.
 *
 * usage: node scripts/bench/alarms.ts [--rate 200] [--seconds 10] [--flood 60000] [--backlog 36000] [--only sqlite]
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    flood: { type: 'string', default: '60000' },
    backlog: { type: 'string', default: '36000' },
    only: { type: 'string' },
  },
})
const [rate, seconds, flood, backlog] = [values.rate, values.seconds, values.flood, values.backlog].map(Number) as [
  number,
  number,
  number,
  number,
]
const IN_FLIGHT = 100
const CONNECTIONS = 4

const ends: (() => Promise<void>)[] = []
const life = { teardown: (end: () => Promise<void>) => void ends.push(end) }

console.log(await peer())
for (const database of ['sqlite', 'postgresql'] as const) {
  for (const broker of ['embedded', 'mosquitto'] as const) {
    if (values.only === undefined || `${database} ${broker}`.startsWith(values.only)) await measure(database, broker)
    for (const end of ends.splice(0).reverse()) await end()
  }
}

async function measure(database: 'sqlite' | 'postgresql', broker: 'embedded' | 'mosquitto'): Promise<void> {
  const title = `${database}, ${broker}`
  const dataDir = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  life.teardown(async () => rmSync(dataDir, { recursive: true, force: true }))
  const environment: Record<string, string> = { GRIDLIGHT_LOG_LEVEL: 'error', GRIDLIGHT_MQTT_PORT: '18831' }
  if (database === 'postgresql') {
    const binaries = await postgresqlBinaries()
    if (binaries === undefined) return console.log(`${title}: PostgreSQL is not installed`)
    environment.GRIDLIGHT_DATABASE_URL = await (await startPostgresql(life, binaries)).createDatabase()
  }
  const external = broker === 'mosquitto' ? await startMosquitto(life, undefined, flood + backlog + 1000) : undefined
  if (external !== undefined) environment.GRIDLIGHT_MQTT_URL = external.url
  let gateway = spawnGateway(life, dataDir, environment)
  let url = await gateway.url
  const source = await registerSource(url)
  const brokerUrl = external?.url ?? 'mqtt://127.0.0.1:18831'
  const login = external === undefined ? { username: source.id, password: source.password } : {}
  const connect = (): Promise<MqttClient> => connectAsync(brokerUrl, { protocolVersion: 4, ...login })
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, connect))
  life.teardown(async () => void (await Promise.all(clients.map((client) => client.endAsync(true)))))
  const alarms = await readAlarms(url, source.token)
  let sent = 0
  const publish = async (
    client: MqttClient | undefined,
    changes: object = {},
  ): Promise<{ key: string; ackMs: number }> => {
    const key = `k${sent++}`
    const message = { id: key, type: 'motion', occurredAt: new Date().toISOString(), ...changes }
    const startedMs = performance.now()
    alarms.sent(key)
    await client?.publishAsync(`gridlight/v1/in/${source.id}/alarm`, JSON.stringify(message), { qos: 1 })
    return { key, ackMs: performance.now() - startedMs }
  }

  // At a steady rate: what an operator sees of a busy day.
  const acks: number[] = []
  const pending: Promise<unknown>[] = []
  const startedMs = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    await until(startedMs + (n * 1000) / rate)
    pending.push(publish(clients[n % CONNECTIONS]).then(({ ackMs }) => acks.push(ackMs)))
  }
  await Promise.all(pending)
  await alarms.all()
  console.log(`${title}: ${rate}/s for ${seconds} s`)
  console.log(`  publish to ack:     ${percentiles(acks)}`)
  console.log(`  publish to console: ${percentiles(alarms.latencies())}`)

  // As fast as it goes, with one urgent alarm in the middle, from a connection of its own.
  const other = await connect()
  let left = flood
  const floodStartedMs = performance.now()
  const worker = async (client: MqttClient): Promise<void> => {
    while (left-- > 0) await publish(client)
  }
  const work = Promise.all(clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => worker(client))))
  await until(floodStartedMs + 3000)
  const urgent = await publish(other, { type: 'panic-button' })
  const seenMs = await alarms.seen(urgent.key)
  const within = flood - left
  await work
  const tookS = (performance.now() - floodStartedMs) / 1000
  console.log(`  flood: ${flood} acknowledged in ${tookS.toFixed(1)} s, ${(flood / tookS).toFixed(0)}/s`)
  console.log(
    `  one P1 after ${within} of them: on the console after ${seenMs.toFixed(0)} ms (ack ${urgent.ackMs.toFixed(0)} ms)`,
  )
  await other.endAsync()

  if (external === undefined) return
  // The gateway is away while the broker takes an hour's alarms, then comes back; a new one comes by the webhook.
  alarms.close()
  await gateway.stop('SIGTERM')
  left = backlog
  await Promise.all(clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => worker(client))))
  gateway = spawnGateway(life, dataDir, environment)
  url = await gateway.url
  const again = await readAlarms(url, source.token)
  const backMs = performance.now()
  const freshMs = await again.webhook(url, source)
  const behind = { id: 'behind', type: 'motion', occurredAt: new Date().toISOString() }
  again.sent('behind')
  await clients[0]?.publishAsync(`gridlight/v1/in/${source.id}/alarm`, JSON.stringify(behind), { qos: 1 })
  const behindMs = await again.seen('behind')
  const expected = sent + 2
  const total = await again.stored(url, expected)
  const catchUpS = (performance.now() - backMs) / 1000
  console.log(
    `  backlog of ${backlog}: taken in ${catchUpS.toFixed(1)} s, ${(backlog / catchUpS).toFixed(0)}/s; ${total} of ${expected} stored`,
  )
  console.log(
    `  new alarms meanwhile, to the console: webhook ${freshMs.toFixed(0)} ms, same broker ${behindMs.toFixed(0)} ms`,
  )
  again.close()
}

/** The peer: a round trip through Mosquitto alone. */
async function peer(): Promise<string> {
  const mosquitto = await startMosquitto(life, undefined, 100_000)
  const figures = await bare(mosquitto.url, {
    rate,
    seconds,
    connections: CONNECTIONS,
    inFlight: IN_FLIGHT,
    flood: 20_000,
  })
  for (const end of ends.splice(0).reverse()) await end()
  return figures
}
