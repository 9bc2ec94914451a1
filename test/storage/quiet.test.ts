import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import { Quiet } from '../../gateway/storage/quiet.ts'
import { temporaryDatabase } from '../fakes/database.ts'

t.test('commits of anybody are told, and nothing else', async (t) => {
  const database = await temporaryDatabase(t)
  const { client } = database
  const changes = async (work: () => unknown): Promise<boolean> => {
    const before = database.commits?.()
    await work()
    return database.commits?.() !== before
  }
  const insert = (name: string) => client.setting.create({ data: { name, value: '1' } })
  t.notOk(await changes(() => client.setting.count()), 'a question')
  t.ok(await changes(() => insert('one')))
  t.ok(
    await changes(() =>
      database.transaction((tx) => tx.setting.update({ where: { name: 'one' }, data: { value: '2' } })),
    ),
  )
  const failing = database.transaction(async (tx) => {
    await tx.setting.update({ where: { name: 'one' }, data: { value: '3' } })
    throw new Error('rolled back')
  })
  t.notOk(await changes(() => failing.catch(() => {})), 'what is rolled back')
  const [{ file = '' } = {}] = await client.$queryRawUnsafe<{ file: string }[]>('PRAGMA database_list')
  const other = new BetterSqlite3(file)
  t.ok(await changes(() => other.prepare('DELETE FROM Setting').run()), 'another process')
  other.close()
})

t.test('a question is asked after a commit or when it is time', async (t) => {
  let commits = 1
  const quiet = new Quiet({ commits: () => commits })
  t.ok(quiet.isOver(0), 'never asked')
  t.ok(quiet.isOver(0), 'something was found')
  quiet.begin(100)
  t.notOk(quiet.isOver(99))
  t.ok(quiet.isOver(100), 'it is time')
  quiet.begin()
  t.notOk(quiet.isOver(1e15))
  commits = 2
  t.ok(quiet.isOver(0), 'a commit')
  commits = 3
  quiet.begin()
  t.ok(quiet.isOver(0), 'a commit while it was asked')
  const untold = new Quiet({})
  untold.begin()
  t.ok(untold.isOver(0), 'PostgreSQL does not tell')
})
