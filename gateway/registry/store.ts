import type { z } from 'zod'
import { Camera, CameraState, PlaceClass, type Position } from '../contracts/camera.ts'
import { Ownership, toInstant } from '../contracts/common.ts'
import { Codec, StreamRole } from '../contracts/device.ts'
import { readOverrides } from '../probe/effective-profile.ts'
import type { Database, Tx } from '../storage/database.ts'

/** Reachability as stored; `unlinked` is computed when a camera is answered. */
export const StoredState = CameraState.exclude(['unlinked'])
export type StoredState = z.infer<typeof StoredState>

const WITH_ALL = { device: true, streams: true } as const

export type CameraRow = NonNullable<Awaited<ReturnType<typeof findCamera>>>

/** Removed or not. */
export function findCamera(client: Tx, id: string) {
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
