import type { PlaceClass } from '../contracts/camera.ts'
import { type Clip, ClipAbsence, ClipRetention, ClipState, DEFAULT_RETENTION } from '../contracts/clip.ts'
import { toInstant, townshipTime } from '../contracts/common.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'

type ClipRow = Prisma.ClipGetPayload<object>

const instant = (at: Date): string => toInstant(at.getTime())

function toClip(row: ClipRow): Clip {
  const why = ClipAbsence.safeParse(row.why)
  return {
    id: row.id,
    caseId: row.caseId,
    cameraId: row.cameraId,
    state: ClipState.parse(row.state),
    ...(why.success ? { why: why.data } : {}),
    alarmAt: instant(row.alarmAt),
    ...(row.startsAt === null ? {} : { startsAt: instant(row.startsAt) }),
    ...(row.endsAt === null ? {} : { endsAt: instant(row.endsAt) }),
    ...(row.mimeType === null ? {} : { mimeType: row.mimeType }),
    ...(row.sizeBytes === null ? {} : { sizeBytes: row.sizeBytes }),
    ...(row.sha256 === null ? {} : { sha256: row.sha256 }),
    ...(row.keepUntil === null ? {} : { keepUntil: instant(row.keepUntil) }),
    ...(row.deletedAt === null ? {} : { deletedAt: instant(row.deletedAt) }),
  }
}

export interface NewClip {
  id: string
  caseId: string
  cameraId: string
  cellCode: string
  placeClass: PlaceClass
  nodeId: string
  alarmAt: Date
}

/** @returns whether it is ours to record: another node may have begun already */
export async function beginClip({ client }: Database, clip: NewClip): Promise<boolean> {
  const known = await client.clip.findUnique({
    where: { caseId_cameraId: { caseId: clip.caseId, cameraId: clip.cameraId } },
    select: { id: true },
  })
  if (known !== null) return false
  const state = 'recording' satisfies ClipState
  return client.clip.create({ data: { ...clip, state } }).then(
    () => true,
    (error: unknown) => {
      // Somebody was faster by a moment: the unique index says so.
      if (error instanceof Error && 'code' in error && error.code === 'P2002') return false
      throw error
    },
  )
}

export async function changeClip(
  tx: Tx,
  id: string,
  change: Partial<Omit<ClipRow, 'id' | 'state' | 'why'>> & { state: ClipState; why?: ClipAbsence },
): Promise<void> {
  await tx.clip.update({ where: { id }, data: change })
}

export async function findClip({ client }: Database, id: string): Promise<ClipRow | undefined> {
  return (await client.clip.findUnique({ where: { id } })) ?? undefined
}

export async function clipsOf({ client }: Database, caseId: string): Promise<Clip[]> {
  const rows = await client.clip.findMany({ where: { caseId }, orderBy: { alarmAt: 'asc' } })
  return rows.map(toClip)
}

/** Clips that the process before this one left half done at this node. */
export async function interruptedClips(
  { client }: Database,
  nodeId: string,
): Promise<{ id: string; caseId: string }[]> {
  return client.clip.findMany({ where: { nodeId, state: 'recording' }, select: { id: true, caseId: true } })
}

/** @returns whether it was there until now: of two nodes that delete it one says so */
export async function markDeleted(tx: Tx, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.clip.updateMany({
    where: { id, state: 'ready' satisfies ClipState },
    data: { state: 'deleted' satisfies ClipState, deletedAt: now },
  })
  return count > 0
}

export type ExpiredClip = Pick<ClipRow, 'id' | 'caseId' | 'cameraId' | 'sha256' | 'placeClass'>

/** Clips whose time is over: of one node, whose files nobody else reaches, or of all. */
export async function expiredClips(
  { client }: Database,
  nodeId: string | undefined,
  now: Date,
  limit: number,
): Promise<ExpiredClip[]> {
  return client.clip.findMany({
    where: { ...(nodeId === undefined ? {} : { nodeId }), state: 'ready', keepUntil: { lte: now } },
    orderBy: { keepUntil: 'asc' },
    take: limit,
    select: { id: true, caseId: true, cameraId: true, sha256: true, placeClass: true },
  })
}

/** A clip is spoken of by its camera and the time of its alarm. */
export async function clipNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const clips = await tx.clip.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, cameraId: true, alarmAt: true },
  })
  const cameras = await tx.camera.findMany({
    where: { id: { in: clips.map(({ cameraId }) => cameraId) } },
    select: { id: true, name: true },
  })
  const nameOf = new Map(cameras.map(({ id, name }) => [id, name]))
  return clips.map(({ id, cameraId, alarmAt }) => ({
    id,
    name: `${nameOf.get(cameraId) ?? ''} ${townshipTime(alarmAt)}`.trim(),
  }))
}

const SETTING = 'clip-retention'

export async function readRetention(tx: Tx): Promise<ClipRetention> {
  const row = await tx.setting.findUnique({ where: { name: SETTING } })
  return row === null ? DEFAULT_RETENTION : ClipRetention.parse(JSON.parse(row.value))
}

export async function writeRetention(tx: Tx, retention: ClipRetention): Promise<void> {
  const value = JSON.stringify(retention)
  await tx.setting.upsert({ where: { name: SETTING }, create: { name: SETTING, value }, update: { value } })
}

export const daysFor = ({ items }: ClipRetention, placeClass: PlaceClass): number =>
  items.find((item) => item.placeClass === placeClass)?.days ?? 1
