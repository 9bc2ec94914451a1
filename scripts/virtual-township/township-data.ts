import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { AlarmType, NewAlarmSource, Priority } from '../../gateway/contracts/alarm.ts'
import { PlaceClass, Position } from '../../gateway/contracts/camera.ts'
import { Ownership } from '../../gateway/contracts/common.ts'
import { Grid, type LonLat } from '../../gateway/contracts/grid.ts'
import { StaffRole, Username } from '../../gateway/contracts/identity.ts'
import { Hours, LinkScope, Party } from '../../gateway/contracts/link.ts'

const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
const Path = z.string().startsWith('/').max(300)
const Port = z.number().int().min(1).max(65_535)
const Prefix = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,15}$/)

/** How a make writes its ProbeMatch; elements are found by namespace, so every make may choose its prefixes. */
const DiscoveryHabits = z.strictObject({
  envelope: Prefix,
  addressing: Prefix,
  discovery: Prefix,
  network: Prefix,
  types: z.array(z.enum(['NetworkVideoTransmitter', 'Device'])).min(1),
  endpointReference: z.enum(['urn:uuid:', 'uuid:']),
  scopes: z.array(z.string().startsWith('onvif://www.onvif.org/')),
  /** Further XAddrs beside the true one, `{host}` is the camera's address. */
  extraXaddrs: z.array(z.string()).default([]),
  /** Answers with the MessageID of the question instead of its own. */
  repeatsMessageId: z.boolean().default(false),
  /** Stays silent when a Probe names no type. */
  needsTypes: z.boolean().default(false),
})

const EventHabits = z.strictObject({
  topic: z.string(),
  source: z.record(z.string(), z.string()),
  data: z.string(),
  values: z.tuple([z.string(), z.string()]).default(['true', 'false']),
  renew: z.enum(['any', 'absolute', 'fault']).default('any'),
  /** How the pull point is told apart: its own query, or an Axis SubscriptionId header. */
  reference: z.enum(['query', 'header']).default('query'),
  pullPort: Port.optional(),
  maxPullPoints: z.number().int().min(1).max(16).default(4),
})

const OnvifHabits = z.strictObject({
  port: Port,
  envelope: Prefix,
  paths: z.strictObject({ device: Path, media: Path, media2: Path.optional(), events: Path, ptz: Path.optional() }),
  auth: z.array(z.enum(['wsse', 'digest'])).min(1),
  digest: z.array(z.enum(['MD5', 'SHA-256'])).default(['MD5']),
  /** HTTP status of a refusal by fault where no Digest challenge is made. */
  refusalStatus: z.union([z.literal(400), z.literal(401), z.literal(500)]).default(400),
  refusalText: z.string().default('Sender not Authorized'),
  open: z.array(z.string()).default(['GetSystemDateAndTime', 'GetCapabilities', 'GetServices']),
  /** How far `Created` may lie from the camera's own clock; null for makes that never look. */
  windowSeconds: z.number().positive().nullable().default(300),
  refusesReplay: z.boolean().default(false),
  lockout: z.strictObject({ tries: z.number().int().positive(), seconds: z.number().positive() }).optional(),
  hasGetServices: z.boolean().default(true),
  media2NeedsType: z.boolean().default(false),
  /** SetSynchronizationPoint of the media services gives a key frame. */
  hasKeyFrameRequests: z.boolean().default(true),
  /** Media1 cannot express H.265: some leave the encoder empty, some write `H265` anyway. */
  h265InMedia1: z.enum(['empty', 'named']).default('named'),
  profileToken: z.string(),
  sourceToken: z.string(),
  snapshot: Path.optional(),
  events: EventHabits,
  discovery: DiscoveryHabits,
})
export type OnvifHabits = z.infer<typeof OnvifHabits>

export const RtspScheme = z.enum(['Basic', 'Digest MD5', 'Digest SHA-256'])
export type RtspScheme = z.infer<typeof RtspScheme>

