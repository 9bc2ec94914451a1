import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connectAsync, type MqttClient } from 'mqtt'
import { spawnGateway } from '../../test/fakes/gateway-process.ts'
import { startMosquitto } from '../../test/fakes/mosquitto.ts'
import { postgresqlBinaries, startPostgresql } from '../../test/fakes/postgresql.ts'
import {
  bare,
  DETECTOR_TOPIC,
  DOOR_TOPIC,
  LATE_MS,
  OTHER_DETECTOR_TOPIC,
  readAlarms,
  registerSource,
  until,
} from './alarm-load.ts'
import { Bars } from './bars.ts'
import { brokerAway } from './outage.ts'
import { startMeanwhile } from './people-meanwhile.ts'

/**
 * Alarms through the whole gateway, in a process of its own: how many a second, how long until each is acknowledged and
 * until a console has it, what an operator, a patrol lead and two live pictures have of it meanwhile, how an urgent one
 * fares in a flood, how fast a broker's backlog is taken in, and how fast a broker that was away is told. Beside it the
 * peer, Mosquitto with persistence and QoS 1, which acknowledges what it has not written to disk. A PostgreSQL of its own
 * is started for its turn.
 *
 * usage: node scripts/bench/alarms.ts [--rate 200] [--seconds 10] [--flood 60000] [--backlog 36000]
 *   [--outage 10000] [--only "postgresql embedded"] [--no-peer]; a flood or backlog of 0 leaves out all that follows
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    flood: { type: 'string', default: '60000' },
    backlog: { type: 'string', default: '36000' },
    outage: { type: 'string', default: '10000' },
    only: { type: 'string' },
    'no-peer': { type: 'boolean', default: false },
  },
})
const [rate, seconds, flood] = [Number(values.rate), Number(values.seconds), Number(values.flood)]
const [backlog, outage] = [Number(values.backlog), Number(values.outage)]
const IN_FLIGHT = 100
const CONNECTIONS = 4

/** The aims: ms until a new or urgent alarm is on the console, and alarms a second from a broker's backlog. */
const MAX_NEW_MS = 2000
const MIN_CATCH_UP = 500
/** Without a new frame for so long a stream is called stalled. */
const STALLED_MS = 2000

const bars = new Bars()

const judged = (ms: number): string => `${ms.toFixed(0)} ms (${ms <= MAX_NEW_MS ? 'ok' : 'TOO LATE'})`

let smokes = 0

const ends: (() => Promise<void>)[] = []
const life = { teardown: (end: () => Promise<void>) => void ends.push(end) }

if (!values['no-peer']) console.log(await peer())
for (const database of ['sqlite', 'postgresql'] as const) {
  for (const broker of ['embedded', 'mosquitto'] as const) {
    if (values.only === undefined || `${database} ${broker}`.startsWith(values.only)) await measure(database, broker)
    for (const end of ends.splice(0).reverse()) await end()
  }
}

