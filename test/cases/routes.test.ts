import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { OTHER_CELL } from '../fakes/alarm-gateway.ts'
import { startCases } from '../fakes/case-gateway.ts'
import { temporaryDatabase } from '../fakes/database.ts'

t.test('who may do what', async (t) => {
  const { raise, act, ask, post } = await startCases(t, await temporaryDatabase(t))
  const { id } = await raise()
  t.match(await ask('installer', `/api/v1/cases/${id}`), { status: 403, body: { code: 'role-not-allowed' } })
  t.match(await ask('auditor', `/api/v1/cases/${id}`), { status: 200 })
  t.match(await ask('stranger', `/api/v1/cases/${id}`), { status: 403, body: { code: 'not-in-your-cells' } })
  t.match(await act('lead', id, 'acknowledge'), { status: 403, body: { code: 'role-not-allowed' } })
  t.match(await act('auditor', id, 'acknowledge'), { status: 403, body: { code: 'role-not-allowed' } })
  t.match(await act('operator', id, 'acknowledge'), { status: 200 })
  t.match(await act('operator', id, 'dispatch'), { status: 200 })
  t.match(await act('operator', id, 'accept'), { status: 403, body: { code: 'role-not-allowed' } })
  t.match(await act('stranger', id, 'accept'), { status: 403, body: { code: 'not-in-your-cells' } })
  t.match(await post('operator', '/api/v1/duty', { on: true }), { status: 403 })
  t.match(await post('auditor', `/api/v1/cases/${id}/receipt`, {}), { status: 403 })
})

t.test('what cannot be is refused with what can be', async (t) => {
  const { raise, act } = await startCases(t, await temporaryDatabase(t))
  const { id } = await raise()
  t.match(await act('operator', id, 'verify-close'), {
    status: 409,
    body: { code: 'illegal-transition', phase: 'collected', legal: ['acknowledge', 'shelve', 'false-alarm'] },
  })
  t.match(await act('operator', id, 'shelve', { minutes: 15 }), { status: 400 }, 'shelving needs a reason')
  t.match(await act('operator', id, 'shelve', { text: '施工', minutes: 61 }), { status: 400 }, 'and ends in an hour')
  t.match(await act('operator', id, 'acknowledge', { colour: 'blue' }), { status: 400 })
  t.match(await act('operator', '00000000-0000-4000-8000-00000000dead', 'acknowledge'), { status: 404 })
  await act('operator', id, 'acknowledge')
  t.match(await act('operator', id, 'dispatch', { assigneeId: '00000000-0000-4000-8000-00000000dead' }), {
    status: 409,
    body: { code: 'conflict', detail: /not on duty/ },
  })
})

t.test('lists are filtered and paged, newest first', async (t) => {
  const { raise, act, ask, clock } = await startCases(t, await temporaryDatabase(t))
  const cases: Case[] = []
  for (const type of ['panic-button', 'door', 'audio', 'tamper'] as const) {
    await clock.advance(1000)
    cases.push(await raise({ type }))
  }
  const [panic, door] = cases
  await act('operator', panic?.id ?? '', 'acknowledge')
  await act('second', door?.id ?? '', 'false-alarm')
  const types = async (query: string, who: 'operator' | 'second' | 'lead' | 'stranger' = 'operator') => {
    const { status, body } = await ask(who, `/api/v1/cases?${query}`)
    t.equal(status, 200, query)
    return (body.items as Case[]).map(({ type }) => type)
  }
  t.same(await types(''), ['tamper', 'audio', 'door', 'panic-button'])
  t.same(await types('step=opened'), ['panic-button'])
  t.same(await types('state=open'), ['tamper', 'audio', 'panic-button'])
  t.same(await types('state=closed'), ['door'])
  t.same(await types('priority=2'), ['tamper'])
  t.same(await types('mine=true'), ['panic-button'])
  t.same(await types('mine=true', 'second'), [])
  t.same(await types('', 'stranger'), [], 'other cells are not shown')
  t.equal((await ask('lead', `/api/v1/cases?cell=${OTHER_CELL}`)).status, 403)

  const first = await ask('operator', '/api/v1/cases?limit=3')
  t.equal((first.body.items as Case[]).length, 3)
  t.same(await types(`limit=3&cursor=${first.body.nextCursor}`), ['panic-button'])
  t.equal((await ask('operator', '/api/v1/cases?cursor=x')).status, 400)
})