const RtspHabits = z.strictObject({
  port: Port,
  main: Path,
  sub: Path,
  /** What GetStreamUri writes behind the path. */
  uriTail: z.string().default(''),
  /** Challenges in the order they are sent; none means that the path holds the credentials. */
  auth: z.array(RtspScheme),
  realm: z.string(),
  controls: z.enum(['relative', 'absolute']),
  keepalive: z.enum(['GET_PARAMETER', 'OPTIONS']),
  sessionTimeoutSeconds: z.number().int().min(2).max(300).default(60),
  /** A joining client gets frames from the next key frame, or at once in the middle of a group. */
  start: z.enum(['key-frame', 'anywhere']).default('key-frame'),
  /** Further media descriptions as the make writes them. */
  extraSdp: z.array(z.string()).default([]),
  maxSessions: z.number().int().min(1).max(64).default(16),
})
export type RtspHabits = z.infer<typeof RtspHabits>

/** A make: everything that can be told of it without code. `{channel}`, `{channel0}`, `{stream}`, `{stream1}`, `{profile}` are filled in. */
export const Make = z.strictObject({
  id: Name,
  manufacturer: z.string(),
  model: z.string(),
  firmware: z.string(),
  /** Absent: ONVIF is switched off, the streams play by their addresses alone. */
  onvif: OnvifHabits.optional(),
  rtsp: RtspHabits,
  /** Where these habits were seen. */
  source: z.string().min(10),
})
export type Make = z.infer<typeof Make>

export const VideoSpec = z.strictObject({
  codec: z.enum(['h264', 'h265', 'jpeg']),
  width: z.number().int().min(160).max(1920),
  height: z.number().int().min(90).max(1080),
  frameRate: z.number().int().min(1).max(30).default(15),
  kilobitsPerSecond: z.number().int().min(50).max(8000),
  bFrames: z.boolean().default(false),
})
export type VideoSpec = z.infer<typeof VideoSpec>

const LinkData = z.strictObject({
  party: Party,
  basis: z.string(),
  purpose: z.string(),
  scopes: z.array(LinkScope).min(1),
  hours: Hours.optional(),
  validDays: z.number().int().positive().optional(),
  filing: z.strictObject({ number: z.string(), date: z.iso.date() }).optional(),
  /** Private links: whether the owner has agreed when the township opens. */
  consented: z.boolean().default(true),
})

const Scene = z.enum([
  'street',
  'granary',
  'gate',
  'shop',
  'parking',
  'square',
  'reservoir',
  'school',
  'clinic',
  'station',
])
export type Scene = z.infer<typeof Scene>

export const Channel = z.strictObject({
  id: Name,
  name: z.string().min(1).max(40),
  cellCode: z.string(),
  placeClass: PlaceClass,
  ownership: Ownership,
  position: Position,
  scene: Scene,
  link: LinkData,
})
export type Channel = z.infer<typeof Channel>

export const Device = z.strictObject({
  id: Name,
  make: Name,
  /** Added to the township's address base: 3 means 127.0.1.3. */
  host: z.number().int().min(1).max(254),
  username: z.string().min(1),
  password: z.string().min(1),
  clockOffsetSeconds: z.number().int().default(0),
  main: VideoSpec,
  sub: VideoSpec,
  /** Sends sound as well: G.711 A-law, as most cameras are delivered. */
  hasSound: z.boolean().default(false),
  channels: z.array(Channel).min(1).max(64),
  /** Drops out again and again: so long reachable, so long gone. */
  dropsOut: z.strictObject({ upSeconds: z.number().positive(), downSeconds: z.number().positive() }).optional(),
  /** Registered by its stream addresses, without ONVIF. */
  register: z.enum(['onvif', 'rtsp']).default('onvif'),
})
export type Device = z.infer<typeof Device>

export const PanelData = z.strictObject({
  id: Name,
  name: z.string(),
  kind: NewAlarmSource.shape.kind,
  cellCode: z.string(),
  cameraId: Name.optional(),
  heartbeatSeconds: z.number().positive(),
  everySeconds: z.tuple([z.number().positive(), z.number().positive()]),
  alarms: z.array(z.strictObject({ type: AlarmType, priority: Priority.optional(), text: z.string() })).min(1),
})
export type PanelData = z.infer<typeof PanelData>

const Person = z.strictObject({
  username: Username,
  displayName: z.string(),
  roles: z.array(StaffRole).min(1),
  cellCodes: z.array(z.string()).optional(),
})

const TownshipFile = z.strictObject({
  name: z.string(),
  grid: z.string(),
  makes: z.string(),
  addressBase: z.string().regex(/^127\.\d{1,3}\.\d{1,3}\.0$/),
  loopSeconds: z.number().int().min(4).max(60),
  motionEverySeconds: z.tuple([z.number().positive(), z.number().positive()]),
  devices: z.array(Device).min(1),
  panels: z.array(PanelData),
  people: z.array(Person),
})

