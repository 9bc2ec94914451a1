import t from 'tap'
import { toInstant } from '../../gateway/contracts/common.ts'
import { csrfTokenOf, secretHash } from '../../gateway/identity/secret.ts'
import type { SessionEnd } from '../../gateway/identity/session-end.ts'
import { identityFixture, PASSWORD } from '../fakes/identity.ts'
import { seedPrivateLink } from '../fakes/private-link.ts'

const HOUR_MS = 60 * 60_000

t.test('sign-in sets a strict cookie and the secret is stored as a hash only', async (t) => {
  const { app, addUser, database } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const reply = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { username: 'wang', password: PASSWORD },
  })
  t.equal(reply.statusCode, 200)
  const [cookie] = reply.cookies
  t.match(cookie, { name: 'gridlight', httpOnly: true, sameSite: 'Strict', path: '/' })
  t.equal(cookie?.secure, undefined, 'plain HTTP on loopback')
  t.equal(Buffer.from(cookie?.value ?? '', 'base64url').length, 32, '256 bits')
  t.match(reply.json(), {
    user: { username: 'wang', roles: ['operator'] },
    csrfToken: csrfTokenOf(cookie?.value ?? ''),
  })
  const session = await database.client.session.findFirstOrThrow()
  t.equal(session.tokenHash, secretHash(cookie?.value ?? ''))
  t.notMatch(JSON.stringify(session), cookie?.value)
  const [entry] = await database.client.auditEntry.findMany({ where: { action: 'sign-in' } })
  t.match(entry, { actorName: 'WANG', sessionId: session.id, result: 'done' })
})

t.test('everywhere else the cookie is Secure and carries the __Host- prefix', async (t) => {
  const { app, addUser } = await identityFixture(t, { secureCookies: true })
  await addUser('wang', ['operator'])
  const reply = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { username: 'wang', password: PASSWORD },
  })
  t.match(reply.cookies[0], { name: '__Host-gridlight', secure: true, httpOnly: true, path: '/' })
  t.equal(reply.cookies[0]?.domain, undefined)
  const plain = await app.inject({
    url: '/api/v1/session',
    headers: { cookie: `gridlight=${reply.cookies[0]?.value}` },
  })
  t.equal(plain.statusCode, 401, 'the name without the prefix is not looked at')
})

t.test('who am I, and sign-out', async (t) => {
  const { app, addUser, signIn, identity, database } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const ends: SessionEnd[] = []
  identity.onEnded((end) => ends.push(end))
  const headers = await signIn('wang')
  const me = await app.inject({ url: '/api/v1/session', headers })
  t.match(me.json(), { user: { username: 'wang', displayName: 'WANG' }, csrfToken: headers['x-csrf-token'] })
  t.equal(me.headers['cache-control'], 'no-store')
  const noToken = await app.inject({ method: 'DELETE', url: '/api/v1/session', headers: { cookie: headers.cookie } })
  t.match(noToken.json(), { status: 403, code: 'csrf-token-missing' })
  const out = await app.inject({ method: 'DELETE', url: '/api/v1/session', headers })
  t.equal(out.statusCode, 204)
  t.equal(out.cookies[0]?.value, '')
  const { id } = await database.client.session.findFirstOrThrow()
  t.same(ends, [{ sessionId: id, why: 'signed-out' }])
  t.equal((await app.inject({ url: '/api/v1/session', headers })).statusCode, 401)
  t.equal(await database.client.auditEntry.count({ where: { action: 'sign-out' } }), 1)
})

t.test('credentials count in their own header only, known a moment ago or not', async (t) => {
  const { app, addUser, signIn, bearer, database } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const { cookie } = await signIn('wang')
  const { authorization } = await bearer(['operator'])
  const statusWith = async (headers: Record<string, string>): Promise<number> =>
    (await app.inject({ url: '/api/v1/session', headers })).statusCode
  const { tokenHash } = await database.client.session.findFirstOrThrow()
  for (let turn = 0; turn < 2; turn += 1) {
    t.equal(await statusWith({ cookie }), 200)
    t.equal(await statusWith({ authorization }), 200)
    t.equal(await statusWith({ authorization: cookie }), 401)
    t.equal(await statusWith({ cookie: authorization }), 401)
    for (const header of ['authorization', 'cookie'])
      t.equal(await statusWith({ [header]: tokenHash }), 401, 'the stored hash opens nothing')
    t.equal(await statusWith({ authorization, cookie: 'x' }), 200, 'the header goes before the cookie')
    t.equal(await statusWith({ authorization: 'Bearer x', cookie }), 401)
  }
})

