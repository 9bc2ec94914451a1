import type { Database, Tx } from '../storage/database.ts'
import { StoredState } from './store.ts'

export interface WatchedCamera {
  id: string
  name: string
  cellCode: string
  uri: string
  streamIds: string[]
  state: StoredState
  stateSince: Date
  stateReason: string | null
}

/** What the watch loop looks at: each device once, with its cameras. */
export interface WatchedDevice {
  id: string
  uri: string
  cameras: WatchedCamera[]
}

export async function readWatched(database: Database): Promise<WatchedDevice[]> {
  const devices = await database.client.device.findMany({
    where: { cameras: { some: { removedAt: null } } },
    select: {
      id: true,
      cameras: {
        where: { removedAt: null },
        select: {
          ...{ id: true, name: true, cellCode: true, state: true, stateSince: true, stateReason: true },
          streams: { select: { id: true, uri: true } },
        },
      },
    },
    orderBy: { id: 'asc' },
  })
  return devices.flatMap(({ id, cameras: rows }) => {
    const uri = rows[0]?.streams[0]?.uri
    if (uri === undefined) return []
    const cameras = rows.map(({ state, streams, ...camera }) => ({
      ...camera,
      uri: streams[0]?.uri ?? '',
      streamIds: streams.map(({ id }) => id),
      state: StoredState.parse(state),
    }))
    return [{ id, uri, cameras }]
  })
}

/** What is needed to ask an ONVIF device anything. */
interface OnvifDevice {
  id: string
  address: string
  deviceProfile: string
  overridesJson: string | null
  sealedCredentials: Uint8Array | null
  certificateSha256: string | null
}

const ONVIF_DEVICE = {
  ...{ id: true, address: true, deviceProfile: true, overridesJson: true },
  ...{ sealedCredentials: true, certificateSha256: true },
} as const

/** What is needed to listen to a device. */
export interface EventDevice extends OnvifDevice {
  /** Changes with the login and whatever else is known of the device. */
  version: number
  cameras: { id: string; name: string; cellCode: string; channel: string }[]
}

export async function readEventDevices(database: Database): Promise<EventDevice[]> {
  const devices = await database.client.device.findMany({
    where: { kind: 'onvif', cameras: { some: { removedAt: null } } },
    select: {
      ...ONVIF_DEVICE,
      updatedAt: true,
      cameras: { where: { removedAt: null }, select: { id: true, name: true, cellCode: true, channel: true } },
    },
    orderBy: { id: 'asc' },
  })
  return devices.map(({ updatedAt, ...device }) => ({ ...device, version: updatedAt.getTime() }))
}

export interface StateChange {
  at: Date
  fromState: StoredState
  toState: StoredState
}

export async function insertStateChange(
  tx: Tx,
  change: { id: string; cameraId: string; at: Date; fromState: string; toState: StoredState },
): Promise<void> {
  await tx.stateChange.create({ data: change })
}

export async function pruneStateChanges(database: Database, before: Date): Promise<void> {
  await database.client.stateChange.deleteMany({ where: { at: { lt: before } } })
}

/** A camera's changes from a moment on, oldest first. */
export async function readStateChanges(client: Tx, cameraId: string, from: Date): Promise<StateChange[]> {
  const rows = await client.stateChange.findMany({ where: { cameraId, at: { gte: from } }, orderBy: { at: 'asc' } })
  return rows.map(({ at, fromState, toState }) => ({
    at,
    fromState: StoredState.parse(fromState),
    toState: StoredState.parse(toState),
  }))
}

/** Registered cameras of these cells, as availability counts them. */
export async function readAvailabilityCameras(client: Tx, cellCodes: readonly string[] | undefined) {
  const rows = await client.camera.findMany({
    where: { removedAt: null, ...(cellCodes === undefined ? {} : { cellCode: { in: [...cellCodes] } }) },
    select: { id: true, cellCode: true, ownership: true, state: true, createdAt: true },
  })
  return rows.map(({ state, ...camera }) => ({ ...camera, state: StoredState.parse(state) }))
}

/** An ONVIF device as it was registered, for comparison with what it says now. */
export interface ReviewedDevice extends OnvifDevice {
  serial: string | null
  clockOffsetMs: number | null
  cameras: { id: string; name: string; cellCode: string }[]
}

export function readReviewed(database: Database): Promise<ReviewedDevice[]> {
  return database.client.device.findMany({
    where: { kind: 'onvif', cameras: { some: { removedAt: null } } },
    select: {
      ...ONVIF_DEVICE,
      serial: true,
      clockOffsetMs: true,
      cameras: { where: { removedAt: null }, select: { id: true, name: true, cellCode: true } },
    },
    orderBy: { id: 'asc' },
  })
}

/** The device's clock minus ours; what else is known of it stays as it was registered. */
export async function noteClockOffset(database: Database, deviceId: string, clockOffsetMs: number): Promise<void> {
  const within = Math.max(-MAX_INT32, Math.min(MAX_INT32, clockOffsetMs))
  await database.client.device.update({ where: { id: deviceId }, data: { clockOffsetMs: within } })
}

/** The column is a 32-bit integer: 24 days, beyond which only "wrong" matters. */
const MAX_INT32 = 2_147_483_647
