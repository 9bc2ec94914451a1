import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { addSource, bytes, message, OTHER_CELL } from '../fakes/alarm-gateway.ts'
import { startCases } from '../fakes/case-gateway.ts'
import { onBothDatabases } from '../fakes/databases.ts'

await onBothDatabases(t, async (t, open) => {
  t.test('1,000 events of one camera are one case with count 1,000 and one notification', async (t) => {
    const database = await open(t)
    const { alarms, act, post, read } = await startCases(t, database)
    const { id } = await addSource(database)
    await post('lead', '/api/v1/duty', { on: true })
    const send = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, n) =>
          alarms.receive(id, bytes(message(`e${from + n}`, { type: 'line-crossing' }))),
        ),
      )
    await send(0, 300)
    const [row] = await database.client.case.findMany()
    const caseId = row?.id ?? ''
    await act('operator', caseId, 'acknowledge')
    await act('operator', caseId, 'dispatch')
    await send(300, 1000)
    await send(900, 1000) // again: the same ids are the same alarms

    t.equal(await database.client.case.count(), 1)
    const one = await read(caseId)
    t.match(one, { occurrences: 1000, phase: 'dispatched', number: '0001', priority: 3 })
    t.equal(one.notifications.length, 1)
    t.equal(one.alarmIds.length, 20, 'the newest are named')
    t.equal(await database.client.alarm.count({ where: { caseId } }), 1000)
    const events = await database.client.event.findMany({ where: { kind: 'case' }, orderBy: { id: 'asc' } })
    const last: Case = JSON.parse(events.at(-1)?.dataJson ?? '{}')
    t.equal(last.occurrences, 1000, 'the last event tells the whole count')
    t.ok(events.length <= 100, `${events.length} events for 1,000 alarms`)
  })

  t.test('urgent alarms are cases of their own; others join by source, type and cell', async (t) => {
    const database = await open(t)
    const { alarms } = await startCases(t, database)
    const [here, there] = [await addSource(database), await addSource(database, OTHER_CELL)]
    const sends = [
      [here, 'a', { type: 'panic-button' }],
      [here, 'b', { type: 'panic-button' }],
      [here, 'c', { type: 'door' }],
      [here, 'd', { type: 'door', priority: 2 }],
      [here, 'e', { type: 'door', priority: 1 }],
      [here, 'f', { type: 'audio' }],
      [there, 'g', { type: 'door' }],
    ] as const
    for (const [{ id }, key, changes] of sends) await alarms.receive(id, bytes(message(key, changes)))
    const rows = await database.client.case.findMany({ orderBy: [{ cellCode: 'asc' }, { number: 'asc' }] })
    t.same(
      rows.map(({ number, type, priority, occurrences }) => [number, type, priority, occurrences]),
      [
        [1, 'panic-button', 1, 1],
        [2, 'panic-button', 1, 1],
        [3, 'door', 2, 2],
        [4, 'door', 1, 1],
        [5, 'audio', 3, 1],
        [1, 'door', 3, 1],
      ],
      'numbered through in each cell, as urgent as the most urgent alarm',
    )
    const events = await database.client.event.findMany({ where: { kind: 'alarm' } })
    const stored = await database.client.alarm.findMany()
    const caseIds = new Map(stored.map(({ id, caseId }) => [id, caseId]))
    for (const { dataJson } of events) {
      const { id, caseId } = JSON.parse(dataJson)
      t.ok(caseId !== undefined && caseId === caseIds.get(id), 'the alarm names its case')
    }
  })

  t.test('a shelved case is back at once when a more urgent alarm joins it, and for no other', async (t) => {
    const database = await open(t)
    const { alarms, act, read, audit } = await startCases(t, database)
    const { id: sourceId } = await addSource(database)
    const send = async (key: string, priority: 2 | 3 | 4, text = ''): Promise<void> => {
      await alarms.receive(sourceId, bytes(message(key, { type: 'water-level', priority, text })))
    }
    await send('a', 3)
    const [{ id } = { id: '' }] = await database.client.case.findMany()
    await act('operator', id, 'acknowledge')
    const shelved = await act('operator', id, 'shelve', { text: '施工', minutes: 60 })
    t.type(shelved.body.shelvedUntil, 'string')
    await Promise.all([send('b', 3), send('c', 4)])
    t.match(await read(id), { occurrences: 3, priority: 3, shelvedUntil: String })

    await Promise.all([send('d', 4), send('e', 2, '超过保证水位')])
    const back = await read(id)
    t.equal(back.shelvedUntil, undefined)
    t.match(back, { occurrences: 5, priority: 2, phase: 'opened' })
    t.match(back.timeline.at(-1), { action: 'unshelved', by: 'gridlight', text: '超过保证水位' })
    const events = await database.client.event.findMany({ where: { kind: 'case' }, orderBy: { id: 'asc' } })
    const told: Case = JSON.parse(events.at(-1)?.dataJson ?? '{}')
    t.equal(told.shelvedUntil, undefined, 'every screen is told')
    t.match(audit.at(-1), {
      action: 'case-action',
      actor: { kind: 'system' },
      object: `case:${id}`,
      detail: { action: 'unshelved', from: 'opened', to: 'opened', was: 3, priority: 2 },
    })

    await act('operator', id, 'shelve', { text: '施工', minutes: 60 })
    await send('f', 2)
    t.match(await read(id), { occurrences: 6, shelvedUntil: String }, 'as urgent as it was shelved')
  })

  t.test('what a dispatch waits for is not what a shelf holds', async (t) => {
    const database = await open(t)
    const { alarms, act, post, read } = await startCases(t, database)
    const { id: sourceId } = await addSource(database)
    await post('lead', '/api/v1/duty', { on: true })
    await alarms.receive(sourceId, bytes(message('a', { priority: 3 })))
    const [{ id } = { id: '' }] = await database.client.case.findMany()
    await act('operator', id, 'acknowledge')
    await act('operator', id, 'dispatch')
    await alarms.receive(sourceId, bytes(message('b', { priority: 2 })))
    const one = await read(id)
    t.match(one, { phase: 'dispatched', priority: 2, escalatesAt: String })
    t.notOk(one.timeline.some(({ action }) => action === 'unshelved'))
  })

  t.test('a closed case takes no more alarms: the next one opens a new case', async (t) => {
    const database = await open(t)
    const { alarms, act, read } = await startCases(t, database)
    const { id } = await addSource(database)
    const first = await alarms.receive(id, bytes(message('a')))
    const alarm = await database.client.alarm.findFirstOrThrow({ where: { id: 'id' in first ? first.id : '' } })
    await act('operator', alarm.caseId ?? '', 'false-alarm')
    await alarms.receive(id, bytes(message('b')))
    t.equal(await database.client.case.count(), 2)
    t.match(await read(alarm.caseId ?? ''), { step: 'closed', occurrences: 1 })
    const [, second] = await database.client.case.findMany({ orderBy: { number: 'asc' } })
    t.match(second, { number: 2, phase: 'collected', occurrences: 1 })
  })

  t.test('a batch that fails leaves neither alarm nor case', async (t) => {
    const database = await open(t)
    const { alarms, events } = await startCases(t, database)
    const { id } = await addSource(database)
    const publishAll = events.publishAll
    events.publishAll = async () => {
      throw new Error('disk full')
    }
    await t.rejects(alarms.receive(id, bytes(message('a'))), /disk full/)
    events.publishAll = publishAll
    t.equal(await database.client.case.count(), 0)
    t.match(await alarms.receive(id, bytes(message('a'))), { kind: 'stored' })
    t.match(await database.client.case.findMany(), [{ number: 1, occurrences: 1 }])
  })
})
