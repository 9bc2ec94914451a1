import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import type { App } from '../http/route.ts'
import { afterCommit, type Database, type Tx } from '../storage/database.ts'
import { type CheckpointWriter, createCheckpointWriter } from './checkpoint-writer.ts'
import { auditRoutes } from './routes.ts'
import { appendEntry } from './store.ts'

export interface AuditDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** New at every start of the process: monotonic times of one boot can be compared. */
  bootId: string
  /** Private key of this gateway's checkpoints, in the data directory; made on the first start. */
  keyFile: string
  /** Where checkpoints are copied to, out of reach of whoever can write the database. */
  outsideFile?: string
}

export interface Audit extends Pick<CheckpointWriter, 'start' | 'close'> {
  routes(app: App): void
  /** Adds an entry in the transaction of what it records: both are on disk, or neither. */
  append(tx: Tx, entry: NewAuditEntry): Promise<void>
}

export function createAudit(deps: AuditDeps): Audit {
  const writer = createCheckpointWriter(deps)
  const append: Audit['append'] = async (tx, entry) => {
    await appendEntry(tx, entry, deps)
    afterCommit(tx, () => writer.noteEntry())
  }
  return {
    append,
    routes: (app) => auditRoutes(app, { database: deps.database, append }),
    start: () => writer.start(),
    close: () => writer.close(),
  }
}
