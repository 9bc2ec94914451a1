import t from 'tap'
import type { Database } from '../../gateway/storage/database.ts'
import { addSource, bytes, message, startAlarms } from '../fakes/alarm-gateway.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'

const silences = async (database: Database): Promise<string[]> => {
  const rows = await database.client.alarm.findMany({
    where: { type: 'source-silent' },
    orderBy: { receivedAt: 'asc' },
  })
  return rows.map(({ state, text }) => `${text} ${state}`)
}

/** Moves time in steps of the watch, letting the database work in between. */
async function pass(
  clock: FakeClock,
  database: Database,
  seconds: number,
  each = async (): Promise<void> => {},
): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    await each()
    await clock.advance(10_000)
    // The round is over when a transaction that began after it is.
    for (let n = 0; n < 12; n++) await database.transaction(async (tx) => tx.setting.count())
  }
}

t.test('a source that sends heartbeats and stops raises one alarm, cleared when it is heard again', async (t) => {
  const database = await temporaryDatabase(t)
  const clock = new FakeClock()
  const { alarms } = await startAlarms(t, database, { clock })
  const [beating, quiet] = [await addSource(database), await addSource(database)]
  const beat = async (): Promise<void> => alarms.heartbeat(beating.id)
  await alarms.receive(quiet.id, bytes(message('a')))
  await pass(clock, database, 300, beat)
  t.strictSame(await silences(database), [], 'heard all the time')
  const row = await database.client.alarmSource.findUniqueOrThrow({ where: { id: beating.id } })
  t.ok(clock.now() - (row.lastHeardAt?.getTime() ?? 0) <= 20_000)

  clock.setWall(clock.now() + 7_200_000)
  await pass(clock, database, 60, beat)
  t.strictSame(await silences(database), [], 'the host’s clock silences nobody')

  await pass(clock, database, 300)
  t.strictSame(await silences(database), ['panel active'], 'one silence, one alarm')
  t.equal(await database.client.event.count({ where: { kind: 'alarm' } }), 2)

  await pass(clock, database, 20, beat)
  t.strictSame(await silences(database), ['panel cleared'])

  await pass(clock, database, 200)
  t.strictSame(await silences(database), ['panel cleared', 'panel active'], 'the next silence is another alarm')
})

t.test('a restart neither raises a silence of its own nor forgets one', async (t) => {
  const database = await temporaryDatabase(t)
  const clock = new FakeClock()
  const ends: (() => Promise<void>)[] = []
  const first = await startAlarms({ teardown: (end) => void ends.push(end) }, database, { clock })
  const source = await addSource(database)
  await pass(clock, database, 20, async () => first.alarms.heartbeat(source.id))
  for (const end of ends) await end()
  await clock.advance(3_600_000)

  const { alarms } = await startAlarms(t, database, { clock })
  await pass(clock, database, 80)
  t.strictSame(await silences(database), [], 'the gateway was away, not the source')
  await pass(clock, database, 40)
  t.strictSame(await silences(database), ['panel active'])
  await pass(clock, database, 20, async () => alarms.heartbeat(source.id))
  t.strictSame(await silences(database), ['panel cleared'])
})
