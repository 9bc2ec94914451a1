import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../gateway/storage/database.ts'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

/** An own SQLite file in a new directory, migrated, closed and removed with the test. */
export async function temporaryDatabase(t: Teardown): Promise<Database> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-'))
  const database = await openDatabase({ kind: 'sqlite', file: join(directory, 'gridlight.sqlite') })
  t.teardown(async () => {
    await database.close()
    await rm(directory, { recursive: true, force: true })
  })
  return database
}
