import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'
import t, { type Test } from 'tap'
import { migratePostgresql, migrateSqlite, pendingMigrations } from '../../gateway/storage/migrate.ts'
import { postgresqlBinaries, startPostgresql } from '../fakes/postgresql.ts'

/** One database, migrated again and again, whose ledger can be changed behind the program's back. */
interface Subject {
  migrate(): Promise<void>
  execute(sql: string): Promise<void>
  ledger(): Promise<{ id: string }[]>
}

async function suite(t: Test, open: (t: Test) => Promise<Subject>): Promise<void> {
  await t.test('applied once, and once only', async (t) => {
    const subject = await open(t)
    await subject.migrate()
    const ledger = await subject.ledger()
    t.ok(ledger.length >= 1)
    await subject.migrate()
    t.same(await subject.ledger(), ledger)
  })
  await t.test('a migration that was edited after it was applied is refused', async (t) => {
    const subject = await open(t)
    await subject.migrate()
    await subject.execute(`UPDATE "SchemaMigration" SET "checksum" = 'edited' WHERE "id" LIKE '0001%'`)
    await t.rejects(subject.migrate(), /was edited after it was applied/)
  })
  await t.test('a database that is newer than the program is refused', async (t) => {
    const subject = await open(t)
    await subject.migrate()
    await subject.execute(`INSERT INTO "SchemaMigration" VALUES ('9999_future', 'x')`)
    await t.rejects(subject.migrate(), /9999_future, which this release does not know/)
  })
  await t.test('two programs that start at once migrate once', async (t) => {
    const subject = await open(t)
    await Promise.all([subject.migrate(), subject.migrate()])
    t.ok((await subject.ledger()).length >= 1)
  })
}

t.test('sqlite', (t) =>
  suite(t, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'gridlight-migrate-'))
    t.teardown(() => rm(directory, { recursive: true, force: true }))
    const file = join(directory, 'test.sqlite')
    const onFile = <T>(work: (db: BetterSqlite3.Database) => T): T => {
      const db = new BetterSqlite3(file)
      try {
        return work(db)
      } finally {
        db.close()
      }
    }
    return {
      migrate: async () => migrateSqlite(file),
      execute: async (sql) => onFile((db) => void db.exec(sql)),
      ledger: async () => onFile((db) => db.prepare<[], { id: string }>('SELECT id FROM "SchemaMigration"').all()),
    }
  }),
)

const binaries = await postgresqlBinaries()
t.test('postgresql', binaries === undefined ? { skip: 'PostgreSQL is not installed' } : {}, async (t) => {
  if (binaries === undefined) return
  const cluster = await startPostgresql(t, binaries)
  await suite(t, async () => {
    const url = await cluster.createDatabase()
    const query = async <T extends pg.QueryResultRow>(sql: string): Promise<T[]> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        return (await client.query<T>(sql)).rows
      } finally {
        await client.end()
      }
    }
    return {
      migrate: () => migratePostgresql(url),
      execute: async (sql) => void (await query(sql)),
      ledger: () => query<{ id: string }>('SELECT id FROM "SchemaMigration"'),
    }
  })
})

t.test('what is left to apply', async (t) => {
  const known = ['0001_a', '0002_b', '0003_c'].map((id) => ({ id, sql: '', checksum: `sum of ${id}` }))
  t.same(pendingMigrations(known, []), known)
  t.same(pendingMigrations(known, known.slice(0, 2)), known.slice(2))
  t.same(pendingMigrations(known, known), [])
  t.throws(() => pendingMigrations(known, [{ id: '0002_b', checksum: 'sum of 0002_b' }]), /does not know/)
})
