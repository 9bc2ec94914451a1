import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { startCases } from '../fakes/case-gateway.ts'
import { FakeClock } from '../fakes/clock.ts'
import { onBothDatabases } from '../fakes/databases.ts'

/** Of a minute; due times are looked at each second, and time is moved on while they are. */
const LATEST_S = 85

await onBothDatabases(t, async (t, open) => {
  /** Moves time and waits until the event that this brings is stored. */
  const started = async (t: Parameters<typeof startCases>[0]) => {
    const database = await open(t)
    const fixture = await startCases(t, database)
    const until = async (id: string, isThere: (one: Awaited<ReturnType<typeof fixture.read>>) => boolean) => {
      for (;;) {
        const one = await fixture.read(id)
        if (isThere(one)) return one
        // The loop that looks for due cases may have been busy when time moved.
        await fixture.clock.advance(100)
      }
    }
    return { ...fixture, until }
  }
  const lastAction =
    (action: string) =>
    ({ timeline }: { timeline: readonly { action: string }[] }): boolean =>
      timeline.at(-1)?.action === action

  /** Seconds from an entry of the timeline to another, by the gateway's clock. */
  const secondsBetween = ({ timeline }: Pick<Case, 'timeline'>, from: number, to: number): number =>
    (Date.parse(timeline[to]?.at ?? '') - Date.parse(timeline[from]?.at ?? '')) / 1000

  t.test('lead, after 60 s the deputy, after 120 s the centre', async (t) => {
    const { raise, act, post, clock, until, audit } = await started(t)
    await post('deputy', '/api/v1/duty', { on: true })
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await raise()
    await act('operator', id, 'acknowledge')
    const sent = await act('operator', id, 'dispatch')
    t.match(sent.body, { assignee: { name: 'LEAD' }, notifications: [{ to: 'LEAD', state: 'sent' }] })
    await post('lead', `/api/v1/cases/${id}/receipt`, {})

    await clock.advance(59_000)
    t.match(await until(id, () => true), { phase: 'dispatched', assignee: { name: 'LEAD' } })
    await clock.advance(2_000)
    t.match(await until(id, ({ assignee }) => assignee?.name === 'DEPUTY'), {
      assignee: { name: 'DEPUTY' },
      notifications: [
        { to: 'LEAD', state: 'delivered' },
        { to: 'DEPUTY', state: 'sent' },
      ],
      timeline: {
        3: { action: 'delivered', by: 'gridlight', text: 'lead' },
        4: { action: 'escalate', by: 'gridlight' },
        5: { action: 'dispatch', by: 'gridlight' },
      },
    })
    const first = secondsBetween(await until(id, () => true), 2, 4)
    t.ok(first >= 60 && first < LATEST_S, `the deputy is asked after ${first} s`)
    await clock.advance(16_000)
    const isUndelivered = lastAction('undelivered')
    t.match(await until(id, (one) => isUndelivered(one) && one.notifications[1]?.state === 'undelivered'), {
      timeline: { 6: { action: 'undelivered', text: 'DEPUTY' } },
      notifications: { 1: { state: 'undelivered' } },
    })
    await clock.advance(45_000)
    const back = await until(id, ({ phase }) => phase === 'opened')
    t.match(back, { phase: 'opened', step: 'opened', owner: { name: 'operator' } })
    t.equal(back.assignee, undefined)
    const second = secondsBetween(back, 5, back.timeline.length - 1)
    t.ok(second >= 60 && second < LATEST_S, `the centre has it again ${second} s later`)
    t.equal(audit.filter(({ actor }) => actor.kind === 'system').length, 3, 'two escalations and a dispatch')
    // A receipt that comes late is still one.
    await post('deputy', `/api/v1/cases/${id}/receipt`, {})
    t.match(await until(id, () => true), { notifications: { 1: { state: 'delivered' } } })
  })

  t.test('who declines is passed over at once; who accepts stops the clock', async (t) => {
    const { raise, act, post, clock, read } = await started(t)
    await post('deputy', '/api/v1/duty', { on: true })
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await raise()
    await act('operator', id, 'acknowledge')
    await act('operator', id, 'dispatch')
    t.match(await act('lead', id, 'decline'), { body: { phase: 'dispatched', assignee: { name: 'DEPUTY' } } })
    const accepted = await act('deputy', id, 'accept')
    t.equal(accepted.body.escalatesAt, undefined)
    await clock.advance(300_000)
    t.match(await read(id), { phase: 'accepted', assignee: { name: 'deputy' } })
  })

  t.test('off duty nobody is notified; a lead off duty is passed over', async (t) => {
    const { raise, act, post } = await started(t)
    await post('lead', '/api/v1/duty', { on: true })
    t.match((await post('lead', '/api/v1/duty', { on: false })).body, { on: false })
    await post('deputy', '/api/v1/duty', { on: true })
    const { id } = await raise()
    await act('operator', id, 'acknowledge')
    const sent = await act('operator', id, 'dispatch')
    t.match(sent.body, { assignee: { name: 'DEPUTY' } })
    t.equal(sent.body.notifications?.length, 1)
  })

  t.test('a shelved case is back at its time', async (t) => {
    const { raise, act, clock, until } = await started(t)
    const { id } = await raise()
    const shelved = await act('operator', id, 'shelve', { text: '施工', minutes: 15 })
    t.match(shelved.body, { phase: 'collected', shelvedUntil: '2026-03-02T06:18:27.000Z' })
    await clock.advance(14 * 60_000)
    t.match(await until(id, () => true), { shelvedUntil: String })
    await clock.advance(62_000)
    // A case is read before its timeline, so a new case has a timeline at least as new.
    const back = await until(id, ({ shelvedUntil }) => shelvedUntil === undefined)
    t.ok(lastAction('shelve-ended')(back))
  })

  t.test('what became due while the gateway was away is done when it is back', async (t) => {
    const database = await open(t)
    const before = await startCases(t, database)
    await before.post('lead', '/api/v1/duty', { on: true })
    const { id } = await before.raise()
    await before.act('operator', id, 'acknowledge')
    await before.act('operator', id, 'dispatch')
    await before.cases.close()
    const after = await startCases(t, database, new FakeClock(before.clock.now() + 3_600_000))
    for (;;) {
      const { phase, timeline } = await after.read(id)
      if (phase !== 'opened') continue
      t.same(
        timeline.slice(3).map(({ action }) => action),
        ['undelivered', 'overdue', 'escalate'],
        'each once',
      )
      break
    }
  })
})
