import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startTestGateway } from '../fakes/gateway.ts'
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
