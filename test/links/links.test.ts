import t from 'tap'
import { Role } from '../../gateway/contracts/identity.ts'
import { Link } from '../../gateway/contracts/link.ts'
import { CELL, type LawfulAccess, lawfulAccess, newLink } from '../fakes/lawful-access.ts'

const DAY = 24 * 60 * 60_000

type Headers = Record<string, string>

interface Owner {
  headers: Headers
  csrf: string
  token: string
  link: Link
}

const create = (f: LawfulAccess, headers: Headers, payload: object) =>
  f.app.inject({ method: 'POST', url: '/api/v1/links', headers, payload })

const openSession = (f: LawfulAccess, token: string, remoteAddress = '127.0.0.1') =>
  f.app.inject({ method: 'POST', url: '/api/v1/owner/session', payload: { token }, remoteAddress })

async function invited(f: LawfulAccess, more: Parameters<typeof newLink>[2] = {}): Promise<Owner> {
  const cameraId = await f.addCamera('private')
  const made = await create(f, await f.bearer(['installer']), newLink(cameraId, 'private', more))
  if (made.statusCode !== 201) throw new Error(made.body)
  const { ownerInvitation, ...link } = made.json()
  const opened = await openSession(f, ownerInvitation.token)
  const [cookie] = opened.cookies
  const csrf: string = opened.json().csrfToken
  const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': csrf }
  return { headers, csrf, token: ownerInvitation.token, link }
}

