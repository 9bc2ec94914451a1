import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { AlarmSource, type NewAlarmSource, NewAlarmSourceAnswer } from '../../gateway/contracts/alarm.ts'
import { Camera, type CameraSource, type NewCamera } from '../../gateway/contracts/camera.ts'
import { GridImportAnswer } from '../../gateway/contracts/grid.ts'
import { type NewUser, SessionAnswer, User } from '../../gateway/contracts/identity.ts'
import { Link, type NewLink, NewLinkAnswer, type OwnerConsent } from '../../gateway/contracts/link.ts'
import type { Log } from './township.ts'
import type { Channel, Device, PanelData, TownshipData } from './township-data.ts'
import type { CameraAddress } from './virtual-camera/virtual-camera.ts'

const REQUEST_TIMEOUT_MS = 60_000
/** Registering waits for the camera's next key frame, so several at once; the gateway asks eight devices and no more. */
const CAMERAS_AT_ONCE = 6
const DAY_MS = 86_400_000
const OVER = ['revoked', 'expired', 'ended']

export interface SeedOptions {
  /** Where the gateway listens, such as `http://127.0.0.1:8080`. */
  baseUrl: string
  adminPassword: string
  /** The password of everybody in the township. */
  peoplePassword: string
  data: TownshipData
  /** Where the cameras are, by device id. */
  found: readonly CameraAddress[]
  /** Keeps what the gateway shows only once: the panels' passwords and the owners' invitations. */
  stateFile?: string
  signal: AbortSignal
  log?: Log
}

const PanelAccess = z.strictObject({
  sourceId: z.string(),
  username: z.string(),
  password: z.string(),
  topic: z.string(),
})
export type PanelAccess = z.infer<typeof PanelAccess>

/** An owner's way in: of which place, the address to open, and whether seeding has agreed in the owner's place. */
const Invitation = z.strictObject({ name: z.string(), url: z.string(), consented: z.boolean() })
export type Invitation = z.infer<typeof Invitation>

/** By panel id and by channel id. */
const State = z.strictObject({
  panels: z.record(z.string(), PanelAccess).default({}),
  invitations: z.record(z.string(), Invitation).default({}),
})
type State = z.infer<typeof State>

export interface Seeded {
  people: { username: string; displayName: string; roles: readonly string[] }[]
  /** The gateway's camera ids by our channel ids. */
  cameraIds: Record<string, string>
  panels: Record<string, PanelAccess>
  invitations: Invitation[]
}

/** What the gateway answered instead of what was asked for. */
class SeedError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'SeedError'
    this.status = status
  }
}

/**
 * Fills a running gateway with the township through its HTTP API, as an administrator and the feed owners would.
 * What is there already is left as it is; a camera that is refused is logged and left out.
 * @throws SeedError naming the first other request that was refused
 */
export async function seedTownship(options: SeedOptions): Promise<Seeded> {
  const { baseUrl, data, found, signal, log = () => {} } = options
  const admin = await Client.signIn(baseUrl, signal, '/api/v1/session', {
    username: 'admin',
    password: options.adminPassword,
  })
  const grid = await admin.ask('PUT', '/api/v1/grid', GridImportAnswer, data.grid)
  log({ event: 'seed-grid', created: grid.created, updated: grid.updated, problems: grid.problems })

  const [cameraIds] = await Promise.all([seedCameras(admin, data.devices, found, log), seedPeople(admin, options)])
  const { stateFile } = options
  const known = State.parse(stateFile === undefined ? {} : await readState(stateFile))
  const invitations = { ...known.invitations }
  const links = await admin.list('/api/v1/links', Link)
  for (const channel of data.devices.flatMap((device) => device.channels)) {
    const cameraId = cameraIds[channel.id]
    if (cameraId === undefined) continue
    const earlier = links.filter((link) => link.cameraId === cameraId && !OVER.includes(link.state))
    const url = await seedLink(admin, options, channel, cameraId, earlier)
    if (url !== undefined) invitations[channel.id] = { name: channel.name, url, consented: channel.link.consented }
  }
  const panels = await seedPanels(admin, options, known.panels, cameraIds)
  if (stateFile !== undefined)
    await writeFile(stateFile, JSON.stringify({ panels, invitations } satisfies State), { mode: 0o600 })
  return { people: data.people, cameraIds, panels, invitations: Object.values(invitations) }
}

