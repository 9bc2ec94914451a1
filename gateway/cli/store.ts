import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { pino } from 'pino'
import { type Audit, createAudit } from '../audit/audit.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Principal } from '../contracts/identity.ts'
import { dataFiles } from '../storage/data-files.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { CommandError, EXIT } from './command.ts'

/** The database and the trail, as a command changes them beside a gateway that may be running. */
export interface Store {
  database: Database
  audit: Audit
  clock: Clock
  newId: () => string
}

export interface OpenOptions {
  /** Before the first start there is no database; some commands make it. */
  create?: boolean
  file?: string
}

/** Opens, works, closes; where `create` is not given the database must be there. */
export async function withStore<T>(
  config: Config,
  { create = false, file }: OpenOptions,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const files = dataFiles(config)
  const target = file === undefined ? files.database : ({ kind: 'sqlite', file } as const)
  if (target.kind === 'sqlite' && !existsSync(target.file)) {
    if (!create) throw new CommandError(`没有数据库 / there is no database: ${target.file}`, EXIT.noInput)
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  }
  const database = await openDatabase(target)
  try {
    const audit = createAudit({
      database,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      newId: randomUUID,
      bootId: randomUUID(),
      keyFile: files.auditKeyFile,
    })
    return await work({ database, audit, clock: systemClock, newId: randomUUID })
  } finally {
    await database.close()
  }
}

/** Whoever sits at the host's command line; the trail names the account of the host. */
export function hostPrincipal(): Principal {
  const name = `command line (${userInfo().username})`
  return {
    kind: 'system',
    id: 'command-line',
    name,
    roles: ['administrator'],
    cellCodes: undefined,
    sessionId: 'command-line',
  }
}
