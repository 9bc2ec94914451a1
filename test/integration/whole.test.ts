import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { NewAlarmSourceAnswer } from '../../gateway/contracts/alarm.ts'
import type { Camera } from '../../gateway/contracts/camera.ts'
import type { View } from '../../gateway/contracts/view.ts'
import { startTestGateway, type TestGateway } from '../fakes/gateway.ts'
import { CELL, GRID } from '../fakes/grid.ts'
import { gstMissing, PIPELINES, startGst, toolMissing } from '../fakes/gst-server.ts'
import { isMosquittoInstalled, startMosquitto } from '../fakes/mosquitto.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'
import { postgresqlBinaries, startPostgresql } from '../fakes/postgresql.ts'
import { readServerSentEvents } from '../fakes/server-sent-events.ts'

/** The whole gateway on parts that we did not write: GStreamer's camera, ffmpeg, Mosquitto, PostgreSQL. */

/** The contract's limit from the gateway's having an alarm to the console's. */
const ALARM_LIMIT_MS = 500
const SHUTDOWN_LIMIT_MS = 10_000

interface Client {
  token: string
  ask<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<{ status: number; body: T }>
}

async function clientOf(gateway: TestGateway, role: 'administrator' | 'operator' | 'installer'): Promise<Client> {
  const token = await gateway.token(role)
  return {
    token,
    ask: async <T>(method: string, path: string, body?: object) => {
      const response = await fetch(new URL(path, gateway.url), {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return { status: response.status, body: (await response.json()) as T }
    },
  }
}

const lacksMedia = gstMissing() || toolMissing('ffmpeg', 'ffprobe')

t.test(
  'a camera of another make of software: registered by URI, linked, watched with ffmpeg',
  { skip: lacksMedia },
  async (t) => {
    const camera = await startGst({ '/main': PIPELINES.h264 }, { name: 'viewer', password: 'p@ss:word' })
    t.teardown(() => camera.close())
    const gateway = await startTestGateway(t)
    const [installer, operator] = [await clientOf(gateway, 'installer'), await clientOf(gateway, 'operator')]
    t.equal((await installer.ask('PUT', '/api/v1/grid', GRID)).status, 200)

    const place = { name: '东街口', cellCode: CELL, placeClass: 'article-7', ownership: 'public' }
    const source = { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:${camera.port}/main`, username: 'viewer' }
    const wrong = await installer.ask('POST', '/api/v1/cameras', { ...place, source: { ...source, password: 'wrong' } })
    t.match(wrong, { status: 422, body: { code: 'camera-refused-login', nextStep: String } })
    const outside = { kind: 'rtsp', mainUri: 'rtsp://192.0.2.9:554/main' }
    const refused = await installer.ask('POST', '/api/v1/cameras', { ...place, source: outside })
    t.match(refused, { status: 422, body: { code: 'address-not-allowed' } })
    const made = await installer.ask<Camera>('POST', '/api/v1/cameras', {
      ...place,
      source: { ...source, password: 'p@ss:word' },
    })
    t.match(made, { status: 201, body: { streams: [{ role: 'main', codec: 'h264', width: 640, height: 360 }] } })

    const wish = { cameraId: made.body.id, stream: 'main', reason: { kind: 'routine' } }
    t.match(await operator.ask('POST', '/api/v1/views', wish), { status: 403, body: { code: 'no-valid-link' } })
    const linked = await installer.ask('POST', '/api/v1/links', {
      cameraId: made.body.id,
      ownership: 'public',
      party: { kind: 'government', name: '云溪镇人民政府', contact: '综治中心' },
      basis: '条例第七条',
      purpose: '路口治安',
      scopes: ['live', 'snapshot'],
      validFrom: new Date().toISOString(),
    })
    t.match(linked, { status: 201, body: { state: 'active' } })
    const view = await operator.ask<View>('POST', '/api/v1/views', wish)
    t.equal(view.status, 201)

    const url = new URL(view.body.hlsUrl, gateway.url).href
    const headers = `Authorization: Bearer ${operator.token}\r\n`
    const { stdout } = await promisify(execFile)('ffprobe', [
      ...['-v', 'error', '-headers', headers, '-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0', url],
    ])
    t.equal(stdout.trim().split('\n')[0], 'h264,640,360')
    const played = await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-headers', headers, '-i', url, '-t', '4', '-f', 'null', '-'],
    ])
    t.equal(played.stderr, '', 'decoded without an error')

    t.equal((await fetch(url)).status, 401, 'the address alone is worth nothing')
    const held = holdReload(url, operator.token)
    const events = await readServerSentEvents(`${gateway.url}/api/v1/events`, {
      authorization: `Bearer ${operator.token}`,
    })
    await held.asked
    const startMs = performance.now()
    await gateway.close()
    const tookMs = performance.now() - startMs
    t.ok(tookMs < SHUTDOWN_LIMIT_MS, `stopped in ${Math.round(tookMs)} ms with a held playlist and a live event stream`)
    t.not(await held.status, 200, 'the held playlist was ended')
    events.close()
  },
)

/** Asks for a part that is not there yet, as a low-latency player does all the time. */
function holdReload(multivariantUrl: string, token: string): { asked: Promise<void>; status: Promise<number> } {
  const headers = { authorization: `Bearer ${token}` }
  const asked = Promise.withResolvers<void>()
  const status = (async () => {
    const multivariant = await (await fetch(multivariantUrl, { headers })).text()
    const playlist = new URL(multivariant.trim().split('\n').at(-1) ?? '', multivariantUrl)
    const text = await (await fetch(playlist, { headers })).text()
    const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0)
    playlist.searchParams.set('_HLS_msn', String(first + (text.match(/#EXTINF/g)?.length ?? 0) + 1))
    const answer = fetch(playlist, { headers }).then(
      (response) => response.status,
      () => 0,
    )
    asked.resolve()
    return answer
  })()
  return { asked: asked.promise, status }
}

/** A panel's alarms reach the console and the cell's topic; run on each pair of broker and database. */
async function alarmJourney(t: Test, environment: Record<string, string>): Promise<void> {
  const gateway = await startTestGateway(t, environment)
  const [admin, operator] = [await clientOf(gateway, 'administrator'), await clientOf(gateway, 'operator')]
  t.equal((await admin.ask('PUT', '/api/v1/grid', GRID)).status, 200)
  const source = { name: '沿街商铺报警主机', kind: 'panel', cellCode: CELL }
  const { body: panel } = await admin.ask<NewAlarmSourceAnswer>('POST', '/api/v1/alarm-sources', source)

  const brokerUrl = environment.GRIDLIGHT_MQTT_URL ?? gateway.mqttUrl ?? ''
  const { username, password, topic } = panel.mqtt
  const sender = await mqttPeer(t, brokerUrl, { username, password })
  const listener = await mqttPeer(t, brokerUrl, { username: 'token', password: operator.token })
  await listener.client.subscribeAsync(`gridlight/v1/out/cells/${CELL}/alarms`, { qos: 1 })
  await sender.client.subscribeAsync(`gridlight/v1/rejected/${panel.id}`, { qos: 1 })
  const events = await readServerSentEvents(`${gateway.url}/api/v1/events`, {
    authorization: `Bearer ${operator.token}`,
  })
  t.teardown(() => events.close())

  const alarm = { id: 'zone-4', type: 'intrusion', occurredAt: new Date().toISOString(), text: '卷帘门被撬动' }
  const startMs = performance.now()
  await sender.client.publishAsync(topic, JSON.stringify(alarm), { qos: 1 })
  const told = await events.next()
  const tookMs = performance.now() - startMs
  t.match(told, { event: 'alarm', data: { sourceKey: 'zone-4', type: 'intrusion', cellCode: CELL, text: alarm.text } })
  t.ok(tookMs < ALARM_LIMIT_MS, `on the console after ${tookMs.toFixed(1)} ms`)
  const out = await listener.next()
  t.match(JSON.parse(out.payload), { sourceKey: 'zone-4', priority: 2, state: 'active' })

  for (let again = 0; again < 3; again += 1) await sender.client.publishAsync(topic, JSON.stringify(alarm), { qos: 1 })
  await sender.client.publishAsync(topic, '{"id":"x","type":"no-such-type"}', { qos: 1 })
  const rejected = await sender.next()
  t.match(JSON.parse(rejected.payload), { reason: /type/, at: String, payload: /no-such-type/ })
  const { body } = await operator.ask<{ items: object[] }>('GET', '/api/v1/alarms')
  t.equal(body.items.length, 1, 'the same message four times is one alarm, the malformed one none')
}

t.test('alarms through the embedded broker into SQLite', (t) => alarmJourney(t, {}))

const binaries = (await postgresqlBinaries()) ?? ''
const lacksServers = (binaries === '' || !(await isMosquittoInstalled())) && 'PostgreSQL or Mosquitto is not installed'

t.test('alarms through Mosquitto into PostgreSQL', { skip: lacksServers }, async (t) => {
  const cluster = await startPostgresql(t, binaries)
  const broker = await startMosquitto(t)
  await alarmJourney(t, { GRIDLIGHT_DATABASE_URL: await cluster.createDatabase(), GRIDLIGHT_MQTT_URL: broker.url })
})

const compose = ((): string | undefined => {
  try {
    return execFileSync('docker', ['compose', 'version'], { encoding: 'utf8', stdio: 'pipe' })
  } catch {
    return undefined
  }
})()

t.test(
  'docker-compose.yml is sound',
  { skip: compose === undefined && 'docker compose is not installed' },
  async (t) => {
    const env = { ...process.env, POSTGRES_PASSWORD: 'a', MQTT_PASSWORD: 'b' }
    execFileSync('docker', ['compose', 'config', '--quiet'], { cwd: new URL('../..', import.meta.url), env })
    t.pass('accepted')
  },
)
