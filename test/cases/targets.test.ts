import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { DEFAULT_TARGETS } from '../../gateway/contracts/case-figures.ts'
import { addSource, bytes, message } from '../fakes/alarm-gateway.ts'
import { type CaseFixture, startCases } from '../fakes/case-gateway.ts'
import { onBothDatabases } from '../fakes/databases.ts'

async function until({ read, clock }: CaseFixture, id: string, isThere: (one: Case) => boolean): Promise<Case> {
  for (;;) {
    const one = await read(id)
    if (isThere(one)) return one
    await clock.advance(1000)
  }
}

await onBothDatabases(t, async (t, open) => {
  t.test('a case says by when somebody is to be there, and the timeline says once that nobody was', async (t) => {
    const fixture = await startCases(t, await open(t))
    const { raise, clock, act, post } = fixture
    const { id, response, times } = await raise({ priority: 1 })
    t.match(response, { targetSeconds: 300, dueAt: '2026-03-02T06:08:27.000Z', state: 'running' })
    t.match(times, { device: '2026-03-02T06:03:27.000Z', gateway: '2026-03-02T06:03:27.000Z' })
    await clock.advance(299_000)
    t.equal((await fixture.read(id)).response?.state, 'running')
    const late = await until(fixture, id, (one) => one.response?.state === 'overdue')
    t.equal(late.timeline.at(-1)?.action, 'overdue')
    for (let n = 0; n < 5; n++) await clock.advance(1000)
    const said = (await fixture.read(id)).timeline.filter(({ action }) => action === 'overdue')
    t.equal(said.length, 1)
    await post('operator', `/api/v1/cases/${id}/receipt`, {})
    await post('second', `/api/v1/cases/${id}/receipt`, {})
    await act('operator', id, 'false-alarm')
    t.match(await fixture.read(id), {
      response: { state: 'late', respondedAt: String },
      times: { console: String },
      phase: 'closed',
    })
  })

  t.test(
    'each alarm says when a console, an operator and a phone had it, also one that joins a case later',
    async (t) => {
      const fixture = await startCases(t, await open(t))
      const { database, alarms, clock, act, post, ask } = fixture
      await post('lead', '/api/v1/duty', { on: true })
      const source = await addSource(database)
      const times = async (id: string): Promise<object> =>
        (await ask('lead', `/api/v1/alarms/${id}`)).body.times as object
      const raise = async (key: string): Promise<string> => {
        await clock.advance(1000)
        const receipt = await alarms.receive(source.id, bytes(message(key)))
        if (receipt.kind !== 'stored') throw new Error(receipt.kind)
        return receipt.id
      }
      const device = '2026-03-02T06:03:27.000Z'
      const at = (second: number): string => `2026-03-02T06:03:${second}.000Z`
      const seen = async (who: 'operator' | 'lead'): Promise<void> => {
        await clock.advance(1000)
        await post(who, `/api/v1/cases/${caseId}/receipt`, {})
      }

      const first = await raise('first')
      const [{ id: caseId } = { id: '' }] = (await ask('operator', '/api/v1/cases')).body.items as Case[]
      t.same(await times(first), { device, gateway: at(28) })
      await seen('operator')
      await act('operator', caseId, 'acknowledge')
      await act('operator', caseId, 'dispatch')
      await seen('lead')
      const whole = { device, gateway: at(28), console: at(29), acknowledged: at(29), phone: at(30) }
      t.same(await times(first), whole)

      const second = await raise('second')
      t.same(await times(second), { device, gateway: at(31), acknowledged: at(31) }, 'somebody has its case')
      await seen('operator')
      await seen('operator')
      await seen('lead')
      t.same(await times(second), { device, gateway: at(31), acknowledged: at(31), console: at(32), phone: at(34) })
      t.equal(await database.client.caseReceipt.count(), 2, 'the second look of the console tells nothing new')
      t.same(await times(first), whole, 'the first look counts')
      const { items } = (await ask('operator', '/api/v1/alarms')).body as { items: { id: string; times: object }[] }
      t.same(new Map(items.map(({ id, times }) => [id, times])).get(first), whole, 'in the list as well')
      t.equal((await ask('stranger', `/api/v1/alarms/${first}`)).status, 403)
      t.equal((await ask('operator', `/api/v1/alarms/${caseId}`)).status, 404)
    },
  )

  t.test('somebody on site in time has met it; the figures say so by day, cell and priority', async (t) => {
    const fixture = await startCases(t, await open(t))
    const { raise, clock, act, post, ask, app } = fixture
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await raise({ priority: 2 })
    const steps = [
      ['operator', 'acknowledge', {}],
      ['operator', 'dispatch', {}],
      ['lead', 'accept', {}],
      ['lead', 'en-route', {}],
      ['lead', 'on-site', {}],
      ['lead', 'feedback', { outcome: 'handled' }],
      ['lead', 'request-close', {}],
      ['operator', 'verify-close', {}],
      ['operator', 'evaluate', { rating: 4 }],
    ] as const
    for (const [who, action, more] of steps) {
      await clock.advance(action === 'dispatch' ? 7_000 : 2_000)
      t.match(await act(who, id, action, more), { status: 200 }, action)
      if (action === 'dispatch') await post('lead', `/api/v1/cases/${id}/receipt`, {})
    }
    t.match(await fixture.read(id), {
      response: { state: 'met', targetSeconds: 600 },
      times: { acknowledged: '2026-03-02T06:03:29.000Z', phone: '2026-03-02T06:03:36.000Z' },
    })
    const since = '2026-03-02T00:00:00Z'
    for (const [by, key] of [
      ['all', 'all'],
      ['day', '2026-03-02'],
      ['cell', '370101001001001'],
      ['priority', '2'],
    ]) {
      const { body } = await ask('auditor', `/api/v1/case-figures?by=${by}&since=${since}`)
      t.match(body, {
        isPartial: false,
        items: [
          {
            key,
            cases: 1,
            response: { met: 1, late: 0, running: 0 },
            rating: { count: 1, mean: 4 },
            steps: [
              { moment: 'gateway', p50Ms: 0 },
              { moment: 'acknowledge', p50Ms: 2000, fromOpenedP95Ms: 2000 },
              { moment: 'dispatch', p50Ms: 7000, p95Ms: 7000 },
              { moment: 'phone', p50Ms: 0, fromOpenedP50Ms: 9000 },
              { moment: 'accept', p50Ms: 2000 },
              { moment: 'on-site', p50Ms: 4000 },
              { moment: 'feedback', p50Ms: 2000 },
              { moment: 'close', p50Ms: 4000 },
              { moment: 'evaluate', p50Ms: 2000, fromOpenedP50Ms: 23_000 },
            ],
          },
        ],
      })
    }
    const csv = await app.inject({
      url: `/api/v1/case-figures?by=priority&since=${since}`,
      headers: { authorization: 'auditor', accept: 'text/csv' },
    })
    t.match(csv.headers, { 'content-type': /text\/csv/ })
    t.match(csv.body, /\r\n2,1,1,0,0,dispatch,1,7000,7000,9000,9000\r\n/)
    t.notMatch(csv.body, /lead|operator/, 'no person')
    const foreign = await ask('stranger', `/api/v1/case-figures?by=all&since=${since}`)
    t.match(foreign.body, { items: [] }, 'own cells alone')
  })

  t.test('an alarm that is more urgent brings the time forward; a change of targets leaves open cases', async (t) => {
    const database = await open(t)
    const { alarms, call, ask, read, audit, raise } = await startCases(t, database)
    const source = await addSource(database)
    const one = await alarms.receive(source.id, bytes(message('a', { priority: 4 })))
    if (one.kind !== 'stored') throw new Error(one.kind)
    const row = await database.client.alarm.findUniqueOrThrow({ where: { id: one.id } })
    const id = row.caseId ?? ''
    t.match(await read(id), { response: { targetSeconds: 7200 } })
    await alarms.receive(source.id, bytes(message('b', { priority: 2 })))
    t.match(await read(id), { priority: 2, response: { targetSeconds: 600 } })
    await alarms.receive(source.id, bytes(message('c', { priority: 4 })))
    t.match(await read(id), { priority: 2, response: { targetSeconds: 600 } })

    const items = DEFAULT_TARGETS.items.map((item) => ({ ...item, respondSeconds: 120 }))
    t.match(await call('PUT', 'operator', '/api/v1/case-targets', { items }), { status: 403 })
    t.match(await call('PUT', 'administrator', '/api/v1/case-targets', { items: items.slice(1) }), { status: 400 })
    t.match(await call('PUT', 'administrator', '/api/v1/case-targets', { items }), { status: 200, body: { items } })
    t.match((await ask('lead', '/api/v1/case-targets')).body, { items })
    t.equal(audit.at(-1)?.action, 'case-targets-changed')
    t.match(await read(id), { response: { targetSeconds: 600 } })
    t.match(await raise({ priority: 3 }), { response: { targetSeconds: 120 } })
  })
})
