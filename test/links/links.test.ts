import t from 'tap'
import { Link } from '../../gateway/contracts/link.ts'
import { CELL, lawfulAccess, newLink } from '../fakes/lawful-access.ts'
import { act, auditOf, create, DAY, eventsOf, type Headers, inFuture, invited, stateOf } from './owner.ts'

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
