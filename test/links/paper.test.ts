import { createHash } from 'node:crypto'
import t from 'tap'
import { CELL, type LawfulAccess, lawfulAccess, newLink } from '../fakes/lawful-access.ts'

const DAY = 24 * 60 * 60_000

type Headers = Record<string, string>

/** The scanned agreement, as far as it matters. */
const documentHash = createHash('sha256').update('共享协议,清河副食店,签字').digest('hex')

async function paperLink(f: LawfulAccess) {
  const cameraId = await f.addCamera('private')
  const payload = newLink(cameraId, 'private', { hours: { from: '18:00', to: '08:00' } })
  const made = await f.app.inject({
    method: 'POST',
    url: '/api/v1/links',
    headers: await f.bearer(['installer']),
    payload,
  })
  const { id, ownerInvitation } = made.json()
  return { cameraId, id, token: String(ownerInvitation.token) }
}

const post = (f: LawfulAccess, headers: Headers, url: string, payload: object) =>
  f.app.inject({ method: 'POST', url, headers, payload })

t.test('two people, one document', async (t) => {
  const f = await lawfulAccess(t)
  await f.addUser('li', ['installer'])
  await f.addUser('zhao', ['administrator'])
  const [li, zhao] = [await f.signIn('li'), await f.signIn('zhao')]
  const { id, cameraId, token } = await paperLink(f)
  const signed = {
    scopes: ['live'],
    validUntil: new Date(f.clock.now() + 30 * DAY).toISOString(),
    documentHash,
    signedOn: '2026-03-01',
  }
  const papers = `/api/v1/links/${id}/paper-consents`

  const wider = await post(f, li, papers, { ...signed, scopes: ['live', 'ptz'] })
  t.match([wider.statusCode, wider.json().code], [422, 'consent-wider-than-asked'])
  t.equal((await post(f, li, papers, { ...signed, hours: { from: '00:00', to: '00:00' } })).statusCode, 422)
  t.equal((await post(f, li, papers, { ...signed, validUntil: '2026-01-01T00:00:00Z' })).statusCode, 400)
  t.equal((await post(f, li, papers, { ...signed, signedOn: '2026-04-01' })).statusCode, 400, 'a day to come')
  t.equal((await post(f, li, papers, { ...signed, documentHash: 'no hash' })).statusCode, 400)
  const script = await post(f, await f.bearer(['installer']), papers, signed)
  t.match([script.statusCode, script.json().code], [403, 'person-required'])

  const recorded = await post(f, li, papers, signed)
  t.equal(recorded.statusCode, 201)
  const paperId: string = recorded.json().id
  t.match(recorded.json(), { state: 'waiting', recordedBy: { name: 'LI' }, documentHash })
  t.equal((await post(f, zhao, papers, signed)).statusCode, 409, 'one at a time')
  const waiting = (await f.app.inject({ method: 'GET', url: `/api/v1/links/${id}`, headers: zhao })).json()
  t.match(waiting, { state: 'awaiting-consent', waitingPaper: { id: paperId } })
  t.notOk(waiting.consent, 'what one person recorded is nobody’s word yet')

  const alone = await post(f, li, `${papers}/${paperId}/confirm`, { documentHash })
  t.match([alone.statusCode, alone.json().code], [403, 'second-person-required'])
  const other = await post(f, zhao, `${papers}/${paperId}/confirm`, { documentHash: 'b'.repeat(64) })
  t.match([other.statusCode, other.json().code], [422, 'document-differs'])
  const confirmed = await post(f, zhao, `${papers}/${paperId}/confirm`, { documentHash })
  t.equal(confirmed.statusCode, 200)
  t.match(confirmed.json(), {
    state: 'active',
    consent: {
      version: 1,
      scopes: ['live'],
      hours: { from: '18:00', to: '08:00' },
      paper: { documentHash, signedOn: '2026-03-01', recordedBy: 'LI', confirmedBy: 'ZHAO' },
    },
  })
  t.notOk(confirmed.json().waitingPaper)
  t.equal((await post(f, zhao, `${papers}/${paperId}/confirm`, { documentHash })).statusCode, 409)
  t.equal(
    (await post(f, li, papers, { ...signed, scopes: ['live', 'snapshot'] })).statusCode,
    409,
    'paper widens nothing',
  )

  const trail = await f.database.client.auditEntry.findMany({
    where: { object: `link:${id}` },
    orderBy: { sequence: 'asc' },
  })
  t.same(
    trail.map(({ action, actorName }) => `${action} ${actorName}`),
    ['link-created script', 'paper-recorded LI', 'consent-given ZHAO'],
  )
  t.match(JSON.parse(trail.at(-1)?.detailJson ?? ''), {
    paper: { documentHash, recordedBy: 'LI', confirmedBy: 'ZHAO' },
  })

  const csv = await f.app.inject({ method: 'GET', url: '/api/v1/links', headers: { ...zhao, accept: 'text/csv' } })
  const [head, row] = csv.body.split('\r\n').map((line) => line.split(','))
  t.equal(row?.[head?.indexOf('"consentForm"') ?? -1], '"paper"', 'marked as paper in the table too')

  const opened = await post(f, {}, '/api/v1/owner/session', { token })
  const owner = {
    cookie: String(opened.headers['set-cookie']).split(';')[0] ?? '',
    'x-csrf-token': opened.json().csrfToken,
  }
  const mine = await f.app.inject({ method: 'GET', url: '/api/v1/owner/links', headers: owner })
  t.match(
    mine.json().items,
    [{ consent: { paper: { confirmedBy: 'ZHAO' } } }],
    'the owner sees whose hands it went through',
  )
  const validUntil = new Date(f.clock.now() + DAY).toISOString()
  const own = await post(f, owner, `/api/v1/owner/links/${id}/consent`, { scopes: ['live'], validUntil })
  t.match(own.json(), { consent: { version: 2 } })
  t.notOk(own.json().consent.paper, 'the owner’s own act takes its place')
  t.equal((await post(f, li, papers, signed)).statusCode, 409, 'nobody speaks over the owner')
  t.ok(cameraId)
})

