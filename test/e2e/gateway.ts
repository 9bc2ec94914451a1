import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pino from 'pino'
import { build } from 'vite'
import { buildApp } from '../../gateway/app.ts'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config.ts'
import { page } from '../../gateway/contracts/common.ts'
import { SessionAnswer } from '../../gateway/contracts/identity.ts'
import { Link, type LinkScope } from '../../gateway/contracts/link.ts'
import type { WallTile } from '../../gateway/contracts/wall.ts'
import { type Panel, startPanel } from '../../scripts/virtual-township/panel.ts'
import { seedTownship } from '../../scripts/virtual-township/seed.ts'
import type { Township } from '../../scripts/virtual-township/township.ts'
import type { Device } from '../../scripts/virtual-township/township-data.ts'
import { open } from '../virtual-township/running.ts'

/** Four public cameras for the wall, five that these journeys declare public, and one that nobody has registered yet. */
const PUBLIC_DEVICES = ['cam-dongjie', 'cam-qiaotou', 'cam-guangchang', 'cam-weishengyuan']
const MADE_PUBLIC_DEVICES = ['nvr-xiaoxue', 'cam-chachang']
const UNREGISTERED = 'cam-liangzhan'
/** Registered by ONVIF as well: by its streams it is another device. */
const RTSP_DEVICE = 'cam-qiaotou'
const PANEL = 'panel-yanjie'
/** What the panel raises of its own accord; a panic button is for a test to press. */
export const PANEL_ALARMS = [
  'door',
  'smoke',
  'gas',
  'audio',
  'tamper',
  'motion',
  'other',
  'intrusion',
  'water-level',
  'video-loss',
] as const
const ADMIN_PASSWORD = 'admin-of-the-journeys'
const PEOPLE_PASSWORD = 'people-of-the-journeys'

export interface JourneyGateway {
  baseUrl: string
  /** Of everybody but `admin`. */
  password: string
  adminPassword: string
  /** Names of public cameras that are linked and play. */
  publicCameras: string[]
  /** A device that no camera is registered of, and where it answers. */
  unregistered: { device: Device; address: string }
  /** A stream as somebody would type it for a device without ONVIF. */
  rtspStream: { uri: string; username: string; password: string }
  /** Another one, H.265, of the device that is not registered. */
  h265Stream: { uri: string; username: string; password: string }
  /** The cameras themselves, by their ids in the township: what they were asked, and what is wrong with them. */
  township: Township
  panel: Panel
  /** Cameras of the gateway by the ids they have in the township. */
  cameraIds: Record<string, string>
  /** The process ends as on SIGTERM and comes back at the same address, once `meanwhile` has resolved; its panel does not. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>
  /** The centre revokes the link of a camera. */
  revoke(cameraName: string): Promise<void>
  /** The centre links a public camera that has no link, for these uses. */
  link(cameraName: string, scopes: readonly LinkScope[]): Promise<void>
  /** Asks as the administrator, outside the console; throws where that is refused. */
  ask(method: string, path: string, body?: object): Promise<Response>
  close(): Promise<void>
}

/** ./scripts/test has built it; a file that is run alone shows what stands in the sources now. */
export async function buildConsole(): Promise<void> {
  if (process.env.CONSOLE_IS_BUILT !== undefined) return
  const root = resolve(import.meta.dirname, '../../web-console')
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error' })
}

/**
 * The real gateway with its console, and a small virtual township behind it.
 * @param addressBase the network of its cameras, which no other file has
 * @param environment beside what it needs
 * @param clock the gateway's; what a person would wait for is reached by setting it forward
 */
