import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { AuditAction, AuditEntry, NewAuditEntry, OutsideCopy } from '../contracts/audit.ts'
import type { App } from '../http/route.ts'
import { afterCommit, type Database, type Tx } from '../storage/database.ts'
import { type CheckpointWriter, createCheckpointWriter } from './checkpoint-writer.ts'
import type { NameFinders } from './names.ts'
import { OutsideCopies, type OutsideDeps, type OutsidePlaces } from './outside-copies.ts'
import { auditRoutes } from './routes.ts'
import { appendEntry, listEntries } from './store.ts'

export interface AuditDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** New at every start of the process: monotonic times of one boot can be compared. */
  bootId: string
  /** Private key of this gateway's checkpoints, in the data directory; made on the first start. */
  keyFile: string
  outside?: OutsidePlaces
  /** To the broker, for a checkpoint's topic. */
  publish?: OutsideDeps['publish']
}

export interface Audit extends Pick<CheckpointWriter, 'start' | 'close'> {
  /** @param finders know what the objects of the trail are called */
  routes(app: App, finders: NameFinders): void
  /** Adds an entry in the transaction of what it records: both are on disk, or neither. */
  append(tx: Tx, entry: NewAuditEntry): Promise<void>
  /** The newest entries of one action on one object, newest first. */
  entriesOf(object: string, action: AuditAction, limit: number): Promise<AuditEntry[]>
  /** Whether an entry could be written now: one is, and taken back. */
  canWrite(): Promise<boolean>
  /** Where checkpoints are copied to, and how that goes. */
  outsideCopies(): OutsideCopy[]
}

const TAKEN_BACK = new Error('an entry was written to see whether it can be')

export function createAudit(deps: AuditDeps): Audit {
  const { outside = {}, publish = () => Promise.reject(new Error('there is no broker')), ...rest } = deps
  const copies = new OutsideCopies({ ...rest, places: outside, publish })
  const writer = createCheckpointWriter({ ...rest, copies })
  const append: Audit['append'] = async (tx, entry) => {
    await appendEntry(tx, entry, deps)
    afterCommit(tx, () => writer.noteEntry())
  }
  const canWrite = (): Promise<boolean> =>
    deps.database
      .transaction(async (tx) => {
        const actor = { kind: 'system', name: 'gridlight' } as const
        await appendEntry(tx, { action: 'audit-read', actor, object: 'audit', result: 'done' }, deps)
        throw TAKEN_BACK
      })
      .catch((error: unknown) => error === TAKEN_BACK)
  return {
    append,
    entriesOf: (object, action, limit) => listEntries(deps.database.client, { object, action, limit }),
    canWrite,
    outsideCopies: () => copies.status(),
    routes: (app, finders) => auditRoutes(app, { database: deps.database, clock: deps.clock, append, copies, finders }),
    start: () => writer.start(),
    close: () => writer.close(),
  }
}
