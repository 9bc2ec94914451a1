import t from 'tap'
import { Role } from '../../gateway/contracts/identity.ts'
import type { Link } from '../../gateway/contracts/link.ts'
import { lawfulAccess, newLink } from '../fakes/lawful-access.ts'
import { act, auditOf, create, DAY, eventsOf, type Headers, inFuture, invited, openSession, stateOf } from './owner.ts'

t.test('the invitation is the owner’s key, kept as a hash, first opened within 14 days', async (t) => {
  const f = await lawfulAccess(t)
  const headers = await f.bearer(['installer'])
  const made = (await create(f, headers, newLink(await f.addCamera('private'), 'private'))).json()
  const { url, token, expiresAt } = made.ownerInvitation
  t.equal(made.state, 'awaiting-consent')
  t.equal(url, `http://localhost:80/owner#${token}`)
  t.match(token, /^[\w-]{43}$/, '256 bits')
  t.equal(Date.parse(expiresAt) - f.clock.now(), 14 * DAY)
  const [row] = await f.database.client.ownerInvitation.findMany()
  t.not(row?.tokenHash, token)
  const shown = await f.app.inject({ method: 'GET', url: `/api/v1/links/${made.id}`, headers })
  t.notMatch(shown.body, token, 'shown once')

  const opened = await openSession(f, token)
  t.equal(opened.statusCode, 200)
  t.match(opened.json(), { user: { displayName: '清河副食店', roles: ['feed-owner'] }, csrfToken: String })
  t.match(opened.headers['set-cookie'], /HttpOnly/)
  t.equal((await openSession(f, `${token.slice(0, -4)}AAAA`)).statusCode, 401, 'another token')

  f.clock.setWall(f.clock.now() + 60 * DAY)
  await f.clock.advance(5_000)
  t.equal((await openSession(f, token)).statusCode, 200, 'once opened it stays the key')
  t.match(await stateOf(f, made.id), 'awaiting-consent')

  const late = (await create(f, headers, newLink(await f.addCamera('private'), 'private'))).json()
  f.clock.setWall(f.clock.now() + 14 * DAY)
  await f.clock.advance(5_000)
  const refused = await openSession(f, late.ownerInvitation.token)
  t.match([refused.statusCode, refused.json().code], [401, 'invitation-invalid'])
  t.equal(await stateOf(f, late.id), 'expired', 'the sweep closes what nobody opened')
  const again = await create(f, headers, newLink(late.cameraId, 'private'))
  t.equal(again.statusCode, 201, 'the camera can be asked for again')
})

t.test('consent: what was asked or less, in versions that are never changed', async (t) => {
  const f = await lawfulAccess(t)
  const { headers, link } = await invited(f, {
    hours: { from: '08:00', to: '20:00' },
    validUntil: '2027-01-01T00:00:00Z',
  })
  const give = (payload: object) => act(f, headers, link.id, 'consent', payload)
  const until = '2026-12-31T00:00:00.000Z'
  for (const [name, payload] of Object.entries({
    scopes: { scopes: ['live', 'audio'], validUntil: until },
    end: { scopes: ['live'], validUntil: '2027-01-02T00:00:00Z' },
    hours: { scopes: ['live'], validUntil: until, hours: { from: '07:00', to: '20:00' } },
  })) {
    const reply = await give(payload)
    t.match([reply.statusCode, reply.json().code], [422, 'consent-wider-than-asked'], name)
  }
  t.equal((await give({ scopes: ['live'], validUntil: '2026-01-01T00:00:00Z' })).statusCode, 400, 'over already')
  t.equal(await f.database.client.consent.count(), 0)

  const first = (await give({ scopes: ['live', 'snapshot'], validUntil: until })).json()
  t.match(first, {
    state: 'active',
    consent: { version: 1, scopes: ['live', 'snapshot'], hours: { from: '08:00', to: '20:00' } },
  })
  const before = await f.database.client.consent.findFirstOrThrow()
  const second = (await give({ scopes: ['live'], validUntil: until, hours: { from: '09:00', to: '18:00' } })).json()
  t.match(second, { state: 'active', consent: { version: 2, scopes: ['live'], hours: { from: '09:00', to: '18:00' } } })
  t.same(await f.database.client.consent.findUnique({ where: { id: before.id } }), before, 'version 1 is as it was')
  t.same(await auditOf(f, link.id), [
    'link-created token',
    'owner-session owner',
    'consent-given consent owner',
    'consent-given consent owner',
  ])
  t.same(await eventsOf(f, link.id), ['awaiting-consent', 'active', 'active'])
})

