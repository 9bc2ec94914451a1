import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaPg } from '@prisma/adapter-pg'
import BetterSqlite3 from 'better-sqlite3'
import { PrismaClient as PostgresqlClient } from './generated/postgresql/client.ts'
import { type Prisma, PrismaClient } from './generated/sqlite/client.ts'
import { migratePostgresql, migrateSqlite } from './migrate.ts'
import { serialSqlite } from './serial-sqlite.ts'

/** Inside a transaction; a query on `Database.client` there would wait for itself. */
export type Tx = Prisma.TransactionClient

export interface Database {
  readonly provider: 'sqlite' | 'postgresql'
  /** For reads and single writes outside a transaction. */
  readonly client: PrismaClient
  /** Runs `work` as one transaction: all of it is on disk when this resolves, or none of it. No network inside. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /**
   * Rows of a long table one by one, as SQLite stores them (numbers as bigint), from one moment's state and without the
   * cost of the client; absent on PostgreSQL.
   */
  readonly storedRows?: (sql: string) => Iterable<unknown>
  /** Another number whenever somebody has committed, this process or another; absent on PostgreSQL. A few microseconds. */
  readonly commits?: () => number
  close(): Promise<void>
}

/** SQLite file path or PostgreSQL URL. */
export type DatabaseTarget = { kind: 'sqlite'; file: string } | { kind: 'postgresql'; url: string }

/** Releases before this one can corrupt a database when the WAL is reset (sqlite.org/wal.html, WAL-reset bug). */
const MIN_SQLITE_VERSION = [3, 51, 3] as const

/** Waiting for a place and holding it; with one writer a queue of short transactions must not fail the last one. */
const TRANSACTION_LIMITS = { maxWait: 30_000, timeout: 30_000 }

const SQLITE_SET_UP = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 5000;
  PRAGMA mmap_size = 0;
`

/** Migrates the database forward and opens it; throws where it could not keep the promise that a commit is on disk. */
export async function openDatabase(target: DatabaseTarget): Promise<Database> {
  return target.kind === 'sqlite' ? openSqlite(target.file) : openPostgresql(target.url)
}

async function openSqlite(file: string): Promise<Database> {
  migrateSqlite(file)
  const adapter = serialSqlite(
    new PrismaBetterSqlite3({ url: file }, { timestampFormat: 'unixepoch-ms' }),
    SQLITE_SET_UP,
  )
  const client = new PrismaClient({ adapter, transactionOptions: TRANSACTION_LIMITS })
  await assertSqliteDurable(client)
  const opened = database('sqlite', client)
  const watch = commitWatch(file)
  return {
    ...opened,
    storedRows: (sql) => sqliteRows(file, sql),
    commits: watch.commits,
    close: async () => {
      watch.close()
      await opened.close()
    },
  }
}

/** A connection is told of the commits of all others (sqlite.org/pragma.html#pragma_data_version), so it makes none. */
function commitWatch(file: string): { commits(): number; close(): void } {
  const reader = new BetterSqlite3(file, { readonly: true })
  const version = reader.prepare('PRAGMA data_version').pluck()
  return { commits: () => Number(version.get()), close: () => reader.close() }
}

function* sqliteRows(file: string, sql: string): Generator<unknown> {
  const reader = new BetterSqlite3(file, { readonly: true, timeout: 5_000 })
  try {
    yield* reader.prepare(sql).safeIntegers().iterate()
  } finally {
    reader.close()
  }
}

async function openPostgresql(url: string): Promise<Database> {
  await migratePostgresql(url)
  const adapter = new PrismaPg({ connectionString: url })
  // The two clients are generated from the same models; the SQLite one knows fewer features, so its type serves both.
  const client = new PostgresqlClient({ adapter, transactionOptions: TRANSACTION_LIMITS }) as unknown as PrismaClient
  await assertPostgresqlDurable(client)
  return database('postgresql', client)
}

const commitListeners = new WeakMap<object, (() => void)[]>()

/** Runs `listener` once the transaction is on disk, and never if it is rolled back: to wake whoever delivers. */
export function afterCommit(tx: Tx, listener: () => void): void {
  const listeners = commitListeners.get(tx)
  if (listeners === undefined) throw new Error('afterCommit needs the tx of Database.transaction')
  listeners.push(listener)
}

function database(provider: Database['provider'], client: PrismaClient): Database {
  return {
    provider,
    client,
    transaction: async (work) => {
      const listeners: (() => void)[] = []
      const result = await client.$transaction((tx) => {
        commitListeners.set(tx, listeners)
        return work(tx)
      })
      for (const listener of listeners) listener()
      return result
    },
    close: () => client.$disconnect(),
  }
}

/** Read after a query on the live connection: right after the switch to WAL SQLite still reports the old value. */
export async function assertSqliteDurable(client: PrismaClient): Promise<void> {
  await client.setting.count()
  const [row] = await client.$queryRawUnsafe<{ version: string }[]>('SELECT sqlite_version() AS version')
  const version = (row?.version ?? '0').split('.').map(Number)
  const older = MIN_SQLITE_VERSION.findIndex((part, at) => (version[at] ?? 0) !== part)
  if (older !== -1 && (version[older] ?? 0) < (MIN_SQLITE_VERSION[older] ?? 0)) {
    throw new Error(`SQLite ${row?.version} is too old; ${MIN_SQLITE_VERSION.join('.')} or newer is needed`)
  }
  const [journal] = await client.$queryRawUnsafe<{ journal_mode: string }[]>('PRAGMA journal_mode')
  const [synchronous] = await client.$queryRawUnsafe<{ synchronous: number | bigint }[]>('PRAGMA synchronous')
  if (journal?.journal_mode !== 'wal' || Number(synchronous?.synchronous) !== 2) {
    throw new Error(
      `SQLite would not keep what it acknowledges: journal_mode=${journal?.journal_mode}, synchronous=${synchronous?.synchronous}, wanted wal and 2 (FULL)`,
    )
  }
}

async function assertPostgresqlDurable(client: PrismaClient): Promise<void> {
  for (const name of ['fsync', 'synchronous_commit'] as const) {
    const [row] = await client.$queryRawUnsafe<Record<string, string>[]>(`SHOW ${name}`)
    const value = Object.values(row ?? {})[0]
    if (value === 'off' || value === undefined) {
      throw new Error(`PostgreSQL would not keep what it acknowledges: ${name}=${value}`)
    }
  }
}
