import t from 'tap'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { coversCell, hasRole } from '../../gateway/identity/rights.ts'
import type { SessionEnd } from '../../gateway/identity/session-end.ts'
import { identityFixture, PASSWORD } from '../fakes/identity.ts'

const NEW = { username: 'li', password: PASSWORD, displayName: '李', roles: ['operator'] }

t.test('the first start makes one administrator, whose made-up password is told once', async (t) => {
  const { app, identity, database } = await identityFixture(t)
  const password = await identity.users.ensureAdmin(undefined)
  t.match(password, /^[\w-]{24}$/)
  t.equal(await identity.users.ensureAdmin(undefined), undefined)
  t.equal(await database.client.user.count(), 1)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { username: 'admin', password },
  })
  t.match(reply.json(), { user: { roles: ['administrator'] } })
})

t.test('a password from the configuration is used and not told', async (t) => {
  const { identity, signIn } = await identityFixture(t)
  t.equal(await identity.users.ensureAdmin('from the environment'), undefined)
  await t.resolves(signIn('admin', 'from the environment'))
})

t.test('users are made, listed by page and changed by administrators only', async (t) => {
  const { app, bearer, database } = await identityFixture(t)
  const headers = await bearer(['administrator'])
  for (const role of ['operator', 'installer', 'patrol-lead', 'auditor'] as const) {
    const other = await bearer([role])
    for (const [method, url] of [
      ['POST', '/api/v1/users'],
      ['GET', '/api/v1/users'],
      ['POST', '/api/v1/tokens'],
      ['GET', '/api/v1/tokens'],
    ] as const) {
      const payload = url.endsWith('users') ? NEW : { name: 'x', roles: ['operator'] }
      const reply = await app.inject({ method, url, headers: other, ...(method === 'POST' ? { payload } : {}) })
      t.match(reply.json(), { status: 403, code: 'role-not-allowed' }, `${role} ${method} ${url}`)
    }
  }
  const made = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: NEW })
  t.equal(made.statusCode, 201)
  t.match(made.json(), { username: 'li', roles: ['operator'], disabled: false })
  t.notMatch(made.body, /password|scrypt/i)
  const again = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: NEW })
  t.match(again.json(), { status: 409, code: 'conflict' })
  await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: { ...NEW, username: 'zhao' } })
  const first = await app.inject({ url: '/api/v1/users?limit=1', headers })
  t.match(first.json(), { items: [{ username: 'li' }], nextCursor: 'li' })
  const second = await app.inject({ url: '/api/v1/users?limit=1&cursor=li', headers })
  t.match(second.json(), { items: [{ username: 'zhao' }] })
  const entry = await database.client.auditEntry.findFirstOrThrow({ where: { action: 'user-created' } })
  t.match(entry, { object: `user:${made.json().id}`, actorKind: 'token' })
  t.notMatch(
    JSON.stringify(entry, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    PASSWORD,
  )
})

for (const [name, payload] of [
  ['administrator and auditor at once', { ...NEW, roles: ['administrator', 'auditor'] }],
  ['feed owners', { ...NEW, roles: ['feed-owner'] }],
  ['a short password', { ...NEW, password: 'short' }],
  ['an unknown field', { ...NEW, faceId: 'x' }],
  ['no role', { ...NEW, roles: [] }],
] as const) {
  t.test(`${name} is refused`, async (t) => {
    const { app, bearer } = await identityFixture(t)
    const headers = await bearer(['administrator'])
    const reply = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload })
    t.match(reply.json(), { status: 400, code: 'invalid-request' })
  })
}

t.test('an auditor is not made an administrator by a change either', async (t) => {
  const { app, bearer, addUser } = await identityFixture(t)
  const id = await addUser('sun', ['auditor'])
  const reply = await app.inject({
    method: 'PATCH',
    url: `/api/v1/users/${id}`,
    headers: await bearer(['administrator']),
    payload: { roles: ['auditor', 'administrator'] },
  })
  t.match(reply.json(), { code: 'invalid-request', detail: /administrator and auditor/ })
})

