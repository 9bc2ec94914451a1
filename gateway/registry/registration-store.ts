import { type NewCamera, PlaceClass, type Position } from '../contracts/camera.ts'
import type { Codec, DeviceOverrides } from '../contracts/device.ts'
import type { Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Words } from '../words.ts'
import { type SealedLogin, sealLogin } from './sealed-login.ts'
import { type CameraRow, findCamera } from './store.ts'

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
