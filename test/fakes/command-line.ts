import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../gateway/cli/main.ts'
import { type Database, openDatabase } from '../../gateway/storage/database.ts'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export interface CommandLine {
  dataDir: string
  /** Runs one command in its own data directory. */
  run(args: readonly string[], stdin?: string): Promise<{ code: number; out: string; err: string }>
  /** Opens the commands' database, works and closes it. */
  inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T>
}

export async function commandLine(t: Teardown, environment: Record<string, string> = {}): Promise<CommandLine> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-cli-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const dataDir = join(directory, 'data')
  return {
    dataDir,
    run: async (args, stdin) => {
      const out: string[] = []
      const err: string[] = []
      const code = await runCommand(
        args,
        { GRIDLIGHT_DATA_DIR: dataDir, ...environment },
        {
          firstLine: async () => stdin,
          out: (line) => void out.push(line),
          err: (line) => void err.push(line),
        },
      )
      return { code, out: out.join('\n'), err: err.join('\n') }
    },
    inDatabase: async (work) => {
      const database = await openDatabase({ kind: 'sqlite', file: join(dataDir, 'gridlight.sqlite') })
      try {
        return await work(database)
      } finally {
        await database.close()
      }
    },
  }
}