t.test('disabling, new rights and a new password take hold at once and are told', async (t) => {
  const { app, bearer, addUser, signIn, identity } = await identityFixture(t)
  const id = await addUser('wang', ['operator'])
  const headers = await bearer(['administrator'])
  const ends: SessionEnd[] = []
  identity.onEnded((end) => ends.push(end))
  const change = (payload: Record<string, unknown>) =>
    app.inject({ method: 'PATCH', url: `/api/v1/users/${id}`, headers, payload })
  const session = await signIn('wang')
  const whoAmI = () => app.inject({ url: '/api/v1/session', headers: session })

  await change({ displayName: '王' })
  t.same(ends, [], 'a new name changes no right')
  await change({ roles: ['patrol-lead'], cellCodes: ['330783101001001'] })
  t.same(ends.splice(0), [{ principalId: id, why: 'rights-changed' }])
  t.match((await whoAmI()).json(), { user: { roles: ['patrol-lead'], cellCodes: ['330783101001001'] } })
  await change({ cellCodes: null })
  t.equal((await whoAmI()).json().user.cellCodes, undefined)
  await change({ password: 'another long password' })
  t.equal((await whoAmI()).statusCode, 401, 'a new password ends the sessions of the old one')
  const fresh = await signIn('wang', 'another long password')
  await change({ disabled: true })
  t.equal((await app.inject({ url: '/api/v1/session', headers: fresh })).statusCode, 401)
  await t.rejects(signIn('wang', 'another long password'), /wrong-credentials/)
  await change({ disabled: false })
  t.equal((await app.inject({ url: '/api/v1/session', headers: fresh })).statusCode, 401, 'old sessions stay ended')
  t.equal(ends.length, 4)
})

t.test('the last administrator who can sign in stays', async (t) => {
  const { app, bearer, identity, addUser, database } = await identityFixture(t)
  await identity.users.ensureAdmin('from the environment')
  const { id } = await database.client.user.findFirstOrThrow()
  const headers = await bearer(['administrator'])
  const patch = (payload: Record<string, unknown>) =>
    app.inject({ method: 'PATCH', url: `/api/v1/users/${id}`, headers, payload })
  t.match((await patch({ disabled: true })).json(), { status: 409, code: 'conflict' })
  t.match((await patch({ roles: ['operator'] })).json(), { status: 409, code: 'conflict' })
  await addUser('second', ['administrator'])
  t.equal((await patch({ disabled: true })).statusCode, 200)
})

t.test('a token works until it expires or is revoked, and is shown once', async (t) => {
  const { app, bearer, clock, identity, database } = await identityFixture(t)
  const headers = await bearer(['administrator'])
  const expiresAt = new Date(clock.now() + 60_000).toISOString()
  const create = (payload: Record<string, unknown>) =>
    app.inject({ method: 'POST', url: '/api/v1/tokens', headers, payload })
  const made = (await create({ name: 'panel', roles: ['operator'], cellCodes: ['330783101001001'], expiresAt })).json()
  t.match(made.token, /^glt_[\w-]{43}$/)
  const listed = await app.inject({ url: '/api/v1/tokens', headers })
  t.notMatch(listed.body, made.token)
  t.match(
    listed.json().items.find((token: { id: string }) => token.id === made.id),
    { name: 'panel', revoked: false },
  )
  t.notMatch(JSON.stringify(await database.client.token.findMany()), made.token)

  const call = (token: string) =>
    app.inject({ url: '/api/v1/session', headers: { authorization: `Bearer ${token}` } }).then((r) => r.statusCode)
  t.equal(await call(made.token), 200)
  t.equal(await call(made.token.slice(0, -1)), 401)
  await clock.advance(60_000)
  t.equal(await call(made.token), 401, 'expired')

  const lasting = (await create({ name: 'lasting', roles: ['operator'] })).json()
  const ends: SessionEnd[] = []
  identity.onEnded((end) => ends.push(end))
  const revoke = (id: string) => app.inject({ method: 'DELETE', url: `/api/v1/tokens/${id}`, headers })
  t.equal((await revoke(lasting.id)).statusCode, 204)
  t.equal(await call(lasting.token), 401, 'revoked')
  t.same(ends, [{ sessionId: lasting.id, principalId: lasting.id, why: 'rights-changed' }])
  t.equal((await revoke(lasting.id)).statusCode, 204, 'once more does nothing')
  t.equal(ends.length, 1)
  t.equal((await revoke('00000000-0000-4000-8000-000000000000')).statusCode, 404)
  t.match((await create({ name: 'past', roles: ['operator'], expiresAt })).json(), { code: 'invalid-request' })
  t.match((await create({ name: 'both', roles: ['administrator', 'auditor'] })).json(), { code: 'invalid-request' })
})