export async function startGateway(
  addressBase: string,
  environment: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<JourneyGateway> {
  await buildConsole()
  const dataDir = mkdtempSync(join(tmpdir(), 'gridlight-journeys-'))
  const loaded = loadConfig({
    GRIDLIGHT_DATA_DIR: dataDir,
    GRIDLIGHT_HTTP_PORT: '0',
    GRIDLIGHT_MQTT_PORT: '0',
    GRIDLIGHT_CAMERA_NETWORKS: '127.0.0.0/8',
    GRIDLIGHT_ADMIN_PASSWORD: ADMIN_PASSWORD,
    ...environment,
  })
  if (!loaded.ok) throw new Error(loaded.faults.join('; '))

  const stop = new AbortController()
  const township = await open(addressBase, [...PUBLIC_DEVICES, ...MADE_PUBLIC_DEVICES, UNREGISTERED])
  const deps = {
    clock,
    log: pino({ level: process.env.GRIDLIGHT_LOG_LEVEL ?? 'silent' }),
    version: '0.0.0',
  }
  let gateway = await buildApp(loaded.config, deps)
  await gateway.start()
  const { url: baseUrl } = gateway

  const ofDevice = (wanted: string): Device[] => township.data.devices.filter(({ id }) => id === wanted)
  const registered = [
    ...PUBLIC_DEVICES.flatMap(ofDevice),
    ...MADE_PUBLIC_DEVICES.flatMap(ofDevice).map((device) => ({
      ...device,
      channels: device.channels.map(declaredPublic),
    })),
  ]
  const seeded = await seedTownship({
    baseUrl,
    adminPassword: ADMIN_PASSWORD,
    peoplePassword: PEOPLE_PASSWORD,
    data: { ...township.data, devices: registered },
    found: township.cameras.map(({ found }) => found),
    signal: stop.signal,
  })
  const panelData = township.data.panels.find(({ id }) => id === PANEL)
  const access = seeded.panels[PANEL]
  const cameraId = seeded.cameraIds[panelData?.cameraId ?? '']
  if (panelData === undefined || access === undefined || gateway.mqttUrl === undefined) throw new Error(`no ${PANEL}`)
  const panel = await startPanel(
    panelData,
    { url: gateway.mqttUrl, ...access, ...(cameraId === undefined ? {} : { cameraId }) },
    { signal: stop.signal },
  )
  const { device, found } = township.camera(UNREGISTERED)

  return {
    baseUrl,
    password: PEOPLE_PASSWORD,
    adminPassword: ADMIN_PASSWORD,
    publicCameras: registered.flatMap(({ channels }) => channels.map(({ name }) => name)),
    unregistered: { device, address: found.onvif ?? '' },
    rtspStream: streamOf(township, RTSP_DEVICE),
    h265Stream: streamOf(township, UNREGISTERED),
    township,
    panel,
    cameraIds: seeded.cameraIds,
    async restart(meanwhile = async () => {}) {
      await gateway.close()
      await meanwhile()
      const { config } = loaded
      gateway = await buildApp({ ...config, http: { ...config.http, port: Number(new URL(baseUrl).port) } }, deps)
      await gateway.start()
    },
    revoke: (cameraName) => revokeAsAdministrator(baseUrl, cameraName),
    async link(cameraName, scopes) {
      const channel = registered.flatMap(({ channels }) => channels).find(({ name }) => name === cameraName)
      if (channel === undefined) throw new Error(`no camera ${cameraName}`)
      const { party, basis, purpose } = channel.link
      const validFrom = new Date().toISOString()
      const cameraId = seeded.cameraIds[channel.id] ?? ''
      const link = { cameraId, ownership: 'public', party, basis, purpose, scopes, validFrom }
      await (await administratorAt(baseUrl))('POST', '/api/v1/links', link)
    },
    ask: async (method, path, body) => (await administratorAt(baseUrl))(method, path, body),
    async close() {
      await panel.close()
      stop.abort()
      await gateway.close()
      await township.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

/** A camera by the id it has in the township, for a wall. */
export const cameraTile = ({ cameraIds }: JourneyGateway, place: string): WallTile => ({
  kind: 'camera',
  cameraId: cameraIds[place] ?? '',
})

/** How often each stream of each camera was played since the cameras were switched on. */
export const playsOf = ({ township }: JourneyGateway): Record<string, number> =>
  Object.fromEntries(
    township.cameras.flatMap(({ id, plays }) => [...plays].map(([path, times]) => [`${id} ${path}`, times] as const)),
  )

function streamOf(township: Township, id: string): JourneyGateway['rtspStream'] {
  const { device, found } = township.camera(id)
  const { username, password } = device
  return { uri: found.channels[0]?.mainUri ?? '', username, password }
}

/** At any hour: an owner's hours are not what these journeys are about. */
function declaredPublic(channel: Device['channels'][number]): Device['channels'][number] {
  const { hours: _, ...link } = channel.link
  return { ...channel, ownership: 'public', link }
}

async function revokeAsAdministrator(baseUrl: string, cameraName: string): Promise<void> {
  const ask = await administratorAt(baseUrl)
  const links = page(Link).parse(await (await ask('GET', '/api/v1/links')).json())
  const link = links.items.find((one) => one.cameraName === cameraName && one.state === 'active')
  await ask('POST', `/api/v1/links/${link?.id}/revoke`, { reason: '旅程测试' })
}

/** Signs in. @returns asks as the administrator; throws where that is refused */
async function administratorAt(
  baseUrl: string,
): Promise<(method: string, path: string, body?: object) => Promise<Response>> {
  const body = JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD })
  const json = { 'content-type': 'application/json' }
  const session = await fetch(`${baseUrl}/api/v1/session`, { method: 'POST', headers: json, body })
  const { csrfToken } = SessionAnswer.parse(await session.json())
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
  return async (method, path, body) => {
    const headers = { cookie, 'x-csrf-token': csrfToken, ...(body === undefined ? {} : json) }
    const answer = await fetch(`${baseUrl}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
}
