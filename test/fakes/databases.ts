import type { Test } from 'tap'
import { type Database, openDatabase } from '../../gateway/storage/database.ts'
import { temporaryDatabase } from './database.ts'
import { postgresqlBinaries, startPostgresql } from './postgresql.ts'

/** Runs the same suite on SQLite and, where it is installed, on PostgreSQL; `open` gives an empty database. */
export async function onBothDatabases(
  t: Test,
  suite: (t: Test, open: (t: Test) => Promise<Database>) => Promise<void>,
): Promise<void> {
  await t.test('sqlite', (t) => suite(t, temporaryDatabase))
  const binaries = await postgresqlBinaries()
  const options = binaries === undefined ? { skip: 'PostgreSQL is not installed' } : {}
  await t.test('postgresql', options, async (t) => {
    if (binaries === undefined) return
    const cluster = await startPostgresql(t, binaries)
    await suite(t, async (t) => {
      const database = await openDatabase({ kind: 'postgresql', url: await cluster.createDatabase() })
      t.teardown(() => database.close())
      return database
    })
  })
}
