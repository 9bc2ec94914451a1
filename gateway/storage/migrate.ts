import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'

interface Migration {
  id: string
  sql: string
  /** SHA-256 of the SQL, hex */
  checksum: string
}

const migrationsDir = join(import.meta.dirname, 'migrations')

/** Any constant will do as long as every gateway takes the same one ("GRID" in ASCII). */
const ADVISORY_LOCK = 0x47524944

const LEDGER = 'CREATE TABLE IF NOT EXISTS "SchemaMigration" ("id" TEXT PRIMARY KEY, "checksum" TEXT NOT NULL)'

function migrations(provider: 'sqlite' | 'postgresql'): Migration[] {
  const order: string[] = JSON.parse(readFileSync(join(migrationsDir, 'order.json'), 'utf8'))
  return order.map((id) => {
    const sql = readFileSync(join(migrationsDir, provider, `${id}.sql`), 'utf8')
    return { id, sql, checksum: createHash('sha256').update(sql).digest('hex') }
  })
}

/** What is left to apply; throws when an applied migration was edited or the database is newer than the program. */
export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly { id: string; checksum: string }[],
): Migration[] {
  for (const [at, done] of applied.entries()) {
    const migration = known[at]
    if (migration === undefined || migration.id !== done.id) {
      throw new Error(`the database has migration ${done.id}, which this release does not know: run the newer release`)
    }
    if (migration.checksum !== done.checksum) {
      throw new Error(`migration ${done.id} was edited after it was applied: restore its file`)
    }
  }
  return known.slice(applied.length)
}

/** Applies what is pending, each migration with its ledger row in one transaction. */
export function migrateSqlite(file: string): void {
  const db = new BetterSqlite3(file, { timeout: 5000 })
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE')
    try {
      db.exec(LEDGER)
      const applied = db
        .prepare<[], { id: string; checksum: string }>('SELECT id, checksum FROM "SchemaMigration" ORDER BY id')
        .all()
      for (const migration of pendingMigrations(migrations('sqlite'), applied)) {
        db.exec(migration.sql)
        db.prepare('INSERT INTO "SchemaMigration" VALUES (?, ?)').run(migration.id, migration.checksum)
      }
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  } finally {
    db.close()
  }
}

export async function migratePostgresql(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK])
    await client.query(LEDGER)
    const applied = await client.query<{ id: string; checksum: string }>(
      'SELECT id, checksum FROM "SchemaMigration" ORDER BY id',
    )
    for (const migration of pendingMigrations(migrations('postgresql'), applied.rows)) {
      await client.query(migration.sql)
      await client.query('INSERT INTO "SchemaMigration" VALUES ($1, $2)', [migration.id, migration.checksum])
    }
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}