async function seedPeople(admin: Client, { data, peoplePassword, log = () => {} }: SeedOptions): Promise<void> {
  const users = await admin.list('/api/v1/users', User)
  for (const person of data.people) {
    const isNew = !users.some(({ username }) => username === person.username)
    const { cellCodes, ...rest } = person
    const user: NewUser = { ...rest, password: peoplePassword, ...(cellCodes === undefined ? {} : { cellCodes }) }
    if (isNew) await admin.ask('POST', '/api/v1/users', User, user)
    log({ event: 'seed-user', username: person.username, isNew })
  }
}

async function seedCameras(
  admin: Client,
  devices: readonly Device[],
  found: readonly CameraAddress[],
  log: Log,
): Promise<Record<string, string>> {
  const registered = await admin.list('/api/v1/cameras', Camera)
  const ids: Record<string, string> = {}
  const seedCamera = async (device: Device, channel: Channel): Promise<void> => {
    const earlier = registered.find(({ name, cellCode }) => name === channel.name && cellCode === channel.cellCode)
    const address = found.find(({ id }) => id === device.id)
    if (earlier === undefined && address === undefined) return
    const camera = earlier ?? (await register(admin, newCamera(device, channel, address), log))
    if (camera === undefined) return
    ids[channel.id] = camera.id
    log({ event: 'seed-camera', id: channel.id, name: channel.name, isNew: earlier === undefined })
  }
  const channels = devices.map((device) => device.channels.map((channel) => ({ device, channel })))
  // A recorder is known with its first channel; then the others may come together.
  for (const wave of [channels.flatMap(([first]) => first ?? []), channels.flatMap(([, ...others]) => others)]) {
    const queue = wave.values()
    const work = async (): Promise<void> => {
      for (const { device, channel } of queue) await seedCamera(device, channel)
    }
    await Promise.all(Array.from({ length: CAMERAS_AT_ONCE }, work))
  }
  return ids
}

/** A camera that cannot be reached just now is no reason to leave the others out. */
async function register(admin: Client, request: NewCamera, log: Log): Promise<Camera | undefined> {
  try {
    return await admin.ask('POST', '/api/v1/cameras', Camera, request)
  } catch (error) {
    if (!(error instanceof SeedError)) throw error
    log({ event: 'seed-problem', name: request.name, detail: error.message })
    return undefined
  }
}

function newCamera(device: Device, channel: Channel, address: CameraAddress | undefined): NewCamera {
  const { name, cellCode, placeClass, ownership, position } = channel
  const at = address?.channels.find(({ id }) => id === channel.id)
  if (address === undefined || at === undefined) throw new Error(`${channel.id} is not running`)
  const { username, password } = device
  const source: CameraSource =
    device.register === 'rtsp' || address.onvif === null
      ? { kind: 'rtsp', mainUri: at.mainUri, subUri: at.subUri, username, password }
      : {
          kind: 'onvif',
          address: address.onvif,
          username,
          password,
          ...(device.channels.length > 1 ? { channel: at.sourceToken } : {}),
        }
  return { name, cellCode, placeClass, ownership, position, source }
}

/** @returns the address of the owner's page, where a private link was made now */
async function seedLink(
  admin: Client,
  { baseUrl, signal, log = () => {} }: SeedOptions,
  { id, name, ownership, link }: Channel,
  cameraId: string,
  earlier: readonly Link[],
): Promise<string | undefined> {
  const wantsConsent = ownership === 'private' && link.consented
  const stuck = earlier.find((one) => wantsConsent && one.state === 'awaiting-consent')
  if (earlier.length > 0 && stuck === undefined) return undefined
  // The invitation is shown once: without it the owner cannot agree any more and gets a new one.
  if (stuck !== undefined) {
    await admin.ask('POST', `/api/v1/links/${stuck.id}/revoke`, z.unknown(), { reason: '邀请码遗失，重新邀请' })
  }
  const now = Date.now()
  const { party, basis, purpose, scopes, hours, validDays = 365, filing } = link
  const validUntil = new Date(now + validDays * DAY_MS).toISOString()
  const request: NewLink = {
    cameraId,
    ownership,
    party,
    basis,
    purpose,
    scopes,
    validFrom: new Date(now).toISOString(),
    ...(hours === undefined ? {} : { hours }),
    ...(ownership === 'private' ? { validUntil } : {}),
    ...(filing === undefined ? {} : { filing }),
  }
  const made = await admin.ask('POST', '/api/v1/links', NewLinkAnswer, request)
  log({ event: 'seed-link', camera: id, name, ownership, state: made.state })
  if (!wantsConsent || made.ownerInvitation === undefined) return made.ownerInvitation?.url

  const { token, url } = made.ownerInvitation
  const owner = await Client.signIn(baseUrl, signal, '/api/v1/owner/session', { token })
  const consent: OwnerConsent = { scopes, validUntil, ...(hours === undefined ? {} : { hours }) }
  const agreed = await owner.ask('POST', `/api/v1/owner/links/${made.id}/consent`, Link, consent)
  log({ event: 'seed-consent', camera: id, name, state: agreed.state })
  return url
}