bars.print(`${rate} alarms a second for ${seconds} s`)
process.exitCode = bars.areHeld() ? 0 : 1

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
  const external =
    broker === 'mosquitto' ? await startMosquitto(life, undefined, flood + backlog + outage + 1000) : undefined
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
  const other = await connect()
  const people = await startMeanwhile(url, life, {
    raise: (text) => publish(other, { type: 'panic-button', text }),
    caseOf: (text) => alarms.caseOf(text),
  })
  const acks: number[] = []
  const pending: Promise<unknown>[] = []
  const startedMs = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    await until(startedMs + (n * 1000) / rate)
    pending.push(publish(clients[n % CONNECTIONS]).then(({ ackMs }) => acks.push(ackMs)))
  }
  await Promise.all(pending)
  const { actions, centre, phone, publishToPhone, video } = await people.stop()
  bars.count(title, 'alarms not on the console', await alarms.missing(), 0)
  const stored = await alarms.stored(url, 'motion', rate * seconds, LATE_MS)
  bars.count(title, 'alarms lost or doubled', Math.abs(rate * seconds - stored), 0)
  bars.times(title, 'publish to acknowledgement', acks, { share: 0.99, ms: 500 })
  bars.times(title, 'publish to console', alarms.latencies(), { share: 0.95, ms: 500 })
  bars.times(title, 'urgent: publish to its case', centre, { share: 0.95, ms: 500 })
  bars.times(title, 'console action', actions, { share: 0.95, ms: 200 })
  bars.times(title, 'dispatch to phone page', phone, { share: 0.95, ms: 1000 })
  bars.times(title, 'urgent: publish to phone page', publishToPhone, { share: 0.95, ms: 1000 })
  bars.times(title, 'video: between two parts', video.gaps, { share: 1, ms: STALLED_MS })
  bars.times(title, 'video: later than the quickest', video.delays, { share: 1, ms: STALLED_MS })
  bars.count(title, 'video: streams called stalled', video.stalls, 0)

  // As fast as it goes, with two urgent alarms in the middle, each from a connection of its own: in our words and a device's.
  if (flood === 0) return other.endAsync()
  const detector = await (external === undefined
    ? connectAsync(brokerUrl, { protocolVersion: 4, ...source.detector })
    : connect())
  let left = flood
  const floodStartedMs = performance.now()
  const worker = async (client: MqttClient): Promise<void> => {
    while (left-- > 0) await publish(client)
  }
  const work = Promise.all(clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => worker(client))))
  await until(floodStartedMs + 3000)
  const urgent = await publish(other, { type: 'panic-button' })
  const seenMs = await alarms.seen(urgent.key)
  const smokeMs = await smoke(detector, DETECTOR_TOPIC, alarms)
  const within = flood - left
  await work
  const tookS = (performance.now() - floodStartedMs) / 1000
  console.log(`  flood: ${flood} acknowledged in ${tookS.toFixed(1)} s, ${(flood / tookS).toFixed(0)}/s`)
  console.log(
    `  one P1 before ${within} of them, on the console: ${judged(seenMs)} (ack ${urgent.ackMs.toFixed(0)} ms); in a device's words: ${judged(smokeMs)}`,
  )
  bars.times(title, 'one P1 in the flood, to console', [seenMs, smokeMs], { share: 1, ms: MAX_NEW_MS })
  await Promise.all([other.endAsync(), detector.endAsync()])

  if (external === undefined || backlog === 0) return
  // The gateway is away while the broker takes an hour's alarms, half of them doors in a device's words; then it comes
  // back, and new ones come: by the webhook, and behind all that in the broker, in our words and in a device's.
  alarms.close()
  await gateway.stop('SIGTERM')
  left = backlog
  const keep = async (client: MqttClient): Promise<void> => {
    while (left-- > 0) {
      if (left % 2 === 0) await publish(client)
      else
        await client.publishAsync(DOOR_TOPIC, JSON.stringify({ contact: left % 4 === 1, linkquality: left }), {
          qos: 1,
        })
    }
  }
  await Promise.all(clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => keep(client))))
  gateway = spawnGateway(life, dataDir, environment)
  url = await gateway.url
  const again = await readAlarms(url, source.token)
  const backMs = performance.now()
  const freshMs = await again.webhook(url, source)
  const behind = { id: 'behind', type: 'motion', occurredAt: new Date().toISOString() }
  again.sent('behind')
  await clients[0]?.publishAsync(`gridlight/v1/in/${source.id}/alarm`, JSON.stringify(behind), { qos: 1 })
  const behindMs = await again.seen('behind')
  const smokeMsBehind = clients[0] === undefined ? Number.NaN : await smoke(clients[0], OTHER_DETECTOR_TOPIC, again)
  const expected = sent + 2
  const total = await again.stored(url, 'motion intrusion panic-button', expected)
  const catchUpS = (performance.now() - backMs) / 1000
  const perSecond = backlog / catchUpS
  console.log(
    `  backlog of ${backlog}: taken in ${catchUpS.toFixed(1)} s, ${perSecond.toFixed(0)}/s (${perSecond >= MIN_CATCH_UP ? 'ok' : 'TOO SLOW'}); ${total} of ${expected} stored`,
  )
  console.log(
    `  new alarms meanwhile, on the console: webhook ${judged(freshMs)}, same broker ${judged(behindMs)}, in a device's words ${judged(smokeMsBehind)}`,
  )
  bars.count(title, 'backlog: lost or doubled', Math.abs(expected - total), 0)
  bars.rate(title, 'backlog: taken in', perSecond, MIN_CATCH_UP)
  bars.times(title, 'backlog: new ones to console', [freshMs, behindMs, smokeMsBehind], { share: 1, ms: MAX_NEW_MS })
  if (outage > 0) {
    await Promise.all(clients.map((client) => client.endAsync(true)))
    const away = await brokerAway(external, { url, source, alarms: outage }, () => again.webhook(url, source))
    bars.rate(title, 'outage: told to the broker after', away.perSecond, MIN_CATCH_UP)
    bars.times(title, 'outage: until the first is told', [away.firstMs], { share: 1, ms: 2 * MAX_NEW_MS })
    bars.times(title, 'outage: a new one to console', [away.freshMs], { share: 1, ms: MAX_NEW_MS })
  }
  again.close()
}

/** One urgent alarm in a device's own words. @returns ms until the console had it */
async function smoke(
  client: MqttClient,
  topic: string,
  alarms: Awaited<ReturnType<typeof readAlarms>>,
): Promise<number> {
  alarms.forget('smoke')
  alarms.sent('smoke')
  await client.publishAsync(topic, JSON.stringify({ smoke: true, linkquality: smokes++ }), { qos: 1 })
  const ms = await alarms.seen('smoke')
  await client.publishAsync(topic, JSON.stringify({ smoke: false, linkquality: smokes++ }), { qos: 1 })
  return ms
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
