import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t from 'tap'
import { startTestGateway } from '../fakes/gateway.ts'
import { temporaryDataDir } from '../fakes/gateway-process.ts'
import { watching } from '../fakes/watching.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

/** What the database itself refuses, as a full disk or a lost right would. */
const REFUSE = `CREATE TRIGGER "no-trail" BEFORE INSERT ON "AuditEntry" BEGIN SELECT RAISE(ABORT, 'no space left'); END`
const MEND = `DROP TRIGGER "no-trail"`

t.test('what cannot be written down is not shown', { skip: lacksFfmpeg }, async (t) => {
  const f = await watching(t, '127.0.34.0')
  const { cameraId, linkId } = await f.privateCamera()
  const [headers, auditor] = [await f.bearer(['operator']), await f.bearer(['auditor'])]
  const opened = await f.watch(headers, cameraId)
  t.equal(opened.statusCode, 201)
  const media = () => f.app.inject({ method: 'GET', url: opened.json().hlsUrl, headers })
  t.equal((await media()).statusCode, 200)

  await f.database.client.$executeRawUnsafe(REFUSE)
  const refused = await f.watch(headers, cameraId)
  t.match([refused.statusCode, refused.json().code], [503, 'storage-failure'])
  const ended = await media()
  t.match(
    [ended.statusCode, ended.json()],
    [410, { code: 'view-ended', why: 'audit-unavailable' }],
    'and who watches is cut',
  )
  const at = { cameraId, fromMs: f.clock.now(), toMs: f.clock.now(), recording: 'clip:1' }
  const principal = {
    kind: 'user',
    id: 'u',
    name: '陈',
    roles: ['operator'],
    cellCodes: undefined,
    sessionId: 's',
  } as const
  const reason = { kind: 'request', text: '派出所来电调看' } as const
  await t.rejects(f.views.mayOpenRecording({ ...at, principal, reason }), 'no recording either')
  const unread = await f.app.inject({ method: 'GET', url: '/api/v1/audit', headers: auditor })
  t.equal(unread.statusCode, 500, 'nor is the trail read without a trace')

  await f.database.client.$executeRawUnsafe(MEND)
  await f.clock.advance(1_000)
  await f.views.endWhere({ linkId }, 'closed')
  const row = await f.database.client.view.findFirstOrThrow({ where: { linkId } })
  t.equal(row.endedWhy, 'audit-unavailable', 'written down once it can be')
  t.equal((await f.watch(headers, cameraId)).statusCode, 201, 'and all goes on')

  await f.database.client.$executeRawUnsafe(REFUSE)
  t.equal(f.views.liveCount(), 1)
  await f.clock.advance(6_000)
  while (f.views.liveCount() > 0) await new Promise(setImmediate)
  t.pass('nobody asks for anything, and the trail is tried all the same')
  await f.database.client.$executeRawUnsafe(MEND)
})

t.test('alarms go on', async (t) => {
  const dataDir = await temporaryDataDir(t)
  const gateway = await startTestGateway(t, { GRIDLIGHT_DATA_DIR: dataDir })
  const db = new BetterSqlite3(join(dataDir, 'gridlight.sqlite'), { timeout: 5_000 })
  t.teardown(() => db.close())
  const headers = { authorization: `Bearer ${await gateway.token('administrator')}` }
  const cell = '990123101001001'
  const feature = (properties: object, geometry: object | null) => ({ type: 'Feature', properties, geometry })
  const ring = [
    [119.6, 29.1],
    [119.61, 29.1],
    [119.61, 29.11],
    [119.6, 29.1],
  ]
  const grid = {
    type: 'FeatureCollection',
    features: [
      feature({ code: '990123101001', name: '东街村', level: 'village' }, null),
      feature(
        { code: cell, name: '东街口网格', level: 'cell', parentCode: '990123101001' },
        { type: 'Polygon', coordinates: [ring] },
      ),
    ],
  }
  t.equal((await gateway.app.inject({ method: 'PUT', url: '/api/v1/grid', headers, payload: grid })).statusCode, 200)
  const made = await gateway.app.inject({
    method: 'POST',
    url: '/api/v1/alarm-sources',
    headers,
    payload: { name: '便民超市按钮', kind: 'button', cellCode: cell },
  })
  const { webhook } = made.json<{ webhook: { url: string; token: string } }>()
  const operator = { authorization: `Bearer ${await gateway.token('operator')}` }
  db.exec(REFUSE)
  const sent = await gateway.app.inject({
    method: 'POST',
    url: new URL(webhook.url, 'http://localhost').pathname,
    headers: { authorization: `Bearer ${webhook.token}` },
    payload: { id: 'a1', type: 'panic-button', occurredAt: new Date().toISOString() },
  })
  t.ok(sent.statusCode < 300, `${sent.statusCode} ${sent.body}`)
  const alarms = await gateway.app.inject({ url: '/api/v1/alarms', headers: operator })
  t.match(alarms.json().items, [{ type: 'panic-button' }])
  const cases = await gateway.app.inject({ url: '/api/v1/cases', headers: operator })
  t.equal(cases.json().items.length, 1, 'with its case')
  db.exec(MEND)
})