t.test('a bearer token needs no x-csrf-token, is not signed out, and is not mixed with a cookie', async (t) => {
  const { app, bearer, addUser, signIn } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const { cookie } = await signIn('wang')
  const headers = await bearer(['administrator'])
  t.equal((await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: NEW })).statusCode, 201)
  const out = await app.inject({ method: 'DELETE', url: '/api/v1/session', headers })
  t.match(out.json(), { code: 'invalid-request', detail: /tokens/ })
  const bad = await app.inject({ url: '/api/v1/session', headers: { cookie, authorization: 'Bearer glt_wrong' } })
  t.equal(bad.statusCode, 401, 'a wrong token does not fall back to the cookie')
})

t.test('a change that cannot be recorded does not happen', async (t) => {
  const { app, bearer, database } = await identityFixture(t)
  const headers = await bearer(['administrator'])
  await database.client.$executeRawUnsafe(
    `CREATE TRIGGER full BEFORE INSERT ON "AuditEntry" BEGIN SELECT RAISE(ABORT, 'no space'); END`,
  )
  const reply = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: NEW })
  t.equal(reply.statusCode, 500)
  t.equal(await database.client.user.count(), 0)
})

t.test('rights', async (t) => {
  const principal: Principal = {
    kind: 'user',
    id: '1',
    name: 'x',
    roles: ['operator'],
    cellCodes: ['330783101001001'],
    sessionId: 's',
  }
  t.equal(coversCell(principal, '330783101001001'), true)
  t.equal(coversCell(principal, '330783101001002'), false)
  t.equal(coversCell({ ...principal, cellCodes: undefined }, '330783101001002'), true)
  t.equal(coversCell({ ...principal, kind: 'owner', cellCodes: undefined }, '330783101001001'), false)
  t.equal(hasRole(principal, 'administrator', 'operator'), true)
  t.equal(hasRole(principal, 'administrator'), false)
})

t.test('a person is signed out everywhere at once, and may come back', async (t) => {
  const { app, bearer, addUser, signIn, identity, database } = await identityFixture(t)
  const id = await addUser('li', ['operator'])
  const ended: SessionEnd[] = []
  identity.onEnded((end) => ended.push(end))
  const [desk, phone] = [await signIn('li'), await signIn('li')]
  const url = `/api/v1/users/${id}/sign-out`
  const byOther = await app.inject({ method: 'POST', url, headers: await bearer(['operator']) })
  t.match(byOther.json(), { code: 'role-not-allowed' })
  const headers = await bearer(['administrator'])
  t.equal((await app.inject({ method: 'POST', url, headers })).statusCode, 204)
  for (const { cookie } of [desk, phone]) {
    t.equal((await app.inject({ url: '/api/v1/session', headers: { cookie } })).statusCode, 401)
  }
  t.match(ended.at(-1), { principalId: id, why: 'signed-out' })
  t.match(await database.client.auditEntry.findFirst({ where: { action: 'sign-out' } }), { object: `user:${id}` })
  await t.resolves(signIn('li'))
  const unknown = await app.inject({
    method: 'POST',
    url: '/api/v1/users/00000000-0000-4000-8000-000000000009/sign-out',
    headers,
  })
  t.equal(unknown.statusCode, 404)
})
