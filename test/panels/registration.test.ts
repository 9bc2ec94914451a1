import { readFileSync } from 'node:fs'
import t from 'tap'
import { AlarmPanel, encodePanelMessage } from '../fakes/alarm-panel.ts'
import { startTestGateway } from '../fakes/gateway.ts'

const grid = JSON.parse(readFileSync('scripts/virtual-township/grid.geojson', 'utf8'))
const cell = grid.features.find(({ properties }: { properties: { level: string } }) => properties.level === 'cell')
const cellCode: string = cell.properties.code
const key = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'

t.test('a panel is registered with its account and key, and its report is an alarm of that cell', async (t) => {
  const gateway = await startTestGateway(t, { GRIDLIGHT_SIA_PORT: '0' })
  const headers = { authorization: `Bearer ${await gateway.token('administrator')}` }
  const call = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const answer = await gateway.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
    return { status: answer.statusCode, body: answer.json(), text: answer.body }
  }
  await call('PUT', '/api/v1/grid', grid)
  const source = { name: '烟酒店报警主机', kind: 'panel', cellCode }
  const made = await call('POST', '/api/v1/alarm-sources', { ...source, dc09: { account: 'c0de', key } })
  t.match(made, {
    status: 201,
    body: { silenceSeconds: 600, dc09: { account: 'C0DE', isEncrypted: true, port: Number } },
  })
  t.notMatch(made.text, key, 'the key is not told again')
  const known = await call('GET', `/api/v1/alarm-sources/${made.body.id}`)
  t.strictSame(known.body.dc09, { account: 'C0DE', isEncrypted: true }, 'the account is seen again, the key is not')
  const listed = await call('GET', '/api/v1/alarm-sources?limit=100')
  t.strictSame(listed.body.items.find(({ id }: { id: string }) => id === made.body.id).dc09, known.body.dc09)
  t.match(await call('POST', '/api/v1/alarm-sources', { ...source, dc09: { account: 'C0DE' } }), { status: 409 })
  for (const dc09 of [{ account: '12' }, { account: 'xyz1' }, { account: '1234', key: 'ab' }]) {
    t.match(await call('POST', '/api/v1/alarm-sources', { ...source, dc09 }), { status: 400 })
  }
  const panel = new AlarmPanel(made.body.dc09.port)
  t.teardown(() => panel.socket.destroy())
  const bytes = Buffer.from(key, 'hex')
  const report = { id: 'ADM-CID', account: 'C0DE', data: '1120 01 003', at: new Date(), key: bytes } as const
  t.match(await panel.send(encodePanelMessage(report), bytes), { kind: '*ACK' })
  const { body } = await call('GET', '/api/v1/alarms')
  t.match(body.items, [{ type: 'panic-button', priority: 1, cellCode, sourceId: made.body.id }])
  const trail = await call('GET', '/api/v1/audit?limit=100')
  const metrics = await gateway.app.inject({ url: '/metrics', headers })
  t.notMatch(trail.text, key)
  t.match(metrics.body, /gridlight_panel_messages_total\{outcome="stored"\} 1/)
})

t.test('without a port nobody listens', async (t) => {
  const gateway = await startTestGateway(t)
  const headers = { authorization: `Bearer ${await gateway.token('administrator')}` }
  await gateway.app.inject({ method: 'PUT', url: '/api/v1/grid', headers, payload: grid })
  const made = await gateway.app.inject({
    method: 'POST',
    url: '/api/v1/alarm-sources',
    headers,
    payload: { name: 'panel', kind: 'panel', cellCode, dc09: { account: '1234' } },
  })
  t.strictSame(made.json().dc09, { account: '1234', isEncrypted: false })
})
