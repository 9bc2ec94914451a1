import { z } from 'zod'
import { Camera, CameraState, type NewCamera, PlaceClass, type Position } from '../contracts/camera.ts'
import { Ownership, toInstant } from '../contracts/common.ts'
import { Codec, type DeviceOverrides, StreamRole } from '../contracts/device.ts'
import { readOverrides } from '../probe/effective-profile.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Words } from '../words.ts'

/** The login of a device, and what it wrote into the path of its own URIs. */
export const SealedLogin = z.strictObject({
  username: z.string().optional(),
  password: z.string().optional(),
  pathSecrets: z.strictObject({ user: z.string(), password: z.string() }).optional(),
})
export type SealedLogin = z.infer<typeof SealedLogin>

const sealContext = (deviceId: string): string => `device:${deviceId}:credentials`

export const sealLogin = (vault: Vault, deviceId: string, login: SealedLogin): Uint8Array<ArrayBuffer> =>
  new Uint8Array(vault.seal(JSON.stringify(login), sealContext(deviceId)))

export function openLogin(vault: Vault, deviceId: string, sealed: Uint8Array | null): SealedLogin {
  return sealed === null ? {} : SealedLogin.parse(JSON.parse(vault.open(sealed, sealContext(deviceId))))
}

/** Reachability as stored; `unlinked` is computed when a camera is answered. */
export const StoredState = CameraState.exclude(['unlinked'])
export type StoredState = z.infer<typeof StoredState>

const WITH_ALL = { device: true, streams: true } as const

export type CameraRow = NonNullable<Awaited<ReturnType<typeof findCamera>>>

function findCamera(client: Tx, id: string) {
  return client.camera.findUnique({ where: { id }, include: WITH_ALL })
}

const ROLE_ORDER: readonly string[] = StreamRole.options

const byRole = (streams: CameraRow['streams']): CameraRow['streams'] =>
  streams.toSorted((a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role))

/** What the relay calls a camera's streams, the main one first. */
export const streamsOf = (row: CameraRow): { id: string; role: StreamRole }[] =>
  byRole(row.streams).map(({ id, role }) => ({ id, role: StreamRole.parse(role) }))

/** @param isLinked whether a link is in force; without one nothing is watchable, and that is what counts */
export function toCamera(row: CameraRow, isLinked: boolean): Camera {
  const { device } = row
  const certificate = device.certificateSha256 ?? device.rtspCertificateSha256
  return Camera.parse({
    id: row.id,
    name: row.name,
    cellCode: row.cellCode,
    placeClass: PlaceClass.parse(row.placeClass),
    ownership: Ownership.parse(row.ownership),
    ...(row.lon === null || row.lat === null ? {} : { position: toPosition(row.lon, row.lat, row.headingDeg) }),
    ...(row.gbId === null ? {} : { gbId: row.gbId }),
    state: isLinked ? StoredState.parse(row.state) : 'unlinked',
    stateSince: toInstant(row.stateSince.getTime()),
    ...(row.stateReason === null ? {} : { stateReason: row.stateReason }),
    streams: byRole(row.streams).map(({ role, codec, width, height, frameRate, uri }) => ({
      role,
      codec,
      width,
      height,
      ...(frameRate === null ? {} : { frameRate }),
      uri,
    })),
    device: {
      id: device.id,
      address: device.address,
      ...(device.manufacturer === null ? {} : { manufacturer: device.manufacturer }),
      ...(device.model === null ? {} : { model: device.model }),
      deviceProfile: device.deviceProfile,
      ...(row.channel === '' ? {} : { channel: row.channel }),
      ...(device.clockOffsetMs === null ? {} : { clockOffsetMs: device.clockOffsetMs }),
      ...(device.overridesJson === null ? {} : { overrides: readOverrides(device.overridesJson) }),
      ...(certificate === null ? {} : { certificateSha256: certificate }),
    },
    createdAt: toInstant(row.createdAt.getTime()),
  })
}