export interface TownshipData extends Omit<z.infer<typeof TownshipFile>, 'grid' | 'makes'> {
  grid: Grid
  makes: Map<string, Make>
}

export const TOWNSHIP_FILE = resolve(import.meta.dirname, 'township.json')

/** Reads the township, its makes and its grid. @throws naming every fault of the data at once */
export async function loadTownship(file: string = TOWNSHIP_FILE): Promise<TownshipData> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(resolve(dirname(file), name), 'utf8'))
  const plan = TownshipFile.parse(await read(file))
  const makes = new Map(
    z
      .array(Make)
      .parse(await read(plan.makes))
      .map((make) => [make.id, make]),
  )
  const township = { ...plan, makes, grid: Grid.parse(await read(plan.grid)) }
  const faults = faultsOf(township)
  if (faults.length > 0) throw new Error(`${file}:\n${faults.join('\n')}`)
  return township
}

/** What the shapes cannot say: references that lead nowhere, names given twice, cameras outside their cell. */
function faultsOf({ grid, makes, devices, panels, people }: TownshipData): string[] {
  const faults: string[] = []
  const channels = devices.flatMap((device) => device.channels)
  const cells = new Map(grid.features.map((feature) => [feature.properties.code, feature]))
  const unique = (what: string, keys: (string | number)[]): void => {
    for (const key of new Set(keys.filter((key, at) => keys.indexOf(key) !== at))) faults.push(`${what} ${key} twice`)
  }
  const knowsCell = (who: string, code: string): void => {
    if (cells.get(code)?.properties.level !== 'cell') faults.push(`${who}: no cell ${code}`)
  }
  unique('device', [...devices.map((device) => device.id), ...channels.map((channel) => channel.id)])
  unique(
    'host',
    devices.map((device) => device.host),
  )
  unique(
    'place',
    channels.map((channel) => channel.name),
  )
  unique(
    'panel',
    panels.map((panel) => panel.id),
  )
  for (const device of devices) {
    const make = makes.get(device.make)
    if (make === undefined) faults.push(`${device.id}: no make ${device.make}`)
    if (make?.onvif === undefined && device.register === 'onvif') faults.push(`${device.id}: its make has no ONVIF`)
    for (const { codec, width, height } of [device.main, device.sub]) {
      // RTP tells their size in blocks of eight (RFC 2435 §3.1.5, §3.1.6).
      if (codec === 'jpeg' && (width % 8 !== 0 || height % 8 !== 0))
        faults.push(`${device.id}: JPEG of ${width} x ${height} is not in whole blocks of eight`)
    }
  }
  for (const channel of channels) {
    knowsCell(channel.id, channel.cellCode)
    const outline = cells.get(channel.cellCode)?.geometry?.coordinates[0] ?? []
    if (!inside(outline, [channel.position.lon, channel.position.lat]))
      faults.push(`${channel.id}: not inside its cell`)
    if ((channel.ownership === 'public') !== (channel.link.party.kind === 'government')) {
      faults.push(`${channel.id}: a public camera is a government's, a private one somebody else's`)
    }
  }
  for (const panel of panels) {
    knowsCell(panel.id, panel.cellCode)
    if (panel.cameraId !== undefined && !channels.some((channel) => channel.id === panel.cameraId)) {
      faults.push(`${panel.id}: no camera ${panel.cameraId}`)
    }
  }
  // A cell's lead and deputy are named in the grid; whoever is to answer an alarm must be able to sign in.
  for (const { properties } of grid.features) {
    for (const name of [properties.lead, properties.deputy]) {
      if (name !== undefined && !people.some(({ displayName }) => displayName === name))
        faults.push(`no person ${name}`)
    }
  }
  for (const person of people) for (const code of person.cellCodes ?? []) knowsCell(person.username, code)
  return faults
}

/** Even-odd rule over one closed ring. */
function inside(ring: readonly LonLat[], [x, y]: LonLat): boolean {
  let odd = false
  for (const [at, [x1, y1]] of ring.entries()) {
    const [x2, y2] = ring[at - 1] ?? [x1, y1]
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd
  }
  return odd
}
