import t, { type Test } from 'tap'
import { takeNumbers } from '../../gateway/storage/counter.ts'
import { afterCommit, type Database } from '../../gateway/storage/database.ts'
import { onBothDatabases } from '../fakes/databases.ts'

const WRITERS = 50

await onBothDatabases(t, async (t, open: (t: Test) => Promise<Database>) => {
  await t.test('a transaction is all or nothing', async (t) => {
    const database = await open(t)
    await t.rejects(
      database.transaction(async (tx) => {
        await tx.setting.create({ data: { name: 'a', value: '1' } })
        await takeNumbers(tx, 'event')
        throw new Error('on purpose')
      }),
      /on purpose/,
    )
    t.equal(await database.client.setting.count(), 0)
    t.equal(await database.transaction((tx) => takeNumbers(tx, 'event')), 1n, 'the number went back too')
  })

  await t.test('what is written while a transaction waits survives its rollback', async (t) => {
    const database = await open(t)
    const { promise: inside, resolve: isInside } = Promise.withResolvers<void>()
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
    const doomed = database.transaction(async (tx) => {
      await tx.setting.create({ data: { name: 'doomed', value: '1' } })
      isInside()
      await mayEnd
      throw new Error('on purpose')
    })
    await inside
    const kept = database.client.setting.create({ data: { name: 'kept', value: '1' } })
    end()
    await t.rejects(doomed, /on purpose/)
    await kept
    t.same(await database.client.setting.findMany({ select: { name: true } }), [{ name: 'kept' }])
  })

  await t.test('numbers are gapless, and their order is the order of commits', async (t) => {
    const database = await open(t)
    const committed: bigint[] = []
    const writers = Array.from({ length: WRITERS }, (_, n) =>
      database
        .transaction(async (tx) => {
          if (n % 3 === 0) await tx.setting.count()
          const number = await takeNumbers(tx, 'event')
          await tx.setting.create({ data: { name: `n${n}`, value: String(number) } })
          // Seen from inside: everything with a smaller number is committed, or this one could overtake it.
          const smaller = await tx.setting.count()
          if (BigInt(smaller) !== number) throw new Error(`number ${number} sees ${smaller} rows`)
          afterCommit(tx, () => committed.push(number))
        })
        .catch((error: unknown) => t.fail(String(error))),
    )
    await Promise.all(writers)
    const expected = Array.from({ length: WRITERS }, (_, n) => BigInt(n + 1))
    t.same(
      [...committed].sort((a, b) => Number(a - b)),
      expected,
    )
    const { value } = await database.client.counter.findUniqueOrThrow({ where: { name: 'event' } })
    t.equal(value, BigInt(WRITERS))
  })

  await t.test('several numbers at once', async (t) => {
    const database = await open(t)
    t.equal(await database.transaction((tx) => takeNumbers(tx, 'audit', 5)), 1n)
    t.equal(await database.transaction((tx) => takeNumbers(tx, 'audit')), 6n)
    t.equal(await database.transaction((tx) => takeNumbers(tx, 'event')), 1n, 'each name counts for itself')
  })

  await t.test('afterCommit is called once the change is there, and never after a rollback', async (t) => {
    const database = await open(t)
    const calls: string[] = []
    await database.transaction(async (tx) => {
      afterCommit(tx, () => calls.push('done'))
      await tx.setting.create({ data: { name: 'a', value: '1' } })
      t.same(calls, [])
    })
    await t.rejects(
      database.transaction(async (tx) => {
        afterCommit(tx, () => calls.push('undone'))
        throw new Error('on purpose')
      }),
    )
    t.same(calls, ['done'])
    t.throws(() => afterCommit(database.client, () => {}), /needs the tx/)
  })

  await t.test('times, blobs and big numbers come back as they were', async (t) => {
    const database = await open(t)
    const at = new Date('2026-03-02T06:03:27.123Z')
    const payload = Uint8Array.from([0, 1, 255])
    await database.client.rejectedInput.create({ data: { id: 'r', reason: 'x', at, payload } })
    await database.client.event.create({
      data: { id: 2n ** 60n + 1n, kind: 'alarm', cellCode: '1', dataJson: '{}', at },
    })
    const rejected = await database.client.rejectedInput.findUniqueOrThrow({ where: { id: 'r' } })
    t.equal(rejected.at.toISOString(), at.toISOString())
    t.same([...rejected.payload], [0, 1, 255])
    t.equal((await database.client.event.findFirstOrThrow()).id, 2n ** 60n + 1n)
  })
})
