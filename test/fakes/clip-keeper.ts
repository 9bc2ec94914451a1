import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import pino from 'pino'
import type { Test } from 'tap'
import { type ClipsDeps, createClips } from '../../gateway/clips/clips.ts'
import type { NewAuditEntry } from '../../gateway/contracts/audit.ts'
import type { LiveEvent } from '../../gateway/contracts/event.ts'
import type { Database } from '../../gateway/storage/database.ts'
import type { FakeClock } from './clock.ts'

/** The one with the scope. */
export const CAMERA = randomUUID()

type Told = Extract<LiveEvent, { kind: 'case' | 'link' }>

/** Clips over a database and a directory, with the gate's word as the test wants it. */
export async function startClips(
  t: Test,
  database: Database,
  clock: FakeClock,
  mayKeep: (recorded: { fromMs: number; toMs: number }) => boolean,
  nodeId = 'node',
  changes: Partial<ClipsDeps> = {},
) {
  const directory = join(t.testdir({}), `clips-${nodeId}`)
  const audit: NewAuditEntry[] = []
  const noted: string[] = []
  let tell = (_events: readonly Told[]): void => {}
  const clips = createClips({
    database,
    clock,
    log: pino({ level: process.env.GRIDLIGHT_LOG_LEVEL ?? 'silent' }),
    newId: randomUUID,
    nodeId,
    directory,
    audit: { append: async (_tx, entry) => void audit.push(entry) },
    camera: async () => ({ cellCode: '370101001001001', placeClass: 'other', removed: false }),
    caseOf: async () => undefined,
    clipCameraIds: async () => [CAMERA],
    mayKeep: async (recorded) => mayKeep(recorded),
    mayOpenRecording: async () => ({ kind: 'granted' }),
    acquire: async () => undefined,
    note: async (_caseId, action, work) => {
      await database.transaction(work)
      noted.push(action)
    },
    onEvents: (listener) => {
      tell = listener
      return () => {}
    },
    ...changes,
  })
  return { clips, directory, audit, noted, tell: (events: readonly Told[]) => tell(events) }
}
