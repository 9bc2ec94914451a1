import t from 'tap'
import { lawfulAccess, newLink } from '../fakes/lawful-access.ts'
import { act, auditOf, create, DAY, eventsOf, inFuture, invited, openSession, stateOf } from './owner.ts'

t.test('expiry is latched: no clock and no restart revives a consent', async (t) => {
  const f = await lawfulAccess(t)
  const { headers, link } = await invited(f)
  const end = f.clock.now() + 60_000
  await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: new Date(end).toISOString() })
  const forGate = async (links = f.links) => (await links.linkFor(f.database.client, link.cameraId))?.state
  t.equal(await forGate(), 'active')

  f.clock.setWall(end) // no sweep has run since
  t.equal(await stateOf(f, link.id), 'active')
  t.equal(await forGate(), 'expired', 'refused at once')
  t.equal((await act(f, headers, link.id, 'pause', { untilAt: inFuture(f, DAY) })).statusCode, 409)
  f.clock.setWall(end - 2 * 60 * 60_000)
  t.equal(await forGate(), 'expired', 'set back two hours before any sweep')
  await f.clock.advance(5_000)
  t.equal(await stateOf(f, link.id), 'expired', 'written down although the clock says it is valid')
  t.match((await auditOf(f, link.id)).at(-1), /link-state-changed expire system/)
  t.equal((await eventsOf(f, link.id)).at(-1), 'expired')
})

t.test('a process that starts with an earlier clock goes on from the latest time seen', async (t) => {
  const f = await lawfulAccess(t)
  const { headers, link } = await invited(f)
  const end = f.clock.now() + 20_000
  await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: new Date(end).toISOString() })
  await f.clock.advance(15_000) // swept, not over
  f.clock.setWall(0)
  const { links } = f.again()
  await links.start()
  t.teardown(() => links.close())
  t.ok(links.now() >= end - 5_000, 'not 1970')
  t.equal((await links.linkFor(f.database.client, link.cameraId))?.state, 'active')
  await f.clock.advance(5_000)
  t.equal((await links.linkFor(f.database.client, link.cameraId))?.state, 'expired')
})

t.test('after a restore private links wait for their owners', async (t) => {
  const f = await lawfulAccess(t)
  const consent = { scopes: ['live'], validUntil: inFuture(f, 90 * DAY) }
  const [first, second, unopened] = [
    await invited(f),
    await invited(f),
    (await create(f, await f.bearer(['installer']), newLink(await f.addCamera('private'), 'private'))).json(),
  ]
  for (const { headers, link } of [first, second]) await act(f, headers, link.id, 'consent', consent)
  await act(f, second.headers, second.link.id, 'pause', { untilAt: inFuture(f, DAY) })
  const staff = await f.bearer(['administrator'])
  const open = (await create(f, staff, newLink(await f.addCamera('public'), 'public'))).json()
  f.clock.setWall(f.clock.now() + 15 * DAY)
  t.equal(await f.links.holdAfterRestore({ kind: 'system', name: 'test' }), 2)
  for (const { link } of [first, second]) t.equal(await stateOf(f, link.id), 'awaiting-consent')
  t.equal(await stateOf(f, open.id), 'active', 'public links go on')
  await f.clock.advance(5_000)
  t.equal(await stateOf(f, second.link.id), 'awaiting-consent', 'the end of a pause opens nothing')
  t.equal(await stateOf(f, unopened.id), 'awaiting-consent', 'nor has the lapsed invitation ended its link')
  t.equal((await openSession(f, unopened.ownerInvitation.token)).statusCode, 401, 'but it opens nothing')
  t.equal((await openSession(f, first.token)).statusCode, 200, 'the key of an owner is still one')

  const invite = (id: string, headers = staff) =>
    f.app.inject({ method: 'POST', url: `/api/v1/links/${id}/invitation`, headers })
  for (const id of [first.link.id, unopened.id]) {
    const fresh = await invite(id)
    t.match([fresh.statusCode, fresh.headers['cache-control'], fresh.json().url], [201, 'no-store', /\/owner#/])
    const opened = await openSession(f, fresh.json().token)
    t.equal(opened.statusCode, 200)
    const [cookie] = opened.cookies
    const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': opened.json().csrfToken }
    t.equal((await act(f, headers, id, 'consent', consent)).json().state, 'active')
    t.equal((await auditOf(f, id)).filter((entry) => entry.startsWith('owner-invited token')).length, 1)
  }
  t.equal((await openSession(f, first.token)).statusCode, 401, 'the earlier key opens nothing any more')
  t.match((await invite(first.link.id)).json(), { status: 409, code: 'illegal-transition', state: 'active' })
  t.equal((await invite(open.id)).statusCode, 409)
  t.equal((await invite(second.link.id, await f.bearer(['operator']))).statusCode, 403)
})
