import { join } from 'node:path'
import type { DatabaseTarget } from './database.ts'

/** What lies in the data directory, and the database that the configuration names. */
export interface DataFiles {
  database: DatabaseTarget
  /** Private key of this gateway's audit checkpoints. */
  auditKeyFile: string
  /** This node's id. */
  nodeIdFile: string
  /** Alarm clips of this node. */
  clipsDirectory: string
}

export function dataFiles(config: { dataDir: string; databaseUrl: string | undefined }): DataFiles {
  return {
    database:
      config.databaseUrl === undefined
        ? { kind: 'sqlite', file: join(config.dataDir, 'gridlight.sqlite') }
        : { kind: 'postgresql', url: config.databaseUrl },
    auditKeyFile: join(config.dataDir, 'audit-signing.key'),
    nodeIdFile: join(config.dataDir, 'gateway-id'),
    clipsDirectory: join(config.dataDir, 'clips'),
  }
}
