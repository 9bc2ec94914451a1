import t from 'tap'
import { startCases } from '../fakes/case-gateway.ts'
import { onBothDatabases } from '../fakes/databases.ts'

await onBothDatabases(t, async (t, open) => {
  t.test('an urgent alarm goes through the six steps, and all of it is told and recorded', async (t) => {
    const database = await open(t)
    const { raise, act, post, audit, clock } = await startCases(t, database)
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await raise({ type: 'panic-button', text: '收银台' })
    const deviceAt = '2026-03-02T14:03:00.000+08:00'
    const route = [
      ['operator', 'acknowledge', 'opened', {}],
      ['operator', 'dispatch', 'dispatched', {}],
      ['lead', 'accept', 'handling', {}],
      ['lead', 'en-route', 'handling', {}],
      ['lead', 'on-site', 'handling', {}],
      ['lead', 'feedback', 'handling', { outcome: 'handled', deviceAt }],
      ['lead', 'request-close', 'handling', {}],
      ['second', 'return', 'handling', { text: '缺照片' }],
      ['lead', 'feedback', 'handling', { outcome: 'handled' }],
      ['lead', 'request-close', 'handling', {}],
      ['second', 'verify-close', 'closed', {}],
      ['second', 'evaluate', 'evaluated', { rating: 4 }],
    ] as const
    let last: Awaited<ReturnType<typeof act>> | undefined
    for (const [who, action, step, changes] of route) {
      await clock.advance(1000)
      last = await act(who, id, action, changes)
      t.match([last.status, last.body.step], [200, step], `${who}: ${action}`)
    }
    const timeline = last?.body.timeline ?? []
    t.same(
      timeline.map(({ action }) => action),
      ['collect', ...route.map(([, action]) => action)],
    )
    t.same(
      timeline.map(({ by }) => by),
      ['gridlight', ...route.map(([who]) => who)],
    )
    t.ok(
      timeline.every(({ at }, n) => n === 0 || at > (timeline[n - 1]?.at ?? '')),
      'in the order of time',
    )
    t.equal(timeline[6]?.deviceAt, '2026-03-02T06:03:00.000Z')
    t.match(last?.body, { owner: { name: 'operator' }, assignee: { name: 'lead' }, legal: [] })
    t.match(
      timeline.map(({ text }) => text),
      { 2: 'LEAD', 6: 'handled', 8: '缺照片', 12: '4/5' },
    )

    const recorded = audit.filter(({ action }) => action === 'case-action')
    t.same(
      recorded.map(({ actor, detail }) => `${actor.id} ${detail?.action}`),
      route.map(([who, action]) => `${who} ${action}`),
    )
    t.ok(recorded.every(({ object, actor }) => object === `case:${id}` && actor.roles?.length === 1))
    const events = await database.client.event.findMany({ where: { kind: 'case' }, orderBy: { id: 'asc' } })
    t.equal(events.length, route.length + 1, 'one event for each change')
    t.equal(JSON.parse(events.at(-1)?.dataJson ?? '').step, 'evaluated')
  })

  t.test('the same key again is the same action; another action or person may not use it', async (t) => {
    const database = await open(t)
    const { raise, act, audit } = await startCases(t, database)
    const { id } = await raise()
    const key = { idempotencyKey: 'phone-1-42' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => act('operator', id, 'acknowledge', key)))
    t.same(
      answers.map(({ status, body }) => [status, body.step, body.timeline?.length]),
      answers.map(() => [200, 'opened', 2]),
    )
    t.equal(audit.filter(({ action }) => action === 'case-action').length, 1)
    t.equal(await database.client.event.count({ where: { kind: 'case' } }), 2)
    t.match(await act('operator', id, 'dispatch', key), { status: 409, body: { code: 'conflict' } })
    t.match(await act('second', id, 'acknowledge', key), { status: 409, body: { code: 'conflict' } }, 'nobody else’s')
  })

  t.test('of two operators who race one owns the case, and the other is told who', async (t) => {
    const database = await open(t)
    const { raise, act, read } = await startCases(t, database)
    for (let round = 0; round < 5; round += 1) {
      const { id } = await raise()
      const [a, b] = await Promise.all([act('operator', id, 'acknowledge'), act('second', id, 'acknowledge')])
      const winner = a.status === 200 ? 'operator' : 'second'
      const loser = a.status === 200 ? b : a
      t.same([a.status, b.status].sort(), [200, 409])
      t.match(loser.body, {
        code: 'illegal-transition',
        owner: winner,
        detail: new RegExp(`${winner} has it`),
        legal: ['dispatch', 'shelve', 'verify-close', 'false-alarm'],
      })
      t.match(await read(id), { owner: { name: winner } })
    }
  })

  t.test('of two patrol leads who race one has the case', async (t) => {
    const { raise, act } = await startCases(t, await open(t))
    const { id } = await raise()
    await act('operator', id, 'acknowledge')
    const sent = await act('operator', id, 'dispatch')
    t.match(sent.body.timeline?.at(-1), { action: 'undelivered', by: 'gridlight' }, 'nobody is on duty, and it shows')
    t.equal(sent.body.assignee, undefined)
    const [a, b] = await Promise.all([act('lead', id, 'accept'), act('deputy', id, 'accept')])
    const [winner, loser] = a.status === 200 ? (['lead', 'deputy'] as const) : (['deputy', 'lead'] as const)
    t.same([a.status, b.status].sort(), [200, 409])
    t.match((a.status === 409 ? a : b).body, { code: 'illegal-transition', owner: winner })
    t.match(await act(loser, id, 'on-site'), { status: 409, body: { code: 'conflict', owner: winner } })
    t.match(await act(winner, id, 'on-site'), { status: 200 })
  })
})
