import t from 'tap'
import { MAX_WAITING_MESSAGES } from '../../gateway/alarms/intake.ts'
import { pruneRejected } from '../../gateway/alarms/store.ts'
import type { Database, Tx } from '../../gateway/storage/database.ts'
import { addSource, bytes, CELL, message, startAlarms } from '../fakes/alarm-gateway.ts'
import { onBothDatabases } from '../fakes/databases.ts'

await onBothDatabases(t, async (t, open) => {
  t.test('an alarm is stored with its place and told in the same transaction', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const source = await addSource(database)
    const receipt = await alarms.receive(
      source.id,
      bytes(message('a', { text: '北门', data: { zone: 3, plate: 'x' } })),
    )
    t.equal(receipt.kind, 'stored')
    const [row] = await database.client.alarm.findMany()
    t.match(row, { sourceKey: 'a', cellCode: CELL, priority: 2, state: 'active', text: '北门', strippedFields: 1 })
    t.equal(row?.dataJson, '{"zone":3}')
    t.equal(row?.occurredAt.toISOString(), '2026-03-02T06:03:27.000Z')
    t.ok(Math.abs((row?.receivedAt.getTime() ?? 0) - Date.now()) < 60_000)
    const [event] = await database.client.event.findMany({ where: { kind: 'alarm' } })
    t.match(JSON.parse(event?.dataJson ?? ''), { id: row?.id, strippedFields: 1, text: '北门' })
  })

  t.test('an urgent alarm overtakes the others of its source, and none of them is missed for it', async (t) => {
    const database = await open(t)
    const { alarms, events } = await startAlarms(t, database)
    const [{ id }, other] = [await addSource(database), await addSource(database)]
    const told: string[] = []
    events.onEvents((all) => {
      for (const event of all) if (event.kind === 'alarm') told.push(event.data.sourceKey)
    })
    const send = (source: string, key: string, changes: object) =>
      alarms.receive(source, bytes(message(key, { type: 'motion', ...changes })))
    // 150 is never sent.
    const numbers = Array.from({ length: 500 }, (_, n) => n).filter((n) => n !== 150)
    await Promise.all([
      ...numbers.map((sequence) => send(id, `k${sequence}`, { sequence })),
      send(id, 'urgent', { sequence: 500, type: 'smoke' }),
      send(other.id, 'other', {}),
    ])
    while (told.length < 502) await new Promise(setImmediate)
    t.ok(told.indexOf('urgent') < 100, 'with the next commit')
    t.ok(told.indexOf('other') < 200, 'a source that sends little waits for its turn, not for the flood')
    const gaps = await database.client.alarm.findMany({ where: { type: 'source-silent' } })
    t.strictSame(
      gaps.map(({ text }) => text),
      ['缺失消息 missing messages 150'],
    )
    const kept = told.filter((key) => key.startsWith('k')).map((key) => Number(key.slice(1)))
    t.strictSame(kept, numbers, 'in their order')
  })

  t.test('each of 50 alarms sent 10 times, shuffled, is one alarm and one event', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const sources = await Promise.all([addSource(database), addSource(database)])
    const sends = Array.from({ length: 500 }, (_, n) => ({ source: sources[n % 2]?.id ?? '', key: `k${n % 50}` }))
    shuffle(sends)
    const receipts = await Promise.all(sends.map(({ source, key }) => alarms.receive(source, bytes(message(key)))))
    t.equal(receipts.filter(({ kind }) => kind === 'stored').length, 50)
    t.equal(receipts.filter(({ kind }) => kind === 'repeated').length, 450)
    t.equal(await database.client.alarm.count(), 50)
    t.equal(await database.client.event.count({ where: { kind: 'alarm' } }), 50)
  })

  t.test('cleared ends the alarm once and for good', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const { id } = await addSource(database)
    for (const state of ['active', 'active', 'cleared', 'cleared', 'active'] as const) {
      await alarms.receive(id, bytes(message('a', { state })))
    }
    const both = [
      alarms.receive(id, bytes(message('b'))),
      alarms.receive(id, bytes(message('b', { state: 'cleared' }))),
    ]
    await Promise.all(both)
    const rows = await database.client.alarm.findMany()
    t.strictSame(
      rows.map(({ state }) => state),
      ['cleared', 'cleared'],
    )
    const events = await database.client.event.findMany({ where: { kind: 'alarm' }, orderBy: { id: 'asc' } })
    t.strictSame(
      events.map(({ dataJson }) => JSON.parse(dataJson)).map(({ sourceKey, state }) => `${sourceKey} ${state}`),
      ['a active', 'a cleared', 'b active', 'b cleared'],
    )
  })

  t.test('numbers that a source counts and that never came are an alarm, once', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const [source, other] = [await addSource(database), await addSource(database)]
    const send = (id: string, sequences: number[]) =>
      Promise.all(sequences.map((sequence) => alarms.receive(id, bytes(message(`m${sequence}`, { sequence })))))
    await send(source.id, [41, 42, 45, 46])
    await send(source.id, [45, 43, 47, 49])
    await send(source.id, [1, 2])
    await send(other.id, [7])
    const gaps = await database.client.alarm.findMany({ where: { type: 'source-silent' }, orderBy: { text: 'asc' } })
    t.strictSame(
      gaps.map(({ text, cellCode }) => [text.split(' ').at(-1), cellCode]),
      [
        ['43–44', CELL],
        ['48', CELL],
      ],
    )
  })

  t.test('what cannot be taken is kept with its reason and does not stop its neighbours', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const { id } = await addSource(database)
    const nasty = ['\0', '\ud800', '\u2028', "'; DROP TABLE", '{"x":1}', '\\u0000', '😀', '%s$1?']
    const receipts = await Promise.all([
      ...nasty.map((text, n) => alarms.receive(id, bytes(message(`n${n}`, { text, data: { [`k${text}`]: text } })))),
      alarms.receive(id, bytes('{"broken')),
      alarms.receive(id, Buffer.alloc(70_000, 'x')),
      alarms.receive('c0ffee00-0000-4000-8000-000000000000', bytes(message('stranger'))),
      alarms.receive(id, bytes(message('last'))),
    ])
    t.strictSame(
      receipts.map(({ kind }) => kind),
      [...nasty.map(() => 'stored'), 'rejected', 'rejected', 'rejected', 'stored'],
    )
    const rejected = await database.client.rejectedInput.findMany()
    t.strictSame(rejected.map(({ reason }) => reason).sort(), [
      'message is not JSON in UTF-8',
      'message of 70000 bytes, limit 65536',
      'there is no such alarm source',
    ])
    t.equal(Math.max(...rejected.map(({ payload }) => payload.length)), 4096)
    t.strictSame(alarms.counts, { stored: nasty.length + 1, repeated: 0, rejected: 3, ignored: 0 })
  })

  t.test('what is kept of a refusal does not say who somebody is', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const { id } = await addSource(database)
    await alarms.receive(
      id,
      bytes({
        ...message('a'),
        type: 'face',
        data: { plate: 'X1', zone: 3, faces: [{ name: 'Z' }], sub_label: ['Zhang San', 0.9] },
      }),
    )
    const [kept] = await database.client.rejectedInput.findMany()
    t.strictSame(JSON.parse(Buffer.from(kept?.payload ?? []).toString()).data, { zone: 3 })
  })

  t.test('a source that sends nonsense pushes out its own refusals and nobody else’s', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const [mad, other] = [await addSource(database), await addSource(database)]
    await alarms.receive(other.id, bytes('"of the other"'))
    for (let n = 0; n < 12; n++) await alarms.receive(mad.id, bytes(`"${n}"`))
    const kept = async (sourceId: string): Promise<number> =>
      database.client.rejectedInput.count({ where: { sourceId } })
    const old = new Date(0)
    await pruneRejected(database, { all: 10, ofOne: 3 }, old)
    t.same([await kept(mad.id), await kept(other.id)], [3, 1])
    await pruneRejected(database, { all: 2, ofOne: 3 }, old)
    t.same([await kept(mad.id), await kept(other.id)], [2, 0], 'the oldest go where there is no room for all')
    await pruneRejected(database, { all: 10, ofOne: 3 }, new Date(Date.now() + 1000))
    t.equal(await kept(mad.id), 0)
  })

  t.test('an urgent alarm does not queue behind a flood', async (t) => {
    const database = await open(t)
    const { alarms } = await startAlarms(t, database)
    const { id } = await addSource(database)
    let taken = 0
    const flood = Array.from({ length: 3000 }, (_, n) =>
      alarms.receive(id, bytes(message(`f${n}`, { type: 'motion' }))).then(() => taken++),
    )
    await alarms.receive(id, bytes(message('urgent', { type: 'panic-button' })))
    t.ok(taken <= 200, `${taken} of 3,000 were stored before it`)
    await Promise.all(flood)
    t.equal(await database.client.alarm.count(), 3001)
  })

  t.test('so many wait for storage and no more; who comes then is told so, and taken later', async (t) => {
    const database = await open(t)
    const store = Promise.withResolvers<void>()
    let isStuck = false
    const stuck: Database = {
      ...database,
      transaction: async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
        if (!isStuck) return database.transaction(work)
        await store.promise
        throw new Error('disk full')
      },
    }
    const { id } = await addSource(database)
    const { alarms } = await startAlarms(t, stuck)
    isStuck = true
    const waiting = Array.from({ length: MAX_WAITING_MESSAGES }, (_, n) => alarms.receive(id, bytes(message(`w${n}`))))
    const turnedAway = alarms.receive(id, bytes(message('one too many')))
    store.resolve()
    await t.rejects(turnedAway, /20000 messages wait for storage already/)
    const ends = await Promise.allSettled(waiting)
    t.equal(ends.filter(({ status }) => status === 'rejected').length, MAX_WAITING_MESSAGES, 'none is called stored')
    isStuck = false
    t.match(await alarms.receive(id, bytes(message('one too many'))), { kind: 'stored' })
  })

  t.test('a transaction that fails gives no receipt, and the same message again is taken', async (t) => {
    const database = await open(t)
    let isFull = true
    const failing: Database = {
      ...database,
      transaction: <T>(work: (tx: Tx) => Promise<T>) =>
        database.transaction(async (tx) => {
          const result = await work(tx)
          if (isFull) throw new Error('disk full')
          return result
        }),
    }
    const source = await addSource(database)
    isFull = false
    const { alarms } = await startAlarms(t, failing)
    isFull = true
    await t.rejects(alarms.receive(source.id, bytes(message('a'))), { message: 'disk full' })
    t.equal(await database.client.alarm.count(), 0)
    isFull = false
    t.match(await alarms.receive(source.id, bytes(message('a'))), { kind: 'stored' })
  })

  t.test('what a source sent behind what could not be stored is not stored before it; others are', async (t) => {
    const database = await open(t)
    let gate: { reached: () => void; failed: Promise<never> } | undefined
    const stuck: Database = {
      ...database,
      transaction: <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
        const mine = gate
        if (mine === undefined) return database.transaction(work)
        gate = undefined
        mine.reached()
        return mine.failed
      },
    }
    const [{ id }, other] = [await addSource(database), await addSource(database)]
    const { alarms } = await startAlarms(t, stuck)
    const send = (sequence: number) => alarms.receive(id, bytes(message(`k${sequence}`, { sequence })))
    t.match(await send(1), { kind: 'stored' })
    const [reached, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()]
    gate = { reached: reached.resolve, failed: failed.promise }
    const first = send(2)
    await reached.promise
    const behind = send(3)
    const elsewhere = alarms.receive(other.id, bytes(message('b')))
    failed.reject(new Error('disk full'))
    await t.rejects(first, { message: 'disk full' })
    await t.rejects(behind, { message: 'disk full' })
    t.match(await elsewhere, { kind: 'stored' })
    // It sends both again, in their order.
    t.match(await Promise.all([send(2), send(3)]), [{ kind: 'stored' }, { kind: 'stored' }])
    t.equal(await database.client.alarm.count({ where: { type: 'source-silent' } }), 0, 'no number was missing')
  })
})

function shuffle(items: unknown[]): void {
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[items[at], items[other]] = [items[other], items[at]]
  }
}