t.test('pause, its own end, resume and revoke', async (t) => {
  const f = await lawfulAccess(t)
  const { headers, link } = await invited(f)
  await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: inFuture(f, 90 * DAY) })
  t.equal((await act(f, headers, link.id, 'resume')).statusCode, 409, 'nothing to resume')
  t.equal((await act(f, headers, link.id, 'pause', { untilAt: inFuture(f, -1) })).statusCode, 400)

  const untilAt = inFuture(f, 60_000)
  t.match((await act(f, headers, link.id, 'pause', { untilAt })).json(), { state: 'paused', pausedUntil: untilAt })
  await f.clock.advance(55_000)
  t.equal(await stateOf(f, link.id), 'paused')
  await f.clock.advance(10_000)
  t.equal(await stateOf(f, link.id), 'active', 'by itself')

  await act(f, headers, link.id, 'pause', { untilAt: inFuture(f, DAY) })
  const narrowed = await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: inFuture(f, 30 * DAY) })
  t.match(narrowed.json(), { state: 'paused', pausedUntil: String, consent: { version: 2 } }, 'a pause outlives it')
  const resumed = (await act(f, headers, link.id, 'resume')).json()
  t.equal(resumed.state, 'active')
  t.notOk(resumed.pausedUntil)

  t.equal((await act(f, headers, link.id, 'revoke')).json().state, 'revoked')
  for (const name of ['resume', 'revoke']) t.equal((await act(f, headers, link.id, name)).statusCode, 409, name)
  t.equal(
    (await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: inFuture(f, DAY) })).statusCode,
    409,
  )
})

t.test('an owner knows of no other link', async (t) => {
  const f = await lawfulAccess(t)
  const [mine, theirs] = [await invited(f), await invited(f)]
  const list = await f.app.inject({ method: 'GET', url: '/api/v1/owner/links', headers: mine.headers })
  t.same(
    list.json().items.map(({ id }: Link) => id),
    [mine.link.id],
  )
  const consent = { scopes: ['live'], validUntil: inFuture(f, DAY) }
  for (const [name, payload] of [
    ['consent', consent],
    ['pause', { untilAt: inFuture(f, DAY) }],
    ['resume'],
    ['revoke'],
  ] as const) {
    t.equal((await act(f, mine.headers, theirs.link.id, name, payload)).statusCode, 404, name)
  }
  const views = await f.app.inject({
    method: 'GET',
    url: `/api/v1/owner/links/${theirs.link.id}/views`,
    headers: mine.headers,
  })
  t.equal(views.statusCode, 404)
  const register = await f.app.inject({ method: 'GET', url: '/api/v1/links', headers: mine.headers })
  t.equal(register.statusCode, 403)
  const { 'x-csrf-token': _, ...withoutToken } = mine.headers
  t.equal((await act(f, withoutToken, mine.link.id, 'revoke')).json().code, 'csrf-token-missing')
  t.equal(await stateOf(f, theirs.link.id), 'awaiting-consent')
})

t.test('who opens the page in the owner’s stead leaves an address in the trail, and the owner sees it', async (t) => {
  const f = await lawfulAccess(t)
  const cameraId = await f.addCamera('private')
  const made = await create(f, await f.bearer(['installer']), newLink(cameraId, 'private'))
  const { ownerInvitation, id } = made.json()
  await openSession(f, ownerInvitation.token, '192.0.2.7')
  const strangerAt = new Date(f.clock.now()).toISOString()
  await f.clock.advance(1_000)
  const opened = await openSession(f, ownerInvitation.token, '198.51.100.20')
  const [cookie] = opened.cookies
  const url = `/api/v1/owner/links/${id}/openings`
  const openings = async () =>
    (await f.app.inject({ method: 'GET', url, headers: { cookie: `${cookie?.name}=${cookie?.value}` } })).json().items
  t.same(await openings(), [
    { at: new Date(f.clock.now()).toISOString(), address: '198.51.100.20', isThisOne: true },
    { at: strangerAt, address: '192.0.2.7', isThisOne: false },
  ])
  const where = { object: `link:${id}`, action: 'owner-session' }
  const entry = await f.database.client.auditEntry.findFirstOrThrow({ where, orderBy: { sequence: 'asc' } })
  t.equal(entry.detailJson, '{"address":"192.0.2.7"}')
  // Personal data can be erased; that the page was opened cannot.
  await f.database.client.auditEntry.updateMany({ where, data: { detailJson: null, detailSalt: null } })
  t.same(await openings(), [
    { at: new Date(f.clock.now()).toISOString(), isThisOne: true },
    { at: strangerAt, isThisOne: false },
  ])
  const other = await invited(f)
  t.equal((await f.app.inject({ method: 'GET', url, headers: other.headers })).statusCode, 404, 'for its owner alone')
})

