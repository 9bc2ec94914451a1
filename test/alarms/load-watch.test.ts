import pino from 'pino'
import t from 'tap'
import { LoadWatch } from '../../gateway/alarms/load-watch.ts'
import type { AlarmLoad } from '../../gateway/contracts/alarm.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { addSource, bytes, CELL, message, startAlarms } from '../fakes/alarm-gateway.ts'
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

  t.test('events of one trouble are one case and no flood; their source chatters', async (t) => {
    const database = await open(t)
    const clock = new FakeClock()
    const { alarms, events, cases } = await startAlarms(t, database, { clock })
    const log = pino({ level: 'silent' })
    const watch = new LoadWatch({ database, clock, log, events, casesOpened: cases.openedSince, operators: () => 1 })
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
})
