import t from 'tap'
import { CELL, type LawfulAccess, lawfulAccess, newLink } from '../fakes/lawful-access.ts'

const DAY = 24 * 60 * 60_000

type Headers = Record<string, string>

const get = async (f: LawfulAccess, headers: Headers, url: string) =>
  (await f.app.inject({ method: 'GET', url, headers })).json()

const patch = (f: LawfulAccess, headers: Headers, cameraId: string, payload: object) =>
  f.app.inject({ method: 'PATCH', url: `/api/v1/register/${cameraId}`, headers, payload })

async function street(f: LawfulAccess): Promise<string> {
  const id = await f.addCamera('public')
  await f.database.client.camera.update({ where: { id }, data: { placeClass: 'article-7' } })
  return id
}

t.test('a camera of the street, from its registration to its filing', async (t) => {
  const f = await lawfulAccess(t)
  const [installer, auditor] = [await f.bearer(['installer']), await f.bearer(['auditor'])]
  const cameraId = await street(f)
  const row = async () => (await get(f, auditor, `/api/v1/register?camera=${cameraId}`)).items[0]
  t.match(await row(), {
    inUseOn: '2026-03-02',
    filingState: 'open',
    filingDaysLeft: 30,
    faults: ['link-missing', 'in-use-date-missing', 'sign-missing', 'retention-missing'],
  })
  const payload = newLink(cameraId, 'public')
  t.equal((await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: installer, payload })).statusCode, 201)

  const short = await patch(f, installer, cameraId, { retentionDays: 29 })
  t.match([short.statusCode, short.json().code], [422, 'retention-too-short'])
  const set = await patch(f, installer, cameraId, { inUseOn: '2026-02-09', signOn: '2026-02-09', retentionDays: 30 })
  t.match(set.json(), { filingState: 'due-in-10', filingDaysLeft: 9, filingDueOn: '2026-03-11', faults: [] })
  t.match(await get(f, auditor, '/api/v1/register/summary'), {
    filing: { 'due-in-10': 1 },
    byCell: [{ cellCode: CELL, public: { cameras: 1, active: 1 } }],
    byParty: [{ party: 'shop', public: { cameras: 1 } }],
    strippedFields: 7,
  })
  t.equal((await get(f, auditor, '/api/v1/register?due=filing')).items.length, 1)

  const filing = { number: '浙公安备 0001', date: '2026-03-02' }
  t.match((await patch(f, installer, cameraId, { filing })).json(), { filingState: 'filed', filing })
  t.equal((await get(f, auditor, '/api/v1/register?due=filing')).items.length, 0)
  t.match((await get(f, auditor, '/api/v1/links')).items, [{ filing }], 'the link shows it too')
  t.match((await patch(f, installer, cameraId, { filing: null })).json(), { filingState: 'due-in-10' })

  t.equal((await patch(f, auditor, cameraId, { filing })).statusCode, 403)
  const elsewhere = await f.bearer(['installer'], ['330106001001002'])
  t.equal((await patch(f, elsewhere, cameraId, { filing })).json().code, 'not-in-your-cells')
  t.equal((await get(f, elsewhere, '/api/v1/register')).items.length, 0)
  t.equal((await patch(f, installer, cameraId, { colour: 'blue' })).statusCode, 400)
  const trail = await f.database.client.auditEntry.findMany({ where: { action: 'register-changed' } })
  t.equal(trail.length, 3)
})

t.test('what expires within 30 days', async (t) => {
  const f = await lawfulAccess(t)
  const [installer, auditor] = [await f.bearer(['installer']), await f.bearer(['auditor'])]
  for (const days of [29, 31]) {
    const validUntil = new Date(f.clock.now() + days * DAY).toISOString()
    const payload = newLink(await f.addCamera('public'), 'public', { validUntil })
    await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: installer, payload })
  }
  t.match((await get(f, auditor, '/api/v1/register?due=expiring')).items, [{ expiresInDays: 29 }])
  t.equal((await get(f, auditor, '/api/v1/register/summary')).expiring, 1)
})

t.test('pages and the table hold every camera once', async (t) => {
  const f = await lawfulAccess(t)
  const auditor = await f.bearer(['auditor'])
  const ids = new Set<string>()
  for (let camera = 0; camera < 5; camera += 1) ids.add(await f.addCamera('public'))
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await get(f, auditor, `/api/v1/register?limit=2${cursor}`)
    seen.push(...page.items.map(({ cameraId }: { cameraId: string }) => cameraId))
    if (page.nextCursor === undefined) break
    cursor = `&cursor=${page.nextCursor}`
  }
  t.same(seen, [...ids].sort())
  const csv = await f.app.inject({
    method: 'GET',
    url: '/api/v1/register',
    headers: { ...auditor, accept: 'text/csv' },
  })
  t.equal(csv.body.trim().split('\r\n').length, 6)
  t.equal(await f.database.client.auditEntry.count({ where: { action: 'register-exported' } }), 1)
  f.breakAudit(true)
  const refused = await f.app.inject({
    method: 'GET',
    url: '/api/v1/register',
    headers: { ...auditor, accept: 'text/csv' },
  })
  t.equal(refused.statusCode, 500, 'no export that cannot be written down')
})

t.test('counts for everybody, and nothing but counts', async (t) => {
  const f = await lawfulAccess(t)
  await f.addCamera('public')
  const privateId = await f.addCamera('private')
  const shop = newLink(privateId, 'private')
  await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: await f.bearer(['installer']), payload: shop })
  const open = await f.app.inject({ method: 'GET', url: '/api/v1/transparency' })
  t.equal(open.statusCode, 200)
  t.match(open.headers['cache-control'], /^public, max-age=\d+/)
  t.match(open.json(), {
    cells: [{ public: 1, private: 1 }],
    links: { public: 0, private: 0 },
    last30Days: { views: { public: 0, private: 0 }, alarms: 0 },
  })
  for (const secret of ['清河', '王老板', '0571', '门前', privateId]) t.notMatch(open.body, secret)
  await f.addCamera('public')
  const again = await f.app.inject({ method: 'GET', url: '/api/v1/transparency' })
  t.same(again.json(), open.json(), 'the same for everybody for a while')
  await f.clock.advance(10 * 60_000)
  const later = await f.app.inject({ method: 'GET', url: '/api/v1/transparency' })
  t.match(later.json(), { cells: [{ public: 2 }] })
  const statuses = new Set<number>()
  for (let request = 0; request < 70; request += 1) {
    statuses.add((await f.app.inject({ method: 'GET', url: '/api/v1/transparency' })).statusCode)
  }
  t.same([...statuses].sort(), [200, 429], 'nobody holds the gateway up with it')
})