t.test('a record can be rejected, and is void once the owner has spoken', async (t) => {
  const f = await lawfulAccess(t)
  await f.addUser('li', ['installer'])
  await f.addUser('zhao', ['administrator'])
  const [li, zhao] = [await f.signIn('li'), await f.signIn('zhao')]
  const signed = {
    scopes: ['live'],
    validUntil: new Date(f.clock.now() + 30 * DAY).toISOString(),
    documentHash,
    signedOn: '2026-03-01',
  }
  const { id, token } = await paperLink(f)
  const papers = `/api/v1/links/${id}/paper-consents`
  const first = (await post(f, li, papers, signed)).json().id
  const rejected = await post(f, zhao, `${papers}/${first}/reject`, { reason: '签名不清' })
  t.match([rejected.statusCode, rejected.json().state], [200, 'awaiting-consent'])
  const second = (await post(f, zhao, papers, signed)).json().id
  t.equal((await post(f, li, `${papers}/${first}/confirm`, { documentHash })).statusCode, 409)
  const listed = await f.app.inject({ method: 'GET', url: papers, headers: li })
  t.same(
    listed
      .json()
      .items.map(({ state }: { state: string }) => state)
      .sort(),
    ['rejected', 'waiting'],
  )

  const opened = await post(f, {}, '/api/v1/owner/session', { token })
  const owner = {
    cookie: String(opened.headers['set-cookie']).split(';')[0] ?? '',
    'x-csrf-token': opened.json().csrfToken,
  }
  const validUntil = new Date(f.clock.now() + DAY).toISOString()
  const own = await post(f, owner, `/api/v1/owner/links/${id}/consent`, { scopes: ['live'], validUntil })
  t.notOk(own.json().waitingPaper)
  t.equal((await post(f, li, `${papers}/${second}/confirm`, { documentHash })).statusCode, 409)
  t.equal((await f.database.client.consent.findMany({ where: { linkId: id } })).length, 1)

  const elsewhere = await f.bearer(['installer'], [`${CELL.slice(0, -1)}9`])
  t.equal((await post(f, elsewhere, papers, signed)).json().code, 'person-required')
})
