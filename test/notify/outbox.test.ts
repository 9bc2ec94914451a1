import { randomUUID } from 'node:crypto'
import pino from 'pino'
import t from 'tap'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import type { CameraEvent, NewLiveEvent } from '../../gateway/contracts/event.ts'
import type { OutgoingMessage } from '../../gateway/mqtt/topics.ts'
import { listDeadLetters } from '../../gateway/notify/dead-letters.ts'
import { createEvents } from '../../gateway/notify/events.ts'
import { createOutbox } from '../../gateway/notify/outbox.ts'
import { insertEvents, pruneEvents, readCursor, writeCursor } from '../../gateway/notify/store.ts'
import { LEADS_ALWAYS } from '../../gateway/storage/leading-node.ts'
import { onBothDatabases } from '../fakes/databases.ts'

const camera = (reason: string): CameraEvent => ({
  id: '7d8f3a52-1c0e-4f6b-9d57-2f6f6b0c1a11',
  name: 'north gate',
  cellCode: '370101001001001',
  state: 'offline',
  since: '2026-03-02T06:03:27.000Z',
  reason,
})
const event = (reason: string) => ({ kind: 'camera' as const, cellCode: '370101001001001', data: camera(reason) })
const BARRED = 'b2a1e6f4-0d57-4f0e-9a3c-5a8f1d2c3b4e'

/** The time that passes, no words in a log, and a back-off without chance. */
const STEADY = { clock: systemClock, log: pino({ level: 'silent' }), newId: randomUUID, random: () => 0.5 }