t.test('a new sign-in takes the place of the session it came with (no fixation)', async (t) => {
  const { app, addUser, signIn, identity } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const first = await signIn('wang')
  const ends: SessionEnd[] = []
  identity.onEnded((end) => ends.push(end))
  const again = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    headers: { cookie: first.cookie },
    payload: { username: 'wang', password: PASSWORD },
  })
  t.equal(again.statusCode, 200)
  t.not(`gridlight=${again.cookies[0]?.value}`, first.cookie)
  t.equal(ends.length, 1)
  t.equal((await app.inject({ url: '/api/v1/session', headers: first })).statusCode, 401)
})

t.test('a session ends 8 h after its last use and 12 h after its start', async (t) => {
  const { app, addUser, signIn, clock } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const idle = await signIn('wang')
  const status = async (headers: typeof idle): Promise<number> =>
    (await app.inject({ url: '/api/v1/session', headers })).statusCode
  await clock.advance(8 * HOUR_MS - 1)
  t.equal(await status(idle), 200, 'one millisecond before the idle limit')
  await clock.advance(4 * HOUR_MS)
  t.equal(await status(idle), 200, 'used in between, one millisecond before the shift limit')
  await clock.advance(1)
  t.equal(await status(idle), 401, 'the shift is over')
  const unused = await signIn('wang')
  await clock.advance(8 * HOUR_MS)
  t.equal(await status(unused), 401, 'nobody used it for 8 h')
})

t.test('the last use is written at most once a minute', async (t) => {
  const { app, addUser, signIn, clock, database } = await identityFixture(t)
  await addUser('wang', ['operator'])
  const headers = await signIn('wang')
  const seen = async (): Promise<number> => {
    await app.inject({ url: '/api/v1/session', headers })
    return (await database.client.session.findFirstOrThrow()).lastSeenAt.getTime()
  }
  const startMs = clock.now()
  await clock.advance(59_999)
  t.equal(await seen(), startMs)
  await clock.advance(1_000) // who asks again within a second is answered from memory
  t.equal(await seen(), startMs + 60_999)
})

t.test('what runs out by time is told like a sign-out, to those who send no request', async (t) => {
  const { addUser, signIn, clock, identity, database } = await identityFixture(t)
  await addUser('wang', ['operator'])
  await signIn('wang')
  const made = await identity.users.createToken(
    { name: 'short', roles: ['operator'], expiresAt: toInstant(clock.now() + HOUR_MS) },
    { kind: 'system', name: 'test' },
  )
  const { promise: tokenEnded, resolve: onToken } = Promise.withResolvers<SessionEnd>()
  const { promise: sessionEnded, resolve: onSession } = Promise.withResolvers<SessionEnd>()
  identity.onEnded((end) => (end.principalId === undefined ? onSession(end) : onToken(end)))
  identity.start()
  t.teardown(() => identity.close())
  await clock.advance(HOUR_MS + 30_000)
  t.match(await tokenEnded, { sessionId: made.ok ? made.token.id : '', why: 'signed-out' })
  await clock.advance(7 * HOUR_MS)
  const { id } = await database.client.session.findFirstOrThrow({ where: { endedAt: { not: null } } })
  t.match(await sessionEnded, { sessionId: id, why: 'signed-out' })
})

t.test('an owner’s session sees one link and is over with its invitation', async (t) => {
  const { app, database, identity, clock } = await identityFixture(t, {
    extraRoutes: (app) => {
      app.get('/owner-only', { config: { access: 'owner' } }, async (request) => request.principal)
      app.get('/staff-only', { config: { access: { roles: ['operator', 'feed-owner'] } } }, async () => ({}))
    },
  })
  const { invitationId, linkId } = await seedPrivateLink(database, { expiresMs: clock.now() + HOUR_MS })
  const session = await database.transaction((tx) => identity.sessions.openOwner(tx, invitationId))
  const headers = { cookie: `gridlight=${session.token}` }
  t.match((await app.inject({ url: '/owner-only', headers })).json(), {
    kind: 'owner',
    id: session.sessionId,
    name: '好邻居便利店',
    roles: ['feed-owner'],
    linkIds: [linkId],
    sessionId: session.sessionId,
  })
  t.equal((await app.inject({ url: '/staff-only', headers })).statusCode, 403)
  const me = await app.inject({ url: '/api/v1/session', headers })
  t.match(me.json(), { csrfToken: session.csrfToken, user: { displayName: '好邻居便利店', roles: ['feed-owner'] } })
  t.notOk('username' in me.json().user)
  await clock.advance(HOUR_MS)
  t.equal((await app.inject({ url: '/owner-only', headers })).statusCode, 401)
})