function toPosition(lon: number, lat: number, headingDeg: number | null): Position {
  return { lon, lat, ...(headingDeg === null ? {} : { headingDeg }) }
}

/** A camera that was not removed. */
export async function readCamera(client: Tx, id: string): Promise<CameraRow | undefined> {
  const row = await findCamera(client, id)
  return row === null || row.removedAt !== null ? undefined : row
}

export interface CameraBasics {
  id: string
  name: string
  cellCode: string
  placeClass: PlaceClass
  ownership: Ownership
  removed: boolean
}

export async function readCameraBasics(client: Tx, id: string): Promise<CameraBasics | undefined> {
  const row = await client.camera.findUnique({ where: { id } })
  if (row === null) return undefined
  const { name, cellCode, placeClass, ownership, removedAt } = row
  return {
    ...{ id, name, cellCode, placeClass: PlaceClass.parse(placeClass) },
    ...{ ownership: Ownership.parse(ownership), removed: removedAt !== null },
  }
}

export interface CameraFilter {
  cellCodes: readonly string[] | undefined
  state: StoredState | undefined
  q: string | undefined
}

/** Cameras by name, after the one with the id `cursor`. */
export function readCameras(database: Database, filter: CameraFilter, cursor: string | undefined, take: number) {
  const { cellCodes, state, q } = filter
  return database.client.camera.findMany({
    where: {
      removedAt: null,
      ...(cellCodes === undefined ? {} : { cellCode: { in: [...cellCodes] } }),
      ...(state === undefined ? {} : { state }),
      ...(q === undefined || q === ''
        ? {}
        : { OR: [{ name: { contains: q } }, { gbId: { contains: q } }, { device: { address: { contains: q } } }] }),
    },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    take,
    include: WITH_ALL,
  })
}

/** Where the streams of a camera come from; the login is sealed. */
export interface SourceRow {
  deviceId: string
  deviceProfile: string
  overridesJson: string | null
  sealedCredentials: Uint8Array | null
  rtspCertificateSha256: string | null
  streams: { id: string; role: StreamRole; codec: Codec; width: number; uri: string }[]
}

export async function readSource(client: Tx, cameraId: string): Promise<SourceRow | undefined> {
  const row = await readCamera(client, cameraId)
  if (row === undefined) return undefined
  return {
    deviceId: row.deviceId,
    deviceProfile: row.device.deviceProfile,
    overridesJson: row.device.overridesJson,
    sealedCredentials: row.device.sealedCredentials,
    rtspCertificateSha256: row.device.rtspCertificateSha256,
    streams: row.streams.map(({ id, role, codec, width, uri }) => ({
      id,
      role: StreamRole.parse(role),
      codec: Codec.parse(codec),
      width,
      uri,
    })),
  }
}

/** Ids of registered cameras by device address. */
export async function readCamerasAt(
  database: Database,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const devices = await database.client.device.findMany({
    where: { address: { in: [...addresses] } },
    select: { address: true, cameras: { where: { removedAt: null }, select: { id: true } } },
  })
  return new Map(devices.map(({ address, cameras }) => [address, cameras.map(({ id }) => id)]))
}

/** Certificates that registered ONVIF devices are known by, by address; of devices without a camera none counts. */
export async function readPins(database: Database, addresses: readonly string[]): Promise<Map<string, string>> {
  const devices = await database.client.device.findMany({
    where: {
      kind: 'onvif',
      address: { in: [...addresses] },
      certificateSha256: { not: null },
      cameras: { some: { removedAt: null } },
    },
    select: { address: true, certificateSha256: true },
  })
  return new Map(devices.map(({ address, certificateSha256 }) => [address, certificateSha256 ?? '']))
}

/** The certificate that the RTSP service of a registered device is known by; of devices without a camera none counts. */
export async function readStreamPin(database: Database, addresses: readonly string[]): Promise<string | undefined> {
  const device = await database.client.device.findFirst({
    where: { kind: 'rtsp', address: { in: [...addresses] }, cameras: { some: { removedAt: null } } },
    select: { rtspCertificateSha256: true },
  })
  return device?.rtspCertificateSha256 ?? undefined
}

