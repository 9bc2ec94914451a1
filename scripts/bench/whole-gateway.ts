import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { buildApp } from '../../gateway/app.ts'
import { systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config.ts'
import { GATEWAY_FLAGS } from '../gateway-flags.ts'
import type { PictureName } from './picture.ts'
import type { SourceKind } from './source.ts'

/** The whole product in a process of its own, for benches: gate, audit and metrics are on. */

const SELF = fileURLToPath(import.meta.url)
export const CELL = '990123101001001'
export const PASSWORD = 'correct-horse-battery'

if (process.argv[1] === SELF) await serve()

export interface Started {
  child: ChildProcess
  url: string
  /** Wall time at which the gateway's monotonic clock was zero, ms. */
  originMs: number
}

export async function startGateway(): Promise<Started> {
  const child = fork(SELF, [], { execArgv: GATEWAY_FLAGS })
  return { child, ...((await answer(child)) as Omit<Started, 'child'>) }
}

/** What serves viewers with nothing behind it, on the same terms. */
export async function startBare(cameras: number, port: number): Promise<Started> {
  const file = SELF.replace('whole-gateway.ts', 'bare-server.ts')
  const child = fork(file, [String(cameras), String(port)], { execArgv: GATEWAY_FLAGS })
  return { child, ...((await answer(child)) as Omit<Started, 'child'>) }
}

/** Cameras of the bench's picture, all on one port. */
export async function startCameras(
  picture: PictureName = 'main',
  kind: SourceKind = 'in-step',
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(SELF.replace('whole-gateway.ts', 'relay.ts'), ['source', picture, kind])
  return { child, port: Number(await answer(child)) }
}

/** User and system time of a gateway so far, ms. */
export async function cpuOf({ child }: Started): Promise<number> {
  child.send('sample')
  return Number(await answer(child))
}

async function serve(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  const loaded = loadConfig({
    GRIDLIGHT_DATA_DIR: dataDir,
    GRIDLIGHT_HTTP_PORT: '0',
    GRIDLIGHT_MQTT_PORT: '0',
    GRIDLIGHT_CAMERA_NETWORKS: '127.0.0.0/8',
    GRIDLIGHT_ADMIN_PASSWORD: PASSWORD,
  })
  if (!loaded.ok) throw new Error(loaded.faults.join('; '))
  const gateway = await buildApp(loaded.config, { clock: systemClock, log: pino({ level: 'error' }), version: '0.0.0' })
  await gateway.start()
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1000)
  })
  process.on('SIGTERM', () => {
    rmSync(dataDir, { recursive: true })
    process.exit()
  })
  process.send?.({ url: gateway.url, originMs: performance.timeOrigin } satisfies Omit<Started, 'child'>)
}

/** A session's cookie and what its writes must repeat. @param path where it is opened, a person's or an owner's */
export async function signIn(url: string, body: object, path = 'session'): Promise<Record<string, string>> {
  const signedIn = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!signedIn.ok) throw new Error(`${path}: ${await signedIn.text()}`)
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string }
  return { cookie, 'x-csrf-token': csrfToken }
}

/** The cells, and who may register cameras in them. */
export async function settle(url: string) {
  const admin = await signIn(url, { username: 'admin', password: PASSWORD })
  const grid = readFileSync(join(import.meta.dirname, '../virtual-township/grid.geojson'), 'utf8')
  await post(`${url}/api/v1/grid`, admin, JSON.parse(grid), 'PUT')
  const { token: installer } = await post<{ token: string }>(`${url}/api/v1/tokens`, admin, {
    name: 'bench installer',
    roles: ['installer', 'administrator'],
  })
  return { admin, registrar: { authorization: `Bearer ${installer}` } }
}

/** Cells, cameras, links and an operator's token. */
export async function prepare(url: string, port: number, count: number) {
  const { admin, registrar } = await settle(url)
  const { token } = await post<{ token: string }>(`${url}/api/v1/tokens`, admin, { name: 'bench', roles: ['operator'] })
  const cameraIds: string[] = []
  for (let at = 0; at < count; at += 1) {
    const { id: cameraId } = await post<{ id: string }>(`${url}/api/v1/cameras`, registrar, {
      name: `camera ${at}`,
      cellCode: CELL,
      placeClass: 'article-7',
      ownership: 'public',
      source: { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:${port}/${at}` },
    })
    await post(`${url}/api/v1/links`, registrar, {
      cameraId,
      ownership: 'public',
      party: { kind: 'government', name: 'bench', contact: 'bench' },
      basis: 'bench',
      purpose: 'bench',
      scopes: ['live'],
      validFrom: '2020-01-01T00:00:00.000Z',
    })
    cameraIds.push(cameraId)
  }
  return { headers: { authorization: `Bearer ${token}` }, cameraIds }
}

export async function post<T>(url: string, headers: Record<string, string>, body: object, method = 'POST'): Promise<T> {
  const reply = await fetch(url, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!reply.ok) throw new Error(`${method} ${url}: ${await reply.text()}`)
  return (await reply.json()) as T // the bench's own gateway
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}
