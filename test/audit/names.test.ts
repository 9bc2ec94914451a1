import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { changeDelivery, enqueue } from '../../gateway/notify/channel-store.ts'
import { openDatabase } from '../../gateway/storage/database.ts'
import { ADMIN_PASSWORD, startTestGateway } from '../fakes/gateway.ts'
import { CELL, GRID } from '../fakes/grid.ts'

t.test('sources, channels and cases stand in the trail by the names they have today', async (t) => {
  const gateway = await startTestGateway(t)
  const as = async (role: 'administrator' | 'operator' | 'auditor') => {
    const headers = { authorization: `Bearer ${await gateway.token(role)}` }
    return async (method: 'GET' | 'POST' | 'PATCH' | 'PUT', url: string, payload?: object) => {
      const reply = await gateway.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
      t.ok(reply.statusCode < 300, `${method} ${url}: ${reply.statusCode}`)
      return reply.json()
    }
  }
  const [admin, operator, auditor] = [await as('administrator'), await as('operator'), await as('auditor')]
  await admin('PUT', '/api/v1/grid', GRID)
  const source = await admin('POST', '/api/v1/alarm-sources', {
    name: '供销社报警主机',
    kind: 'panel',
    cellCode: CELL,
  })
  await admin('PATCH', `/api/v1/alarm-sources/${source.id}`, { name: '供销社（东街）' })
  const channel = await admin('POST', '/api/v1/channels', {
    name: '值班群',
    kind: 'wecom',
    url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=wecom-key',
  })
  const reply = await gateway.app.inject({
    method: 'POST',
    url: `/api/v1/webhooks/${source.id}`,
    headers: { authorization: `Bearer ${source.webhook.token}` },
    payload: { id: '1', type: 'panic-button', occurredAt: new Date().toISOString(), text: '收银台求助' },
  })
  t.ok(reply.statusCode < 300, reply.body)
  const { items } = await operator('GET', '/api/v1/cases')
  const [one] = items
  await operator('POST', `/api/v1/cases/${one.id}/actions`, { action: 'acknowledge', idempotencyKey: randomUUID() })

  const year = new Date().getFullYear()
  const named: [object: string, name: string][] = [
    [`alarm-source:${source.id}`, '供销社（东街）'],
    [`channel:${channel.id}`, '值班群'],
    [`case:${one.id}`, `${year}-0001 收银台求助`],
  ]
  const trail = await auditor('GET', '/api/v1/audit')
  for (const [object, name] of named) {
    const entries = trail.items.filter((entry: { object: string }) => entry.object === object)
    t.ok(entries.length > 0, object)
    for (const { objectName } of entries) t.equal(objectName, name)
  }
})

t.test('a message that is tried again stands there by its case, its receiver and its channel', async (t) => {
  const gateway = await startTestGateway(t)
  const headers = { authorization: `Bearer ${await gateway.token('administrator')}` }
  const made = await gateway.app.inject({
    method: 'POST',
    url: '/api/v1/channels',
    headers,
    payload: {
      name: '值班群',
      kind: 'wecom',
      enabled: false,
      url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k',
    },
  })
  t.equal(made.statusCode, 201, made.body)
  const [id, caseId] = [randomUUID(), randomUUID()]
  const database = await openDatabase({ kind: 'sqlite', file: join(gateway.dataDir, 'gridlight.sqlite') })
  await database.transaction(async (tx) => {
    const at = new Date()
    const openedAt = at.toISOString()
    const what = { type: 'panic-button', priority: 1, cellCode: CELL, text: '收银台求助' } as const
    const message = { ...what, caseId, number: '2026-0017', openedAt, to: '王建国' }
    await enqueue(tx, made.json().id, { id, notificationId: randomUUID(), caseId, toId: randomUUID(), message, at })
    await changeDelivery(tx, id, { state: 'dead', nextAt: null })
  })
  await database.close()
  const retried = await gateway.app.inject({ method: 'POST', url: `/api/v1/deliveries/${id}/retry`, headers })
  t.equal(retried.statusCode, 204, retried.body)

  const trail = await gateway.app.inject({ url: '/api/v1/audit?action=delivery-retried', headers })
  t.match(trail.json().items, [{ object: `delivery:${id}`, objectName: '2026-0017 王建国 · 值班群' }])
})

t.test('a handover stands there by its time and the two who signed', async (t) => {
  const { app } = await startTestGateway(t)
  const signIn = async (username: string, password: string) => {
    const reply = await app.inject({ method: 'POST', url: '/api/v1/session', payload: { username, password } })
    const [cookie] = reply.cookies
    return { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': reply.json().csrfToken }
  }
  const admin = await signIn('admin', ADMIN_PASSWORD)
  const password = 'correct horse battery'
  for (const [username, displayName] of [
    ['lin', '林晓'],
    ['zhou', '周丽华'],
  ]) {
    const payload = { username, password, displayName, roles: ['operator'] }
    t.equal((await app.inject({ method: 'POST', url: '/api/v1/users', headers: admin, payload })).statusCode, 201)
  }
  const signed = await app.inject({
    method: 'POST',
    url: '/api/v1/handovers',
    headers: await signIn('lin', password),
    payload: { incoming: { username: 'zhou', password } },
  })
  const { id, at } = signed.json().handover
  // The township's clock is eight hours ahead of UTC, all year round.
  const there = new Date(Date.parse(at) + 8 * 3_600_000).toISOString()
  const objectName = `${there.slice(0, 10)} ${there.slice(11, 19)} 林晓 → 周丽华`
  const trail = await app.inject({ url: '/api/v1/audit?action=shift-handed-over', headers: admin })
  t.match(trail.json().items, [{ object: `handover:${id}`, objectName }])
})
