import { Chore } from '../chore.ts'
import type { LiveEvent } from '../contracts/event.ts'
import type { App } from '../http/route.ts'
import type { Tx } from '../storage/database.ts'
import { ClipFiles, type ClipStorage } from './files.ts'
import { PreRolls, type PreRollsDeps } from './pre-rolls.ts'
import { Recorder, type RecorderDeps } from './recorder.ts'
import { type ClipRoutesDeps, clipRoutes } from './routes.ts'
import { ClipRows } from './rows.ts'
import { clipNames, type ExpiredClip, expiredClips, findClip, markDeleted } from './store.ts'

type CaseOrLink = Extract<LiveEvent, { kind: 'case' | 'link' }>

const HOUR_MS = 3_600_000
const DELETED_AT_ONCE = 100

export interface ClipsDeps extends RecorderDeps, PreRollsDeps, Omit<ClipRoutesDeps, 'storage'> {
  /** Of this node. */
  directory: string
  /** Changes of cases and links. */
  onEvents(listener: (events: readonly CaseOrLink[]) => void): () => void
}

export interface Clips {
  routes(app: App): void
  /** What clips are called, by their ids. */
  names(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  /** Clips since the start, and what is held in memory now. */
  figures(): { kept: number; unavailable: number; cameras: number; heldBytes: number }
  /** Deletes what is over its time. @returns how many */
  deleteExpired(): Promise<number>
  start(): Promise<void>
  close(): Promise<void>
}

/** What cameras showed around alarms: held in memory for those whose link covers it, kept when a case is opened. */
export function createClips(deps: ClipsDeps): Clips {
  const { database, clock, log, nodeId, audit } = deps
  const isShared = database.provider === 'postgresql'
  const storage: ClipStorage = isShared ? new ClipRows(database) : new ClipFiles(deps.directory)
  const preRolls = new PreRolls(deps)
  const recorder = new Recorder(deps, preRolls, storage)
  let unlisten = (): void => {}

  const hear = (events: readonly CaseOrLink[]): void => {
    for (const event of events) {
      if (event.kind === 'case' && event.data.version === 1) recorder.begin(event.data)
      if (event.kind === 'link') preRolls.wake()
    }
  }

  const deleteOne = async ({ id, caseId, cameraId, sha256, placeClass }: ExpiredClip): Promise<void> => {
    await storage.remove(id)
    await database.transaction(async (tx) => {
      if (!(await markDeleted(tx, id, new Date(clock.now())))) return
      await audit.append(tx, {
        action: 'clip-deleted',
        actor: { kind: 'system', name: 'gridlight' },
        object: `clip:${id}`,
        result: 'done',
        why: 'retention',
        detail: { caseId, cameraId, sha256, placeClass },
      })
    })
  }

  const deleteExpired = async (): Promise<number> => {
    const expired = await expiredClips(database, isShared ? undefined : nodeId, new Date(clock.now()), DELETED_AT_ONCE)
    let deleted = 0
    for (const one of expired) {
      try {
        await deleteOne(one)
        deleted += 1
      } catch (error) {
        // One that the storage holds on to must not keep the others.
        log.error({ err: error, clip: one.id }, 'a clip that is over its time could not be deleted; trying again')
      }
    }
    return deleted
  }

  /** Files of a time when this gateway had the database for itself. */
  const carryOver = async (): Promise<void> => {
    const files = new ClipFiles(deps.directory)
    for (const id of await files.ids()) {
      const clip = await findClip(database, id)
      if (clip?.state !== 'ready') continue
      await storage.remove(id)
      const buffers = await files.read(id, { start: 0, end: Number.MAX_SAFE_INTEGER }).toArray()
      const kept = await storage.write(id, buffers)
      if (kept.sha256 === clip.sha256) await files.remove(id)
      else log.error({ clip: id }, 'the file of a clip is not what was kept; it was left where it is')
    }
  }

  const failed = 'clips that are over their time could not be deleted; trying again in an hour'
  const housekeeping = new Chore({ clock, log, everyMs: HOUR_MS, failed }, async (signal) => {
    while (!signal.aborted && (await deleteExpired()) === DELETED_AT_ONCE);
  })

  return {
    routes: (app) => clipRoutes(app, { ...deps, storage }),
    names: clipNames,
    figures: () => ({ ...recorder.counts, cameras: preRolls.size, heldBytes: preRolls.heldBytes }),
    deleteExpired,
    start: async () => {
      if (isShared) await carryOver()
      await recorder.start()
      await preRolls.start()
      unlisten = deps.onEvents(hear)
      housekeeping.start()
    },
    close: async () => {
      unlisten()
      await Promise.all([recorder.close(), housekeeping.close()])
      await preRolls.close()
    },
  }
}