/** The certificate shown on first use by a stream that was registered without one; nothing else is overwritten. */
export async function pinStream(database: Database, deviceId: string, sha256: string): Promise<void> {
  await database.client.device.updateMany({
    where: { id: deviceId, rtspCertificateSha256: null },
    data: { rtspCertificateSha256: sha256 },
  })
}

/** The camera a source belongs to: of a device the channel named, or the first one registered. */
export async function findCameraOf(
  database: Database,
  { kind, addresses, channel }: { kind: 'onvif' | 'rtsp'; addresses: readonly string[]; channel: string | undefined },
): Promise<string | undefined> {
  const row = await database.client.camera.findFirst({
    where: {
      removedAt: null,
      device: { kind, address: { in: [...addresses] } },
      ...(channel === undefined ? {} : { channel }),
    },
    orderBy: { createdAt: 'asc' },
    select: { id: true },
  })
  return row?.id
}

export interface NewDevice {
  kind: 'onvif' | 'rtsp'
  address: string
  endpointReference: string | undefined
  manufacturer: string | undefined
  model: string | undefined
  firmware: string | undefined
  serial: string | undefined
  deviceProfile: string
  /** What the installer said otherwise; undefined leaves what was said before. */
  overrides: DeviceOverrides | undefined
  clockOffsetMs: number | undefined
  /** Pinned from now on; undefined in the clear. */
  certificateSha256: string | undefined
  /** The same of its RTSP service. */
  rtspCertificateSha256: string | undefined
  login: SealedLogin
}

export interface NewStream {
  role: 'main' | 'sub'
  codec: Codec
  width: number
  height: number
  frameRate?: number
  uri: string
}

export interface Registration {
  input: Omit<NewCamera, 'source'>
  device: NewDevice
  channel: string
  streams: readonly NewStream[]
}

export const sameGbId = (gbId: string): Words => ({
  zh: `另一路摄像头已用国标编码 ${gbId}`,
  en: `another camera has the GB/T 28181 ID ${gbId}`,
})

export type Stored = { kind: 'stored'; row: CameraRow } | { kind: 'conflict'; detail: Words }

/** Writes device, camera and streams; a device that is known already is brought up to date. */
export async function insertCamera(
  tx: Tx,
  { input, device, channel, streams }: Registration,
  { vault, newId, now }: { vault: Vault; newId: () => string; now: Date },
): Promise<Stored> {
  const { id: deviceId, write } = await deviceOf(tx, device, { vault, newId, now })
  const twin = await tx.camera.findFirst({ where: { deviceId, channel, removedAt: null } })
  if (twin !== null)
    return {
      kind: 'conflict',
      detail: {
        zh: `该摄像头已登记为“${twin.name}”（${twin.id}）`,
        en: `this camera is registered already as "${twin.name}" (${twin.id})`,
      },
    }
  if (input.gbId !== undefined && (await tx.camera.count({ where: { gbId: input.gbId } })) > 0) {
    return { kind: 'conflict', detail: sameGbId(input.gbId) }
  }
  await write()
  const id = newId()
  const { name, cellCode, placeClass, ownership, position, gbId } = input
  await tx.camera.create({
    data: {
      id,
      deviceId,
      channel,
      name,
      cellCode,
      placeClass: PlaceClass.parse(placeClass),
      ownership,
      ...positionColumns(position ?? null),
      gbId: gbId ?? null,
      state: 'online',
      stateSince: now,
      lastSeenAt: now,
      createdAt: now,
      updatedAt: now,
      streams: { create: streams.map((stream) => ({ id: newId(), ...stream, frameRate: stream.frameRate ?? null })) },
    },
  })
  const row = await findCamera(tx, id)
  if (row === null) throw new Error(`camera ${id} was written and is not there`)
  return { kind: 'stored', row }
}

