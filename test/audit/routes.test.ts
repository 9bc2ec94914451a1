import { randomUUID } from 'node:crypto'
import t from 'tap'
import { identityFixture } from '../fakes/identity.ts'

t.test('auditors and administrators read the trail, nobody else, and reading leaves a trace', async (t) => {
  const { app, bearer, database } = await identityFixture(t)
  const headers = await bearer(['auditor'])
  for (const role of ['operator', 'installer', 'patrol-lead'] as const) {
    for (const url of ['/api/v1/audit', '/api/v1/audit/checkpoints']) {
      const reply = await app.inject({ url, headers: await bearer([role]) })
      t.match(reply.json(), { status: 403, code: 'role-not-allowed' }, `${role} ${url}`)
    }
  }
  const before = await database.client.auditEntry.count()
  const reply = await app.inject({ url: '/api/v1/audit', headers })
  t.equal(reply.statusCode, 200)
  t.equal(reply.json().items.length, before)
  t.match(reply.json().items[0], { sequence: before, action: 'token-created', result: 'done', hash: /^[0-9a-f]{64}$/ })
  const entry = await database.client.auditEntry.findFirstOrThrow({ orderBy: { sequence: 'desc' } })
  t.match(entry, { action: 'audit-read', actorKind: 'token', sequence: BigInt(before + 1) })
  t.equal((await app.inject({ url: '/api/v1/audit', headers: await bearer(['administrator']) })).statusCode, 200)
})

t.test('people and scripts stand in it by the names they have today, and by their ids', async (t) => {
  const { app, bearer, database, identity } = await identityFixture(t)
  const headers = await bearer(['auditor'])
  const system = { kind: 'system', name: 'test' } as const
  const made = await identity.users.create(
    { username: 'zhou', password: 'correct horse battery', displayName: '周敏', roles: ['operator'] },
    system,
  )
  t.ok(made.ok)
  const id = made.ok ? made.user.id : ''
  await identity.users.change(id, { displayName: '周敏（西片）' }, system)
  const entries = async (object: string) =>
    (await app.inject({ url: '/api/v1/audit', headers, query: { object } })).json().items
  const [changed, created] = await entries(`user:${id}`)
  t.match(changed, { action: 'user-changed', object: `user:${id}`, objectName: '周敏（西片）' })
  t.match(created, { action: 'user-created', objectName: '周敏（西片）' })
  const token = await database.client.token.findFirstOrThrow()
  t.match(await entries(`token:${token.id}`), [{ action: 'token-created', objectName: token.name }])
  const [read] = await entries('audit')
  t.notHas(read, { objectName: String }, 'nobody’s name where it is nobody')
})

t.test('filters and pages', async (t) => {
  const { app, bearer, clock, database, audit } = await identityFixture(t)
  const headers = await bearer(['auditor'])
  const append = (name: string, object: string): Promise<void> =>
    database.transaction((tx) =>
      audit.append(tx, {
        action: 'camera-changed',
        actor: { kind: 'user', id: randomUUID(), name },
        object,
        result: 'done',
      }),
    )
  for (let n = 0; n < 5; n += 1) await append('王', `camera:${n}`)
  await clock.advance(1000)
  const since = new Date(clock.now()).toISOString()
  await append('李', 'camera:1')
  const get = async (query: Record<string, string>) =>
    (await app.inject({ url: '/api/v1/audit', headers, query })).json()
  t.equal((await get({ actor: '王' })).items.length, 5)
  t.equal((await get({ object: 'camera:1' })).items.length, 2)
  t.equal((await get({ since, object: 'camera:1' })).items.length, 1)
  t.equal((await get({ until: since, object: 'camera:1' })).items.length, 1)
  t.equal((await get({ action: 'camera-changed' })).items.length, 6)
  t.equal((await get({ action: 'camera-changed', result: 'refused' })).items.length, 0)
  const first = await get({ actor: '王', limit: '3' })
  t.same(
    first.items.map(({ object }: { object: string }) => object),
    ['camera:4', 'camera:3', 'camera:2'],
  )
  const second = await get({ actor: '王', limit: '3', cursor: first.nextCursor })
  t.same(
    second.items.map(({ object }: { object: string }) => object),
    ['camera:1', 'camera:0'],
  )
  t.notOk(second.nextCursor)
  t.match(await get({ cursor: 'x' }), { code: 'invalid-request' })
  t.match(await get({ limit: '501' }), { code: 'invalid-request' })
})

t.test('checkpoints can be fetched and kept elsewhere, which leaves a trace', async (t) => {
  const { app, bearer, audit, database } = await identityFixture(t)
  const headers = await bearer(['auditor'])
  audit.start()
  await audit.close()
  const reply = await app.inject({ url: '/api/v1/audit/checkpoints', headers })
  t.match(reply.json(), { items: [{ sequence: 1, hash: /^[0-9a-f]{64}$/, signature: /^[\w+/]{86}==$/ }] })
  const entry = await database.client.auditEntry.findFirstOrThrow({ orderBy: { sequence: 'desc' } })
  t.match(entry, { action: 'audit-read', object: 'audit-checkpoints', actorKind: 'token', sequence: 2n })
})

t.test('the chain is verified on request, which leaves a trace, and the first changed entry is named', async (t) => {
  const { app, bearer, database } = await identityFixture(t)
  const headers = await bearer(['auditor'])
  const url = '/api/v1/audit/verification'
  t.match((await app.inject({ url, headers: await bearer(['operator']) })).json(), { code: 'role-not-allowed' })
  t.match((await app.inject({ url, headers })).json(), { ok: true, entries: 2, checkpoints: 0, erasedDetails: 0 })
  const entry = await database.client.auditEntry.findFirstOrThrow({ orderBy: { sequence: 'desc' } })
  t.match(entry, { action: 'audit-read', object: 'audit-chain', actorKind: 'token' })
  await database.client.auditEntry.update({ where: { sequence: 2n }, data: { actorName: 'somebody else' } })
  t.match((await app.inject({ url, headers })).json(), { ok: false, sequence: 2, fault: 'changed' })
})
