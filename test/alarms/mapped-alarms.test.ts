import t from 'tap'
import type { Alarm } from '../../gateway/contracts/alarm.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { addSource, bytes, message, startAlarms } from '../fakes/alarm-gateway.ts'
import { onBothDatabases } from '../fakes/databases.ts'

const TOPIC = 'zigbee2mqtt/front-door'
const states = async (database: Database): Promise<string[]> => {
  const rows = await database.client.alarm.findMany({ orderBy: [{ receivedAt: 'asc' }, { id: 'asc' }] })
  return rows.map(({ type, state }) => `${type} ${state}`).sort()
}

await onBothDatabases(t, async (t, open) => {
  t.test('a contact that opens and closes is one alarm for every opening, however often it is told', async (t) => {
    const database = await open(t)
    await addSource(database, undefined, { mapping: 'zigbee2mqtt', topic: TOPIC })
    const { alarms } = await startAlarms(t, database)
    const send = async (payload: object) => {
      const [told] = await alarms.receiveTopic(TOPIC, bytes(payload))
      return told?.receipt.kind
    }
    t.equal(await send({ contact: true, battery: 90 }), 'ignored', 'closed from the start')
    t.equal(await send({ contact: false, battery: 90 }), 'stored')
    t.equal(await send({ contact: false, battery: 89 }), 'repeated')
    t.equal(await send({ contact: true }), 'stored')
    t.equal(await send({ contact: true }), 'ignored')
    t.strictSame(await states(database), ['door cleared'])
    // All in one batch: each change must see the one before it.
    await Promise.all(
      [false, true, false, true, false].map((contact) => alarms.receiveTopic(TOPIC, bytes({ contact, tamper: false }))),
    )
    t.strictSame(await states(database), ['door active', 'door cleared', 'door cleared', 'door cleared'])
    const events = await database.client.event.findMany({ where: { kind: 'alarm' }, orderBy: { id: 'asc' } })
    const told = events.map(({ dataJson }): Alarm => JSON.parse(dataJson))
    t.equal(told.length, 7)
    t.equal(new Set(told.map(({ id }) => id)).size, 4, 'the id of an alarm stays')
  })

  t.test(
    'one message may be several alarms, and one that names itself is one alarm however often it comes',
    async (t) => {
      const database = await open(t)
      await addSource(database, undefined, { mapping: 'zigbee2mqtt', topic: TOPIC })
      await addSource(database, undefined, { mapping: 'frigate', topic: 'frigate' })
      const { alarms } = await startAlarms(t, database)
      await alarms.receiveTopic(TOPIC, bytes({ contact: false, tamper: true, battery_low: true }))
      t.strictSame(await states(database), ['door active', 'other active', 'tamper active'])
      const event = (type: string) =>
        bytes({ type, before: {}, after: { id: '17.5-a', camera: 'gate', label: 'car', false_positive: false } })
      for (const type of ['new', 'update', 'update', 'end', 'end', 'update'])
        await alarms.receiveTopic('frigate/events', event(type))
      t.strictSame(await states(database), ['door active', 'motion cleared', 'other active', 'tamper active'])
      t.strictSame(alarms.counts, { stored: 4, repeated: 5, rejected: 0, ignored: 0 })
    },
  )

  t.test('a button without a name for its pushes is an alarm for every push', async (t) => {
    const database = await open(t)
    await addSource(database, undefined, { mapping: 'shelly-gen1', topic: 'shellies/b1', alarmType: 'panic-button' })
    const { alarms } = await startAlarms(t, database)
    const push = () => alarms.receiveTopic('shellies/b1/input_event/0', bytes({ event: 'S', event_cnt: 1 }))
    await Promise.all([push(), push()])
    t.strictSame(await states(database), ['panic-button active', 'panic-button active'])
  })

  t.test('what was told ahead of its turn is the same alarm when its message comes in order', async (t) => {
    const database = await open(t)
    await addSource(database, undefined, { mapping: 'zigbee2mqtt', topic: TOPIC })
    const { alarms } = await startAlarms(t, database)
    const [opens, closes] = [bytes({ contact: false, battery: 90 }), bytes({ contact: true })]
    const inOrder = async (payload: Buffer) => (await alarms.receiveTopic(TOPIC, payload))[0]?.receipt.kind
    const ids = async () =>
      (await database.client.alarm.findMany({ orderBy: { receivedAt: 'asc' } })).map(({ id }) => id)

    await alarms.receiveAhead(TOPIC, opens)
    await alarms.receiveAhead(TOPIC, bytes({ contact: false, battery: 89 }))
    t.strictSame(await states(database), ['door active'], 'a state that is told again is told ahead once')
    const [told] = await ids()
    // What waited in the broker: another opening, its end, then the one that was told, and its end.
    t.equal(await inOrder(bytes({ contact: false, battery: 91 })), 'stored')
    t.equal(await inOrder(closes), 'stored')
    t.equal(await inOrder(opens), 'repeated')
    t.strictSame(await states(database), ['door active', 'door cleared'])
    await alarms.receiveAhead(TOPIC, closes)
    t.strictSame(await states(database), ['door active', 'door cleared'], 'an end waits for its turn')
    t.equal(await inOrder(closes), 'stored')
    t.strictSame(await states(database), ['door cleared', 'door cleared'])
    const row = await database.client.alarm.findUniqueOrThrow({ where: { id: told ?? '' } })
    t.equal(row.state, 'cleared', 'its end ends the alarm that was told')

    await inOrder(opens)
    await alarms.receiveAhead(TOPIC, bytes({ contact: false, battery: 88 }))
    t.equal((await ids()).length, 4, 'rather told twice than late: it may be a new opening')
    t.equal(await inOrder(bytes({ contact: false, battery: 88 })), 'repeated')
    t.strictSame(await states(database), ['door active', 'door cleared', 'door cleared', 'door cleared'])
    t.equal(await database.client.takenAhead.count(), 0)
    await inOrder(closes)
    // Both in one batch, whichever is first.
    await Promise.all([alarms.receiveAhead(TOPIC, opens), alarms.receiveTopic(TOPIC, opens)])
    t.equal((await ids()).length, 5)
    t.equal((await states(database)).filter((state) => state === 'door active').length, 1)
  })

  t.test('a push that was told ahead is counted once, and every further one as well', async (t) => {
    const database = await open(t)
    await addSource(database, undefined, { mapping: 'shelly-gen1', topic: 'shellies/b1', alarmType: 'panic-button' })
    const { alarms } = await startAlarms(t, database)
    const [topic, push] = ['shellies/b1/input_event/0', bytes({ event: 'S', event_cnt: 1 })]
    await Promise.all([alarms.receiveAhead(topic, push), alarms.receiveAhead(topic, push)])
    t.equal(await database.client.alarm.count(), 1)
    for (let n = 1; n <= 3; n++) {
      await alarms.receiveTopic(topic, push)
      t.equal(await database.client.alarm.count(), n)
    }
    t.equal(await database.client.case.count(), 3, 'urgent ones are cases of their own')
  })

  t.test('what was retained before is no news where nothing tells it from what it was', async (t) => {
    const database = await open(t)
    await addSource(database, undefined, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/button' })
    await addSource(database, undefined, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/door' })
    const own = await addSource(database, undefined, { mapping: 'zigbee2mqtt' })
    const { alarms } = await startAlarms(t, database)
    const press = bytes({ action: 'emergency' })
    const opened = bytes({ contact: false })
    await alarms.receiveTopic('zigbee2mqtt/button', press)
    for (let n = 0; n < 2; n++) {
      t.match(await alarms.receiveTopic('zigbee2mqtt/button', press, { isRetained: true }), [
        { receipt: { kind: 'ignored', why: 'it was retained, and is no news' } },
      ])
      t.match(await alarms.receive(own.id, press, { isRetained: true }), { kind: 'ignored' })
      await alarms.receiveTopic('zigbee2mqtt/door', opened, { isRetained: true })
      await alarms.receive(own.id, bytes(message('named')), { isRetained: true })
    }
    await alarms.receiveTopic('zigbee2mqtt/button', press)
    t.strictSame(
      (await states(database)).toSorted(),
      ['door active', 'intrusion active', 'panic-button active', 'panic-button active'],
      'an alarm with a name and a state that is open are the same ones',
    )
  })

  t.test('a mapped source also speaks in our words, and in its own on the topic it was given', async (t) => {
    const database = await open(t)
    const source = await addSource(database, undefined, { mapping: 'tasmota', topic: 'plug', alarmType: 'door' })
    const { alarms } = await startAlarms(t, database)
    t.match(await alarms.receive(source.id, bytes(message('own'))), { kind: 'stored' })
    t.match(await alarms.receive(source.id, bytes({ Switch1: { Action: 'ON' } })), { kind: 'stored' })
    t.match(await alarms.receive(source.id, bytes({ POWER: 'ON' })), { kind: 'ignored' })
    t.match(await alarms.receive(source.id, bytes('{')), { kind: 'rejected', reason: 'message is not JSON' })
    t.strictSame(await states(database), ['door active', 'intrusion active'])
    t.equal(await database.client.rejectedInput.count(), 1)
  })

  t.test(
    'cameras of one Frigate belong to their own cells; what nobody named goes to whoever takes the rest',
    async (t) => {
      const database = await open(t)
      const gate = await addSource(database, undefined, { mapping: 'frigate', topic: 'frigate', device: 'gate' })
      const rest = await addSource(database, undefined, { mapping: 'frigate', topic: 'frigate' })
      const { alarms } = await startAlarms(t, database)
      const event = (camera: string) =>
        bytes({ type: 'new', before: {}, after: { id: `${camera}-1`, camera, label: 'car', false_positive: false } })
      await alarms.receiveTopic('frigate/events', event('gate'))
      await alarms.receiveTopic('frigate/events', event('yard'))
      const rows = await database.client.alarm.findMany({ orderBy: { text: 'asc' } })
      t.strictSame(
        rows.map(({ text, sourceId }) => [text, sourceId]),
        [
          ['car gate', gate.id],
          ['car yard', rest.id],
        ],
      )
    },
  )
})
