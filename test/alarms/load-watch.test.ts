import pino from 'pino'
import t from 'tap'
import { LoadWatch } from '../../gateway/alarms/load-watch.ts'
import { noisiestSources } from '../../gateway/alarms/noisiest.ts'
import type { AlarmLoad } from '../../gateway/contracts/alarm.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { addSource, bytes, CELL, message, OTHER_CELL, startAlarms } from '../fakes/alarm-gateway.ts'
import { FakeClock } from '../fakes/clock.ts'
import { onBothDatabases } from '../fakes/databases.ts'

const told = async (database: Database): Promise<AlarmLoad[]> => {
  const rows = await database.client.event.findMany({ where: { kind: 'flood' }, orderBy: { id: 'asc' } })
  return rows.map(({ dataJson }) => JSON.parse(dataJson))
}

await onBothDatabases(t, async (t, open) => {
  t.test('more than 10 cases in 10 minutes for each operator are a flood until there are fewer than 5', async (t) => {
    const database = await open(t)
    const clock = new FakeClock()
    const { alarms, events, cases } = await startAlarms(t, database, { clock })
    let operators = 1
    const log = pino({ level: 'silent' })
    const watch = new LoadWatch({
      database,
      clock,
      log,
      events,
      casesOpened: cases.openedSince,
      nodeId: 'here',
      operators: () => operators,
    })
    const { id } = await addSource(database)
    let sent = 0
    // Urgent ones are cases of their own, whatever comes.
    const send = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await alarms.receive(id, bytes(message(`a${sent++}`, { type: 'panic-button' })))
    }
    await send(10)
    t.match(await watch.look(), { state: 'normal', casesInWindow: 10, perOperator: 10, limitPerOperator: 10 })
    await send(1)
    t.match(await watch.look(), { state: 'flood', casesInWindow: 11, operators: 1 })
    operators = 2
    t.match(await watch.look(), { state: 'flood', perOperator: 5.5 }, 'it does not flicker')
    operators = 3
    t.match(await watch.look(), { state: 'normal', perOperator: 3.7 })
    operators = 0
    t.match(await watch.look(), { state: 'flood', operators: 1 }, 'with nobody there it is one operator’s load')
    clock.setWall(clock.now() + 601_000)
    t.match(await watch.look(), { state: 'normal', casesInWindow: 0, chattering: [] })
    t.strictSame(
      (await told(database)).map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]),
      ['normal', 'flood', 'normal', 'flood', 'normal'],
      'the first for a source that chatters',
    )
    t.equal(await database.client.alarm.count(), 11, 'nothing is dropped')
  })

  t.test('operators of all gateways share the load, and those of one that went away do not', async (t) => {
    const database = await open(t)
    if (database.provider === 'sqlite') {
      t.pass('one gateway alone')
      return
    }
    const clock = new FakeClock()
    const { alarms, events, cases } = await startAlarms(t, database, { clock })
    const log = pino({ level: 'silent' })
    const [here, there] = ['here', 'there'].map(
      (nodeId) =>
        new LoadWatch({
          ...{ database, clock, log, events, nodeId, casesOpened: cases.openedSince },
          operators: () => (nodeId === 'here' ? 1 : 2),
        }),
    )
    const { id } = await addSource(database)
    for (let n = 0; n < 12; n++) await alarms.receive(id, bytes(message(`a${n}`, { type: 'panic-button' })))
    await there?.look()
    t.match(await here?.look(), { state: 'normal', operators: 3, perOperator: 4 })
    t.match(await there?.look(), { state: 'normal', operators: 3 }, 'both see the same')
    clock.setWall(clock.now() + 31_000)
    t.match(await here?.look(), { state: 'flood', operators: 1, perOperator: 12 })
  })

  t.test('events of one trouble are one case and no flood; their source chatters', async (t) => {
    const database = await open(t)
    const clock = new FakeClock()
    const { alarms, events, cases } = await startAlarms(t, database, { clock })
    const log = pino({ level: 'silent' })
    const watch = new LoadWatch({
      database,
      clock,
      log,
      events,
      nodeId: 'here',
      casesOpened: cases.openedSince,
      operators: () => 1,
    })
    const [noisy, calm] = [await addSource(database), await addSource(database)]
    const send = (id: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          alarms.receive(id, bytes(message(`${count}-${n}`, { type: 'motion' }))),
        ),
      )
    await send(calm.id, 2)
    await send(noisy.id, 1000)
    t.match(await watch.look(), {
      state: 'normal',
      casesInWindow: 2,
      chattering: [{ sourceId: noisy.id, sourceName: 'panel', type: 'motion', cellCode: CELL, perMinute: 1000 }],
    })
    await watch.look()
    await send(calm.id, 3)
    t.equal((await watch.look()).chattering.length, 2)
    t.strictSame(
      (await told(database)).map(({ chattering }) => chattering.length),
      [1, 2],
      'told when it changes',
    )
    const occurrences = await database.client.case.findMany({ select: { occurrences: true } })
    t.strictSame(
      occurrences.map((one) => one.occurrences).sort((a, b) => a - b),
      [5, 1000],
    )
  })

  t.test('the noisiest sources of a week, with their share, their chatter and what is open for a day', async (t) => {
    const database = await open(t)
    const clock = new FakeClock()
    const { alarms, cases } = await startAlarms(t, database, { clock })
    const [noisy, calm, far] = [
      await addSource(database),
      await addSource(database),
      await addSource(database, OTHER_CELL),
    ]
    let sent = 0
    const send = (id: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, () => alarms.receive(id, bytes(message(`a${sent++}`, { type: 'door' })))),
      )
    const later = (ms: number): void => clock.setWall(clock.now() + ms)
    await send(noisy.id, 100)
    later(8 * 86_400_000)
    await send(noisy.id, 5)
    later(60_000)
    await send(noisy.id, 2)
    later(60_000)
    await send(noisy.id, 3)
    await send(calm.id, 1)
    await send(far.id, 9)
    const deps = { database, openCases: cases.openFrom }
    const of = (cellCodes?: string[]) => noisiestSources(deps, { nowMs: clock.now(), days: 7, cellCodes })
    const all = await of()
    t.equal(all.total, 20)
    t.match(all.items, [
      { sourceId: noisy.id, sourceName: 'panel', type: 'door', count: 10, share: 0.5, chatterMinutes: 2, stale: 1 },
      { sourceId: far.id, count: 9, chatterMinutes: 1, stale: 0 },
      { sourceId: calm.id, count: 1, chatterMinutes: 0, stale: 0 },
    ])
    t.match(await of([CELL]), { total: 11, items: { length: 2 } })
    later(8 * 86_400_000)
    t.match(await of(), { total: 0, items: [] })
  })
})
