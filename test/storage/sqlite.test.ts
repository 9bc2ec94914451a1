import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import t, { type Test } from 'tap'
import { assertSqliteDurable } from '../../gateway/storage/database.ts'
import { PrismaClient } from '../../gateway/storage/generated/sqlite/client.ts'
import { migrateSqlite } from '../../gateway/storage/migrate.ts'
import { serialSqlite } from '../../gateway/storage/serial-sqlite.ts'

type Wrap = (inner: SqlDriverAdapterFactory) => SqlDriverAdapterFactory

const DURABLE = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;'

async function openWith(t: Test, wrap: Wrap): Promise<PrismaClient> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-sqlite-'))
  const file = join(directory, 'test.sqlite')
  migrateSqlite(file)
  const client = new PrismaClient({
    adapter: wrap(new PrismaBetterSqlite3({ url: file }, { timestampFormat: 'unixepoch-ms' })),
  })
  t.teardown(async () => {
    await client.$disconnect()
    await rm(directory, { recursive: true, force: true })
  })
  return client
}

/** A plain write is acknowledged while a transaction waits, which is then rolled back. @returns what is left */
async function writeBesideDoomedTransaction(client: PrismaClient): Promise<string[]> {
  const { promise: inside, resolve: isInside } = Promise.withResolvers<void>()
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const doomed = client.$transaction(async (tx) => {
    await tx.setting.create({ data: { name: 'doomed', value: '1' } })
    isInside()
    await mayEnd
    throw new Error('on purpose')
  })
  doomed.catch(() => {})
  await inside
  const write = client.setting.create({ data: { name: 'acknowledged', value: '1' } })
  // With the bare adapter the write is done at once; with the serial one it waits for the transaction.
  await Promise.race([write, new Promise(setImmediate).then(() => new Promise(setImmediate))])
  end()
  await doomed.catch(() => {})
  await write
  return (await client.setting.findMany({ select: { name: true } })).map(({ name }) => name)
}

t.test('the bare adapter loses a write that it has acknowledged; in turn it is kept', async (t) => {
  const bare = await openWith(t, (inner) => inner)
  t.same(await writeBesideDoomedTransaction(bare), [], 'if this keeps the write, the wrapper is no longer needed')
  const serial = await openWith(t, (inner) => serialSqlite(inner, DURABLE))
  t.same(await writeBesideDoomedTransaction(serial), ['acknowledged'])
})

t.test('a database that keeps what it acknowledges is taken', async (t) => {
  const client = await openWith(t, (inner) => serialSqlite(inner, DURABLE))
  await t.resolves(assertSqliteDurable(client))
})

for (const [name, setUp, fault] of [
  ['synchronous=NORMAL', 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;', /synchronous=1/],
  ['synchronous=OFF', 'PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;', /synchronous=0/],
  ['no WAL', 'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;', /journal_mode=delete/],
] as const) {
  t.test(`${name} is refused`, async (t) => {
    const client = await openWith(t, (inner) => serialSqlite(inner, setUp))
    await t.rejects(assertSqliteDurable(client), fault)
  })
}

t.test('a commit that fails leaves no transaction open behind it', async (t) => {
  const client = await openWith(t, (inner) => serialSqlite(inner, `${DURABLE} PRAGMA foreign_keys = ON;`))
  await t.rejects(
    client.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('PRAGMA defer_foreign_keys = ON')
      await tx.$executeRawUnsafe(
        `INSERT INTO "Session" ("id", "tokenHash", "kind", "userId", "createdAt", "lastSeenAt", "expiresAt")
         VALUES ('s', 'h', 'user', 'nobody', 0, 0, 0)`,
      )
    }),
  )
  await t.resolves(client.$transaction((tx) => tx.setting.create({ data: { name: 'next', value: '1' } })))
  t.equal(await client.session.count(), 0)
})
