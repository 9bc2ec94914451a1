import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../../gateway/clock.ts'
import { prepareMedia } from '../virtual-township/media.ts'
import { Device, loadTownship } from '../virtual-township/township-data.ts'
import { DiscoveryResponder } from '../virtual-township/virtual-camera/discovery.ts'
import { VirtualCamera } from '../virtual-township/virtual-camera/virtual-camera.ts'
import { cpuOf, type Started, startGateway } from './whole-gateway.ts'

/**
 * What many cameras cost that nobody watches: a /24 is searched, all that is in it imported from a table, and then the
 * health watch measured. `node scripts/bench/cameras.ts [--cameras 200] [--seconds 60]`, best in a network of its own, for
 * packets are counted on the loopback.
 */
const SELF = fileURLToPath(import.meta.url)
const BASE = '127.0.61.'
const CELL = '990123101001001'
const { signal } = new AbortController()
const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    serve: { type: 'boolean', default: false },
  },
})
const count = Math.min(254, Number(values.cameras))

/** So many cameras of one make, in a process of their own, all with the same picture. */
async function serve(): Promise<void> {
  const { makes, devices } = await loadTownship()
  const plan = devices.find(({ make }) => make === 'uniview')
  const make = makes.get('uniview')
  if (plan === undefined || make === undefined) throw new Error('no such make')
  const media = await prepareMedia([plan], {
    mediaDir: resolve(import.meta.dirname, '../../node_modules/.cache/virtual-township'),
    loopSeconds: 4,
    signal,
    log: () => {},
  })
  const cameras = Array.from({ length: count }, (_, at) => {
    const device = Device.parse({ ...plan, id: `cam-${at + 1}`, host: at + 1 })
    return new VirtualCamera({
      device,
      make,
      address: `${BASE}${at + 1}`,
      ports: 'high',
      media,
      clock: systemClock,
      signal,
    })
  })
  for (const camera of cameras) await camera.start()
  await new DiscoveryResponder(cameras.flatMap((camera) => camera.announced() ?? [])).start()
  const { username, password } = plan
  process.once('disconnect', () => process.exit()) // the bench has ended, one way or the other
  process.send?.({ username, password, addresses: cameras.map(({ found }) => found.onvif) })
}

interface Served {
  username: string
  password: string
  addresses: string[]
}

async function measure(): Promise<void> {
  const served = fork(SELF, ['--serve', '--cameras', String(count)])
  const { username, password, addresses } = await new Promise<Served>((done) => served.once('message', done))
  const gateway = await startGateway()
  try {
    await measureBoth(gateway, { username, password, addresses })
  } finally {
    gateway.child.kill()
    served.kill()
  }
}

async function measureBoth(gateway: Started, { username, password, addresses }: Served): Promise<void> {
  const call = await signedIn(gateway.url)
  await call('PUT', '/grid', GRID)

  let startedMs = performance.now()
  const { id } = await call<{ id: string }>('POST', '/discoveries', { method: 'range', targets: [`${BASE}0/24`] })
  for (;;) {
    const { state, devices } = await call<{ state: string; devices: object[] }>('GET', `/discoveries/${id}`)
    if (state === 'finished') {
      console.log(`search of a /24: ${devices.length} of ${count} devices in ${seconds(startedMs)} s`)
      break
    }
    await systemClock.sleep(200, signal)
  }

  startedMs = performance.now()
  const rows = addresses.map((address, at) => `c${at},${CELL},other,public,onvif,${address},${username},${password}`)
  const table = ['name,cellCode,placeClass,ownership,kind,address,username,password', ...rows].join('\n')
  const { created } = await call<{ created: number }>('POST', '/cameras/import', table)
  console.log(`import, each to its first picture: ${created} of ${count} in ${seconds(startedMs)} s`)

  await systemClock.sleep(5_000, signal) // what the import left behind
  const [cpuMs, packets] = [await cpuOf(gateway), loopbackPackets()]
  startedMs = performance.now()
  await systemClock.sleep(Number(values.seconds) * 1000, signal)
  const minutes = (performance.now() - startedMs) / 60_000
  const busy = ((await cpuOf(gateway)) - cpuMs) / (minutes * 60_000)
  const each = (loopbackPackets() - packets) / minutes / count
  console.log(
    `watch of ${count} cameras: ${(busy * 100).toFixed(1)} % of a core, ${each.toFixed(0)} packets a camera and minute`,
  )
}

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1)

/** Both ways; on the loopback what is sent is received. */
function loopbackPackets(): number {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((text) => text.trim().startsWith('lo:'))
  return Number(line?.trim().split(/\s+/)[2] ?? Number.NaN)
}

async function signedIn(url: string): Promise<<T>(method: string, path: string, body?: object | string) => Promise<T>> {
  const json = { 'content-type': 'application/json' }
  const credentials = JSON.stringify({ username: 'admin', password: 'correct-horse-battery' })
  const session = await fetch(`${url}/api/v1/session`, { method: 'POST', headers: json, body: credentials })
  const { csrfToken } = (await session.json()) as { csrfToken: string }
  const headers = { cookie: session.headers.getSetCookie()[0]?.split(';')[0] ?? '', 'x-csrf-token': csrfToken }
  return async <T>(method: string, path: string, body?: object | string) => {
    const type = typeof body === 'string' ? 'text/csv' : 'application/json'
    const payload = typeof body === 'object' ? JSON.stringify(body) : body
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': type }) },
      ...(payload === undefined ? {} : { body: payload }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T // of a route whose answer is named by the caller
  }
}

const GRID = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      properties: { code: CELL, name: '一格', level: 'cell', lead: '王' },
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [119, 29],
            [120, 29],
            [120, 30],
            [119, 30],
            [119, 29],
          ],
        ],
      },
    },
  ],
}

if (values.serve) await serve()
else await measure()