t.test('staff can never consent: every role x every act of the owner', async (t) => {
  const f = await lawfulAccess(t)
  const { link, headers: owner } = await invited(f)
  await act(f, owner, link.id, 'consent', { scopes: ['live'], validUntil: inFuture(f, DAY) })
  const before = await f.database.client.link.findUniqueOrThrow({ where: { id: link.id } })
  const staff = Role.exclude(['feed-owner']).options
  await f.addUser(
    'everything',
    staff.filter((role) => role !== 'auditor'),
  )
  const callers: [string, Headers][] = [['a person with all roles', await f.signIn('everything')]]
  for (const role of staff) callers.push([role, await f.bearer([role])])
  const acts: [string, 'GET' | 'POST', object | undefined][] = [
    [`links/${link.id}/consent`, 'POST', { scopes: ['live', 'snapshot'], validUntil: inFuture(f, 99 * DAY) }],
    [`links/${link.id}/pause`, 'POST', { untilAt: inFuture(f, DAY) }],
    [`links/${link.id}/resume`, 'POST', undefined],
    [`links/${link.id}/revoke`, 'POST', undefined],
    [`links/${link.id}/views`, 'GET', undefined],
    ['links', 'GET', undefined],
  ]
  let checked = 0
  for (const [name, headers] of callers) {
    for (const [path, method, payload] of acts) {
      const reply = await f.app.inject({
        method,
        url: `/api/v1/owner/${path}`,
        headers,
        ...(payload === undefined ? {} : { payload }),
      })
      t.match([reply.statusCode, reply.json().code], [403, 'role-not-allowed'], `${name} ${method} ${path}`)
      checked += 1
    }
    // Nor by the register's own routes: there is nothing to widen with.
    for (const method of ['PATCH', 'PUT', 'DELETE'] as const) {
      t.equal((await f.app.inject({ method, url: `/api/v1/links/${link.id}`, headers })).statusCode, 404)
    }
    t.equal((await f.app.inject({ method: 'POST', url: `/api/v1/links/${link.id}/consent`, headers })).statusCode, 404)
  }
  t.equal(checked, 6 * 6)
  t.same(await f.database.client.link.findUniqueOrThrow({ where: { id: link.id } }), before)
  t.equal(await f.database.client.consent.count(), 1)
  for (const [path, method] of acts) {
    t.equal((await f.app.inject({ method, url: `/api/v1/owner/${path}` })).statusCode, 401, `nobody ${path}`)
  }
})

t.test('a refused key is in the trail, and nobody can fill the trail with them', async (t) => {
  const f = await lawfulAccess(t)
  const { token } = await invited(f)
  const { transaction } = f.database
  let transactions = 0
  const counted: typeof transaction = (work) => {
    transactions += 1
    return transaction(work)
  }
  Object.assign(f.database, { transaction: counted })
  const refusals = () => f.database.client.auditEntry.findMany({ where: { action: 'sign-in-refused' } })
  for (const guess of ['x'.repeat(43), token.slice(1), `${token}x`]) {
    const refused = await openSession(f, guess)
    t.match([refused.statusCode, refused.json()], [401, { code: 'invitation-invalid' }])
  }
  const written = await refusals()
  t.equal(written.length, 3)
  t.match(written[0], { actorKind: 'anonymous', result: 'refused', why: 'invitation-invalid' })
  for (const { detailJson, actorName } of written) {
    t.notMatch(`${detailJson} ${actorName}`, token.slice(1), 'what was tried is not written down')
  }

  let limited = await openSession(f, 'x'.repeat(43))
  for (let tries = 4; tries < 40 && limited.statusCode === 401; tries += 1)
    limited = await openSession(f, 'x'.repeat(43))
  t.match([limited.statusCode, limited.json()], [429, { code: 'too-many-requests' }])
  const before = transactions
  for (let tries = 0; tries < 20; tries += 1) t.equal((await openSession(f, 'y'.repeat(43))).statusCode, 429)
  t.equal(transactions, before, 'beyond the limit a try takes no lock and writes nothing')
})