await onBothDatabases(t, async (t, open) => {
  t.test('events reach a broker that comes and goes, in order, and the cursor follows', async (t) => {
    const database = await open(t)
    const events = createEvents({ ...STEADY, database })
    const published: OutgoingMessage[] = []
    let isAway = true
    let tell = (): void => {}
    const all = Promise.withResolvers<void>()
    const outbox = createOutbox({
      ...STEADY,
      database,
      events,
      publisher: {
        publish: async (message) => {
          if (isAway) throw new Error('away')
          published.push(message)
          // Goes away once in the middle.
          if (published.length === 130) isAway = true
          if (message.payload.includes('"event 299"')) all.resolve()
        },
        onConnected: (listener) => {
          tell = listener
          return () => {}
        },
      },
      destination: 'mqtt',
      lead: LEADS_ALWAYS,
      cameraStates: async () => [camera('now')],
    })
    await events.start()
    outbox.start()
    t.teardown(async () => {
      await outbox.close()
      await events.close()
    })
    for (let n = 0; n < 300; n += 50) {
      const batch = Array.from({ length: 50 }, (_, at) => event(`event ${n + at}`))
      await database.transaction((tx) => events.publishAll(tx, batch))
    }
    t.equal(published.length, 0)
    isAway = false
    tell()
    while (!isAway) await new Promise(setImmediate)
    isAway = false
    tell()
    await all.promise
    const reasons = published.map(({ payload }) => JSON.parse(payload).reason)
    t.equal(published[0]?.retain, true)
    t.equal(reasons[0], 'now', 'a new broker is told how things stand')
    const first = [...new Set(reasons.filter((reason) => reason !== 'now'))]
    t.strictSame(
      first,
      Array.from({ length: 300 }, (_, n) => `event ${n}`),
    )
    await outbox.close()
    t.equal(await readCursor(database, 'mqtt'), 300n)
  })

  t.test(
    'after a refusal nothing is begun until it is tried again; once it is a dead letter the rest follows',
    async (t) => {
      const database = await open(t)
      const events = createEvents({ ...STEADY, database })
      const begun: number[] = []
      const all = Promise.withResolvers<void>()
      const outbox = createOutbox({
        ...STEADY,
        clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(0, signal) },
        database,
        events,
        publisher: {
          publish: async ({ payload }) => {
            const number = Number(JSON.parse(payload).reason)
            begun.push(number)
            // The answer comes when others are under way.
            await new Promise(setImmediate)
            if (number === 5) throw Object.assign(new Error('not authorized'), { code: 0x87 })
            if (number === 100) all.resolve()
          },
          onConnected: () => () => {},
        },
        destination: 'mqtt',
        lead: LEADS_ALWAYS,
        cameraStates: async () => [],
      })
      const told = Array.from({ length: 100 }, (_, at) => event(`${at + 1}`))
      await database.transaction((tx) => insertEvents(tx, told, new Date()))
      outbox.start()
      t.teardown(() => outbox.close())
      await all.promise
      await outbox.close()
      const tries = begun.flatMap((number, at) => (number === 5 ? [at] : []))
      t.equal(tries.length, 5)
      for (const [n, at] of tries.slice(1).entries()) {
        const behind = begun.slice((tries[n] ?? 0) + 1, at).filter((number) => number > 5)
        t.ok(behind.length < 20, `${behind.length} behind it were under way`)
      }
      t.strictSame(
        [...new Set(begun)],
        Array.from({ length: 100 }, (_, at) => at + 1),
        'each, and in its order',
      )
      t.match(await listDeadLetters(database, undefined, 10), [{ event: 5, reason: 'not authorized' }])
      t.equal(await readCursor(database, 'mqtt'), 100n)
    },
  )

  t.test('a topic that is not allowed is tried five times, not five times for each message', async (t) => {
    const database = await open(t)
    const events = createEvents({ ...STEADY, database })
    const begun: string[] = []
    let isAllowed = false
    const outbox = createOutbox({
      ...STEADY,
      clock: { ...systemClock, sleep: (_, signal) => systemClock.sleep(0, signal) },
      database,
      events,
      publisher: {
        publish: async ({ topic, payload }) => {
          const { reason } = JSON.parse(payload)
          begun.push(reason)
          if (!isAllowed && topic.includes(BARRED)) throw Object.assign(new Error('not authorized'), { code: 0x87 })
        },
        onConnected: () => () => {},
      },
      destination: 'mqtt',
      lead: LEADS_ALWAYS,
      cameraStates: async () => [],
    })
    const barred = (reason: string) => ({ ...event(reason), data: { ...camera(reason), id: BARRED } })
    let last = 0n
    /** Resolves when nothing waits any more. */
    const tell = async (events: NewLiveEvent[]): Promise<void> => {
      await database.transaction((tx) => insertEvents(tx, events, new Date()))
      last += BigInt(events.length)
      while ((await readCursor(database, 'mqtt')) < last) await new Promise(setImmediate)
    }
    const triesOf = (reason: string): number => begun.filter((one) => one === reason).length
    outbox.start()
    t.teardown(() => outbox.close())
    await tell([barred('first'), barred('second'), event('among'), barred('third'), event('end')])
    // All five are under way together each time.
    for (const reason of ['first', 'second', 'third']) t.equal(triesOf(reason), 5, reason)
    await tell([barred('fourth'), event('end')])
    t.equal(triesOf('fourth'), 1)
    isAllowed = true
    await tell([barred('allowed')])
    isAllowed = false
    await tell([barred('anew')])
    t.equal(triesOf('anew'), 5, 'a topic that was allowed meanwhile')
    const letters = (await listDeadLetters(database, undefined, 10)).map(({ event }) => event)
    t.strictSame(
      letters.sort((a, b) => a - b),
      [1, 2, 4, 6, 9],
    )
  })

  t.test('a state that the broker refuses holds up neither other states nor events', async (t) => {
    const database = await open(t)
    const events = createEvents({ ...STEADY, database })
    const taken: string[] = []
    const end = Promise.withResolvers<void>()
    const outbox = createOutbox({
      ...STEADY,
      database,
      events,
      publisher: {
        publish: async ({ payload }) => {
          const { reason } = JSON.parse(payload)
          if (reason === 'refused') throw Object.assign(new Error('not authorized'), { code: 0x87 })
          taken.push(reason)
          if (reason === 'event') end.resolve()
        },
        onConnected: () => () => {},
      },
      destination: 'mqtt',
      lead: LEADS_ALWAYS,
      cameraStates: async () => [camera('refused'), ...Array.from({ length: 30 }, (_, n) => camera(`state ${n}`))],
    })
    await database.transaction((tx) => insertEvents(tx, [event('event')], new Date()))
    outbox.start()
    t.teardown(() => outbox.close())
    await end.promise
    t.strictSame(taken, [...Array.from({ length: 30 }, (_, n) => `state ${n}`), 'event'])
  })

  t.test('a node that does not lead delivers nothing; one that loses the lead stops where it is', async (t) => {
    const database = await open(t)
    const events = createEvents({ ...STEADY, database })
    const reasons: string[] = []
    const taken = Promise.withResolvers<void>()
    let [isLeading, connect, lead] = [false, (): void => {}, (): void => {}]
    const outbox = createOutbox({
      ...STEADY,
      database,
      events,
      publisher: {
        publish: async ({ payload }) => {
          reasons.push(JSON.parse(payload).reason)
          if (reasons.length < 30) return
          isLeading = false
          taken.resolve()
        },
        onConnected: (listener) => {
          connect = listener
          return () => {}
        },
      },
      destination: 'mqtt',
      lead: {
        isHeld: () => isLeading,
        onChange: (listener) => {
          lead = listener
          return () => {}
        },
      },
      cameraStates: async () => [camera('now')],
    })
    await events.start()
    outbox.start()
    t.teardown(async () => {
      await outbox.close()
      await events.close()
    })
    const told = Array.from({ length: 100 }, (_, n) => event(`event ${n}`))
    await database.transaction((tx) => events.publishAll(tx, told))
    connect()
    await new Promise(setImmediate)
    t.strictSame(reasons, [], 'another node speaks')
    isLeading = true
    lead()
    await taken.promise
    await outbox.close()
    t.strictSame(reasons.slice(0, 2), ['now', 'event 0'])
    const delivered = Number(await readCursor(database, 'mqtt'))
    t.equal(reasons.length, 1 + delivered, 'what was told is noted, and nothing more')
    t.ok(delivered < 100, `${delivered} of 100`)
  })

  t.test('why events wait is still said when the node has given up the lead, until they wait no longer', async (t) => {
    const database = await open(t)
    const events = createEvents({ ...STEADY, database })
    let [isLeading, connect, rounds] = [true, (): void => {}, 0]
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => {
        rounds++
        return systemClock.sleep(ms, signal)
      },
    }
    const twoRounds = async (): Promise<void> => {
      for (const until = rounds + 2; rounds < until; ) {
        connect()
        await new Promise(setImmediate)
      }
    }
    const outbox = createOutbox({
      ...STEADY,
      database,
      clock,
      events,
      publisher: {
        publish: async () => {
          throw new Error('away')
        },
        onConnected: (listener) => {
          connect = listener
          return () => {}
        },
      },
      destination: 'mqtt',
      lead: { isHeld: () => isLeading, onChange: () => () => {} },
      cameraStates: async () => [],
    })
    await events.start()
    outbox.start()
    t.teardown(async () => {
      await outbox.close()
      await events.close()
    })
    await database.transaction((tx) => events.publishAll(tx, [event('one'), event('two')]))
    while (outbox.lastFault() === undefined) await new Promise(setImmediate)
    isLeading = false
    const { at } = outbox.lastFault() ?? {}
    // As another node would: some of it, and then all.
    await writeCursor(database, 'mqtt', 1n)
    await twoRounds()
    t.match(outbox.lastFault(), { reason: 'away', at })
    await writeCursor(database, 'mqtt', 2n)
    await twoRounds()
    t.equal(outbox.lastFault(), undefined, 'nothing waits')
  })

  t.test('old events go when every destination has them, or when they are very old', async (t) => {
    const database = await open(t)
    const day = (n: number): Date => new Date(Date.UTC(2026, 2, n))
    for (let n = 1; n <= 20; n++) await database.transaction((tx) => insertEvents(tx, [event(`${n}`)], day(n)))
    await writeCursor(database, 'mqtt', 15n)
    await writeCursor(database, 'another', 8n)
    await writeCursor(database, 'mqtt', 3n)
    t.equal(await readCursor(database, 'mqtt'), 15n, 'a cursor never moves back')
    const left = async (): Promise<number[]> => {
      const rows = await database.client.event.findMany({ orderBy: { id: 'asc' } })
      return rows.map(({ id }) => Number(id))
    }
    t.equal(await pruneEvents(database, { deliveredBefore: day(11), anywayBefore: day(1) }), 8)
    t.equal((await left())[0], 9)
    t.equal(await pruneEvents(database, { deliveredBefore: day(13), anywayBefore: day(12) }), 3)
    t.equal((await left())[0], 12)
  })
})