/** The row of a device, to be written once nothing stands against it; one that is known is brought up to date. */
async function deviceOf(
  tx: Tx,
  device: NewDevice,
  { vault, newId, now }: { vault: Vault; newId: () => string; now: Date },
): Promise<{ id: string; write: () => Promise<unknown> }> {
  const { login, kind, address, deviceProfile, overrides, rtspCertificateSha256, ...facts } = device
  const known = await tx.device.findUnique({ where: { kind_address: { kind, address } } })
  const id = known?.id ?? newId()
  const written = {
    ...withNulls(facts),
    deviceProfile,
    ...(rtspCertificateSha256 === undefined ? {} : { rtspCertificateSha256 }),
    ...(overrides === undefined ? {} : { overridesJson: JSON.stringify(overrides) }),
    sealedCredentials: Object.keys(login).length === 0 ? null : sealLogin(vault, id, login),
    updatedAt: now,
  }
  const write = (): Promise<unknown> =>
    known === null
      ? tx.device.create({ data: { id, kind, address, createdAt: now, ...written } })
      : tx.device.update({ where: { id }, data: written })
  return { id, write }
}

/** Gives a camera another source; a stream of the same role stays the same stream. */
export async function updateSource(
  tx: Tx,
  cameraId: string,
  { device, channel, streams }: Pick<Registration, 'device' | 'channel' | 'streams'>,
  deps: { vault: Vault; newId: () => string; now: Date },
): Promise<Stored> {
  const { id: deviceId, write } = await deviceOf(tx, device, deps)
  const twin = await tx.camera.findFirst({ where: { deviceId, channel, removedAt: null, NOT: { id: cameraId } } })
  if (twin !== null)
    return {
      kind: 'conflict',
      detail: {
        zh: `该来源属于“${twin.name}”（${twin.id}）`,
        en: `this source belongs to "${twin.name}" (${twin.id})`,
      },
    }
  await write()
  await tx.camera.update({ where: { id: cameraId }, data: { deviceId, channel, updatedAt: deps.now } })
  const before = await tx.stream.findMany({ where: { cameraId } })
  for (const stream of streams) {
    const data = { ...stream, frameRate: stream.frameRate ?? null }
    const same = before.find(({ role }) => role === stream.role)
    if (same === undefined) await tx.stream.create({ data: { id: deps.newId(), cameraId, ...data } })
    else await tx.stream.update({ where: { id: same.id }, data })
  }
  const gone = before.filter(({ role }) => !streams.some((stream) => stream.role === role)).map(({ id }) => id)
  await tx.stream.deleteMany({ where: { id: { in: gone } } })
  const row = await findCamera(tx, cameraId)
  if (row === null) throw new Error(`camera ${cameraId} was changed and is not there`)
  return { kind: 'stored', row }
}

/** The only camera of that name in that cell. */
export async function findCameraNamed(database: Database, cellCode: string, name: string): Promise<string | undefined> {
  const rows = await database.client.camera.findMany({
    where: { cellCode, name, removedAt: null },
    select: { id: true },
    take: 2,
  })
  return rows.length === 1 ? rows[0]?.id : undefined
}

export async function findCameraWithGbId(database: Database, gbId: string): Promise<string | undefined> {
  return (await database.client.camera.findFirst({ where: { gbId, removedAt: null }, select: { id: true } }))?.id
}

function withNulls<T extends object>(facts: T): { [K in keyof T]: Exclude<T[K], undefined> | null } {
  // The keys are those of T; only undefined is replaced.
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, value ?? null])) as {
    [K in keyof T]: Exclude<T[K], undefined> | null
  }
}

export function positionColumns(position: Position | null): {
  lon: number | null
  lat: number | null
  headingDeg: number | null
} {
  return { lon: position?.lon ?? null, lat: position?.lat ?? null, headingDeg: position?.headingDeg ?? null }
}
