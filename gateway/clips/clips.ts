import { Chore } from '../chore.ts'
import type { LiveEvent } from '../contracts/event.ts'
import type { App } from '../http/route.ts'
import { ClipFiles } from './files.ts'
import { PreRolls, type PreRollsDeps } from './pre-rolls.ts'
import { Recorder, type RecorderDeps } from './recorder.ts'
import { type ClipRoutesDeps, clipRoutes } from './routes.ts'
import { changeClip, expiredClips } from './store.ts'

type CaseOrLink = Extract<LiveEvent, { kind: 'case' | 'link' }>

const HOUR_MS = 3_600_000
const DELETED_AT_ONCE = 100

export interface ClipsDeps extends RecorderDeps, PreRollsDeps, Omit<ClipRoutesDeps, 'files'> {
  /** Of this node. */
  directory: string
  /** Changes of cases and links. */
  onEvents(listener: (events: readonly CaseOrLink[]) => void): () => void
}

export interface Clips {
  routes(app: App): void
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
  const files = new ClipFiles(deps.directory)
  const preRolls = new PreRolls(deps)
  const recorder = new Recorder(deps, preRolls, files)
  let unlisten = (): void => {}

  const hear = (events: readonly CaseOrLink[]): void => {
    for (const event of events) {
      if (event.kind === 'case' && event.data.version === 1) recorder.begin(event.data)
      if (event.kind === 'link') preRolls.wake()
    }
  }

  const deleteExpired = async (): Promise<number> => {
    const expired = await expiredClips(database, nodeId, new Date(clock.now()), DELETED_AT_ONCE)
    for (const { id, caseId, cameraId, sha256, placeClass } of expired) {
      await files.remove(id)
      await database.transaction(async (tx) => {
        await audit.append(tx, {
          action: 'clip-deleted',
          actor: { kind: 'system', name: 'gridlight' },
          object: `clip:${id}`,
          result: 'done',
          why: 'retention',
          detail: { caseId, cameraId, sha256, placeClass },
        })
        await changeClip(tx, id, { state: 'deleted', deletedAt: new Date(clock.now()) })
      })
    }
    return expired.length
  }

  const failed = 'clips that are over their time could not be deleted; trying again in an hour'
  const housekeeping = new Chore({ clock, log, everyMs: HOUR_MS, failed }, async (signal) => {
    while (!signal.aborted && (await deleteExpired()) === DELETED_AT_ONCE);
  })

  return {
    routes: (app) => clipRoutes(app, { ...deps, files }),
    figures: () => ({ ...recorder.counts, cameras: preRolls.size, heldBytes: preRolls.heldBytes }),
    deleteExpired,
    start: async () => {
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