const act = (f: LawfulAccess, headers: Headers, id: string, name: string, payload?: object) =>
  f.app.inject({
    method: 'POST',
    url: `/api/v1/owner/links/${id}/${name}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })

const inFuture = (f: LawfulAccess, ms: number): string => new Date(f.clock.now() + ms).toISOString()

const stateOf = async (f: LawfulAccess, id: string): Promise<string> =>
  (await f.database.client.link.findUniqueOrThrow({ where: { id } })).state

const auditOf = async (f: LawfulAccess, id: string): Promise<string[]> => {
  const where = { object: `link:${id}` }
  const rows = await f.database.client.auditEntry.findMany({ where, orderBy: { sequence: 'asc' } })
  return rows.map(({ action, why, actorKind }) => [action, why, actorKind].filter(Boolean).join(' '))
}

const eventsOf = async (f: LawfulAccess, id: string): Promise<string[]> => {
  const rows = await f.database.client.event.findMany({ where: { kind: 'link' }, orderBy: { id: 'asc' } })
  const all = rows.map(({ dataJson }): { id: string; state: string } => JSON.parse(dataJson))
  return all.filter((event) => event.id === id).map(({ state }) => state)
}

t.test('a public link is active at once; one open link a camera', async (t) => {
  const f = await lawfulAccess(t)
  const headers = await f.bearer(['administrator'])
  const cameraId = await f.addCamera('public')
  const made = await create(
    f,
    headers,
    newLink(cameraId, 'public', { filing: { number: '公备 12', date: '2026-02-01' } }),
  )
  t.equal(made.statusCode, 201)
  const link = made.json()
  t.match(link, { state: 'active', cellCode: CELL, cameraName: '东街口', filing: { number: '公备 12' } })
  t.notOk(link.ownerInvitation)

  const second = await create(f, headers, newLink(cameraId, 'public'))
  t.match([second.statusCode, second.json()], [409, { code: 'conflict', linkId: link.id }])
  const revoked = await f.app.inject({
    method: 'POST',
    url: `/api/v1/links/${link.id}/revoke`,
    headers,
    payload: { reason: '协议终止' },
  })
  t.match(revoked.json(), { state: 'ended', stateReason: '协议终止' })
  const third = await create(f, headers, newLink(cameraId, 'public'))
  t.equal(third.statusCode, 201, 'a closed link makes room')
  t.same(await auditOf(f, link.id), ['link-created token', 'link-state-changed end token'])
  t.same(await eventsOf(f, link.id), ['active', 'ended'])

  const twice = await f.app.inject({
    method: 'POST',
    url: `/api/v1/links/${link.id}/revoke`,
    headers,
    payload: { reason: 'x' },
  })
  t.match([twice.statusCode, twice.json().code], [409, 'illegal-transition'])
})

t.test('two at once make one link', async (t) => {
  const f = await lawfulAccess(t)
  const headers = await f.bearer(['administrator'])
  const cameraId = await f.addCamera('public')
  const made = await Promise.all([1, 2, 3, 4].map(() => create(f, headers, newLink(cameraId, 'public'))))
  t.same(made.map(({ statusCode }) => statusCode).sort(), [201, 409, 409, 409])
})

t.test('suspend and restore a public link, never a private one', async (t) => {
  const f = await lawfulAccess(t)
  const headers = await f.bearer(['administrator'])
  const { id } = (await create(f, headers, newLink(await f.addCamera('public'), 'public'))).json()
  const staff = (linkId: string, name: string) =>
    f.app.inject({ method: 'POST', url: `/api/v1/links/${linkId}/${name}`, headers, payload: { reason: '整改' } })
  t.equal((await staff(id, 'suspend')).json().state, 'suspended')
  t.equal((await staff(id, 'restore')).json().state, 'active')
  const owner = await invited(f)
  t.equal((await staff(owner.link.id, 'suspend')).statusCode, 409)
  t.equal((await staff(owner.link.id, 'restore')).statusCode, 409)
})

t.test('what cannot be registered', async (t) => {
  const f = await lawfulAccess(t)
  const headers = await f.bearer(['installer'])
  const cameraId = await f.addCamera('private')
  const good = newLink(cameraId, 'private')
  const cases: [string, Headers, object, number, string][] = [
    ['a private camera as public', headers, { ...good, ownership: 'public' }, 409, 'conflict'],
    ['no such camera', headers, { ...good, cameraId: 'b5d1ab8e-4a5b-4f46-9c5a-1c1c7d3f7a01' }, 404, 'not-found'],
    ['over before it begins', headers, { ...good, validUntil: '2025-01-01T00:00:00Z' }, 400, 'invalid-request'],
    ['over already', headers, { ...good, validUntil: '2026-02-01T00:00:00Z' }, 400, 'invalid-request'],
    ['a state of its own', headers, { ...good, state: 'active' }, 400, 'invalid-request'],
    ['a consent of its own', headers, { ...good, consent: { scopes: ['live'] } }, 400, 'invalid-request'],
    ['another cell', await f.bearer(['installer'], ['990000000000001']), good, 403, 'not-in-your-cells'],
    ['an operator', await f.bearer(['operator']), good, 403, 'role-not-allowed'],
  ]
  for (const [name, as, payload, status, code] of cases) {
    const reply = await create(f, as, payload)
    t.match([reply.statusCode, reply.json().code], [status, code], name)
  }
  t.equal(await f.database.client.link.count(), 0)
})

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

t.test('without the audit entry nothing changes', async (t) => {
  const f = await lawfulAccess(t)
  const { headers, link } = await invited(f)
  f.breakAudit(true)
  const reply = await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: inFuture(f, DAY) })
  t.ok(reply.statusCode >= 500)
  t.equal(await stateOf(f, link.id), 'awaiting-consent')
  t.equal(await f.database.client.consent.count(), 0)
  f.breakAudit(false)
  t.equal(
    (await act(f, headers, link.id, 'consent', { scopes: ['live'], validUntil: inFuture(f, DAY) })).statusCode,
    200,
  )
})

t.test('the register: filters, pages, own cells, summary and table', async (t) => {
  const f = await lawfulAccess(t)
  const admin = await f.bearer(['administrator'])
  const OTHER = '330106001001002'
  for (const cellCode of [CELL, CELL, OTHER]) {
    await create(f, admin, newLink(await f.addCamera('public', { cellCode }), 'public', { basis: '=1+1' }))
  }
  await invited(f)
  const get = async (query: string, headers = admin) =>
    (await f.app.inject({ method: 'GET', url: `/api/v1/links${query}`, headers })).json()
  t.equal((await get('')).items.length, 4)
  t.equal((await get('?ownership=private')).items.length, 1)
  t.equal((await get('?state=awaiting-consent')).items.length, 1)
  t.equal((await get(`?cell=${OTHER}`)).items.length, 1)
  t.match(await get('?cells=1'), { code: 'invalid-request' })
  for (const link of (await get('')).items) t.ok(Link.safeParse(link).success)

  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await get(`?limit=3${cursor}`)
    seen.push(...page.items.map(({ id }: Link) => id))
    if (page.nextCursor === undefined) break
    cursor = `&cursor=${page.nextCursor}`
  }
  t.equal(new Set(seen).size, 4)
  t.equal(seen.length, 4)

  const lead = await f.bearer(['patrol-lead'], [OTHER])
  const own = (await get('', lead)).items
  t.same(
    own.map(({ cellCode }: Link) => cellCode),
    [OTHER],
  )
  t.same((await get(`?cell=${CELL}`, lead)).items, [])
  const foreign = seen.filter((id) => id !== own[0].id)[0]
  t.equal((await get(`/${foreign}`, lead)).code, 'not-in-your-cells')

  t.same(await get('/summary'), {
    public: { active: 3 },
    private: { 'awaiting-consent': 1 },
    byCell: [
      { cellCode: CELL, public: { active: 2 }, private: { 'awaiting-consent': 1 } },
      { cellCode: OTHER, public: { active: 1 }, private: {} },
    ],
  })
  t.same(await get('/summary', lead), {
    public: { active: 1 },
    private: {},
    byCell: [{ cellCode: OTHER, public: { active: 1 }, private: {} }],
  })

  const csv = await f.app.inject({
    method: 'GET',
    url: '/api/v1/links?ownership=public',
    headers: { ...admin, accept: 'text/csv' },
  })
  t.match(csv.headers['content-type'], /^text\/csv/)
  const lines = csv.body.trim().split('\r\n')
  t.equal(lines.length, 4)
  t.ok(csv.body.startsWith('\ufeff"id","cameraId"'), 'spreadsheets know it for UTF-8')
  t.match(lines[1], /"'=1\+1"/)
  const ofLead = await f.app.inject({ method: 'GET', url: '/api/v1/links', headers: { ...lead, accept: 'text/csv' } })
  t.equal(ofLead.body.trim().split('\r\n').length, 2, 'own cells only')
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