async function seedPanels(
  admin: Client,
  { data, log = () => {} }: SeedOptions,
  known: State['panels'],
  cameraIds: Record<string, string>,
): Promise<Record<string, PanelAccess>> {
  const sources = await admin.list('/api/v1/alarm-sources', AlarmSource)
  const panels: Record<string, PanelAccess> = {}
  for (const panel of data.panels) {
    const access = known[panel.id]
    const isKnown = access !== undefined && sources.some(({ id }) => id === access.sourceId)
    panels[panel.id] = isKnown ? access : await newPanel(admin, panel, cameraIds)
    log({ event: 'seed-panel', panel: panel.id, isNew: !isKnown })
  }
  return panels
}

async function newPanel(
  admin: Client,
  { name, kind, cellCode, cameraId }: PanelData,
  cameraIds: Record<string, string>,
): Promise<PanelAccess> {
  const camera = cameraIds[cameraId ?? '']
  const request: NewAlarmSource = { name, kind, cellCode, ...(camera === undefined ? {} : { cameraId: camera }) }
  const { id, mqtt } = await admin.ask('POST', '/api/v1/alarm-sources', NewAlarmSourceAnswer, request)
  return { sourceId: id, ...mqtt }
}

const readState = (file: string): Promise<unknown> =>
  readFile(file, 'utf8').then(
    (text) => JSON.parse(text),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return {}
      throw error
    },
  )

/** One person at the API: a session cookie and the token that writes need. */
class Client {
  readonly #baseUrl: string
  readonly #signal: AbortSignal
  #cookie = ''
  #csrfToken = ''

  private constructor(baseUrl: string, signal: AbortSignal) {
    this.#baseUrl = baseUrl
    this.#signal = signal
  }

  static async signIn(baseUrl: string, signal: AbortSignal, path: string, body: object): Promise<Client> {
    const client = new Client(baseUrl, signal)
    const response = await client.#send('POST', path, body)
    client.#cookie = response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
    client.#csrfToken = SessionAnswer.parse(await response.json()).csrfToken
    return client
  }

  async ask<T>(method: string, path: string, answer: z.ZodType<T>, body?: object): Promise<T> {
    const response = await this.#send(method, path, body)
    return answer.parse(response.status === 204 ? undefined : await response.json())
  }

  /** All pages of a list. */
  async list<T>(path: string, item: z.ZodType<T>): Promise<T[]> {
    const Page = z.object({ items: z.array(item), nextCursor: z.string().optional() })
    const items: T[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: z.infer<typeof Page> = await this.ask(
        'GET',
        cursor === '' ? path : `${path}?cursor=${encodeURIComponent(cursor)}`,
        Page,
      )
      items.push(...page.items)
      cursor = page.nextCursor
    }
    return items
  }

  async #send(method: string, path: string, body: object | undefined): Promise<Response> {
    const response = await fetch(new URL(path, this.#baseUrl), {
      method,
      headers: {
        accept: 'application/json',
        ...(this.#cookie === '' ? {} : { cookie: this.#cookie, 'x-csrf-token': this.#csrfToken }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    })
    if (response.ok) return response
    const problem = (await response.text()).slice(0, 500)
    throw new SeedError(response.status, `${method} ${path}: ${response.status} ${problem}`)
  }
}
