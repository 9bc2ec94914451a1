import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Ownership } from '../../gateway/contracts/common.ts'
import { Role } from '../../gateway/contracts/identity.ts'
import type { Access, RouteEntry } from '../../gateway/http/route.ts'
import { ADMIN_PASSWORD, startTestGateway, type TestGateway } from '../fakes/gateway.ts'
import { temporaryDataDir } from '../fakes/gateway-process.ts'
import { newLink } from '../fakes/lawful-access.ts'

/**
 * Routes x roles x {public, private, foreign cell, revoked}, from the routes of the running gateway, so that a new route
 * cannot escape it. What is open to more than named roles of the centre is listed here: a route that is not fails.
 */
const OPEN: Readonly<Record<string, Access>> = {
  'GET /healthz': 'anyone',
  'GET /readyz': 'anyone',
  'GET /metrics': 'anyone',
  'GET /api/v1/openapi.json': 'anyone',
  'POST /api/v1/session': 'anyone',
  'GET /api/v1/session': 'signed-in',
  'DELETE /api/v1/session': 'signed-in',
  'POST /api/v1/owner/session': 'anyone',
  'POST /api/v1/webhooks/:sourceId': 'anyone',
  'GET /api/v1/transparency': 'anyone',
  'GET /api/v1/events': 'signed-in',
  'POST /api/v1/views': 'gate',
  'GET /api/v1/views': 'gate',
  'DELETE /api/v1/views/:id': 'gate',
  'GET /live/:viewId/snapshot.jpg': 'gate',
  'GET /live/:viewId/*': 'gate',
  'GET /live/socket': 'gate',
  'GET /api/v1/clips/:id': 'gate',
}
/** The console's own files and the documentation: the same for everybody, with no data. */
const IS_FILE = /^\/(docs|assets|$|[a-z0-9-]+$|[a-z0-9-]+\.(svg|png|webmanifest|js)$)/
const IS_OWNERS = /^\/api\/v1\/owner\//
/** Their answer does not end. */
const ENDLESS = new Set(['GET /api/v1/events', 'GET /live/socket'])

const [CELL, FOREIGN_CELL] = ['990123101001001', '990123101001002']
const STAFF = Role.exclude(['feed-owner']).options
const DAY_MS = 24 * 60 * 60_000
const REASON = { kind: 'request', text: '派出所来电调看' }

type Headers = Record<string, string>
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Answer {
  statusCode: number
  code: string | undefined
}

interface Township {
  gateway: TestGateway
  routes: readonly RouteEntry[]
  db: BetterSqlite3.Database
  admin: Headers
  send(headers: Headers, method: string, url: string, payload?: object): Promise<Answer & { body: string }>
  /** A script of that role in `CELL` alone. */
  script(role: string): Promise<Headers>
  /** A person of that role, signed in. */
  person(role: string): Promise<Headers>
  camera(ownership: Ownership, cellCode?: string): string
  link(cameraId: string, ownership: Ownership): Promise<{ id: string; owner: Headers }>
}

async function township(t: Test): Promise<Township> {
  const dataDir = await temporaryDataDir(t)
  const gateway = await startTestGateway(t, { GRIDLIGHT_DATA_DIR: dataDir })
  const db = new BetterSqlite3(join(dataDir, 'gridlight.sqlite'), { timeout: 5_000 })
  t.teardown(() => db.close())
  const send: Township['send'] = async (headers, method, url, payload) => {
    const body = payload === undefined ? {} : { payload }
    const reply = await gateway.app.inject({ method: method as Method, url, headers, ...body })
    const isProblem = String(reply.headers['content-type']).startsWith('application/problem+json')
    const code = isProblem && reply.body !== '' ? String(reply.json().code) : undefined
    return { statusCode: reply.statusCode, code, body: reply.body }
  }
  const signIn = async (username: string, password: string): Promise<Headers> => {
    const reply = await gateway.app.inject({ method: 'POST', url: '/api/v1/session', payload: { username, password } })
    return sessionOf(reply)
  }
  const admin = await signIn('admin', ADMIN_PASSWORD)
  let homes = 0
  return {
    gateway,
    routes: gateway.app.routeTable.filter(({ method }) => method !== 'HEAD'),
    db,
    admin,
    send,
    script: async (role) => {
      const asked = { name: role, roles: [role], cellCodes: [CELL] }
      const { token } = JSON.parse((await send(admin, 'POST', '/api/v1/tokens', asked)).body)
      return { authorization: `Bearer ${token}` }
    },
    person: async (role) => {
      const username = `p-${randomUUID().slice(0, 8)}`
      const asked = { username, password: ADMIN_PASSWORD, displayName: role, roles: [role], cellCodes: [CELL] }
      const made = await send(admin, 'POST', '/api/v1/users', asked)
      if (made.statusCode !== 201) throw new Error(made.body)
      return signIn(username, ADMIN_PASSWORD)
    },
    camera: (ownership, cellCode = CELL) => {
      const [id, deviceId, now] = [randomUUID(), randomUUID(), Date.now()]
      db.prepare(
        `INSERT INTO "Device" ("id", "address", "kind", "deviceProfile", "createdAt", "updatedAt") VALUES (?, ?, 'rtsp', 'generic', ?, ?)`,
      ).run(deviceId, deviceId, now, now)
      db.prepare(
        `INSERT INTO "Camera" ("id", "deviceId", "channel", "name", "cellCode", "placeClass", "ownership", "state", "stateSince", "createdAt", "updatedAt")
         VALUES (?, ?, '', '东街口', ?, 'article-9', ?, 'online', ?, ?, ?)`,
      ).run(id, deviceId, cellCode, ownership, now, now, now)
      return id
    },
    link: async (cameraId, ownership) => {
      const made = await send(admin, 'POST', '/api/v1/links', newLink(cameraId, ownership))
      if (made.statusCode !== 201) throw new Error(made.body)
      const { id, ownerInvitation } = JSON.parse(made.body)
      if (ownerInvitation === undefined) return { id, owner: {} }
      const payload = { token: ownerInvitation.token }
      // Each owner at home, as it were: one address may try a few keys a minute only.
      homes += 1
      const remoteAddress = `192.0.2.${homes}`
      const opened = await gateway.app.inject({ method: 'POST', url: '/api/v1/owner/session', payload, remoteAddress })
      return { id, owner: sessionOf(opened) }
    },
  }
}

function sessionOf(reply: { headers: Record<string, unknown>; json(): { csrfToken: string } }): Headers {
  return { cookie: String(reply.headers['set-cookie']).split(';')[0] ?? '', 'x-csrf-token': reply.json().csrfToken }
}

const nameOf = ({ method, url }: RouteEntry): string => `${method} ${url}`

const fill = (url: string, id: string, paperId: string = randomUUID()): string =>
  url.replace(':paperId', paperId).replace(/:\w+/g, id).replace('*', 'index.m3u8')

const mayCall = (access: Access, role: string): boolean =>
  access === 'anyone' ||
  access === 'signed-in' ||
  access === 'gate' ||
  (access === 'owner' ? role === 'feed-owner' : access.roles.some((allowed) => allowed === role))

t.test('what is open to more than named roles is on the list', async (t) => {
  const { routes } = await township(t)
  for (const route of routes) {
    const { access, url } = route
    if (typeof access !== 'string') {
      t.notOk(access.roles.includes('feed-owner'), `${nameOf(route)} is for staff`)
      t.ok(access.roles.length > 0, nameOf(route))
      continue
    }
    if (access === 'anyone' && route.method === 'GET' && IS_FILE.test(url)) continue
    const expected = OPEN[nameOf(route)] ?? (IS_OWNERS.test(url) ? 'owner' : undefined)
    t.equal(access, expected, `${nameOf(route)} is open to: ${access}`)
  }
  const names = new Set(routes.map(nameOf))
  t.same(
    [...Object.keys(OPEN)].filter((name) => !names.has(name)),
    [],
    'the list names no route that is gone',
  )
})

t.test('routes x roles x {public, private, foreign cell, revoked}', async (t) => {
  const f = await township(t)
  const [open, shop, foreign, gone] = [
    f.camera('public'),
    f.camera('private'),
    f.camera('private', FOREIGN_CELL),
    f.camera('private'),
  ]
  const links = {
    public: await f.link(open, 'public'),
    private: await f.link(shop, 'private'),
    'foreign cell': await f.link(foreign, 'private'),
    revoked: await f.link(gone, 'private'),
  }
  const cameras = { public: open, private: shop, 'foreign cell': foreign, revoked: gone }
  const consent = { scopes: ['live'], validUntil: new Date(Date.now() + DAY_MS).toISOString() }
  for (const { id, owner } of [links.private, links['foreign cell'], links.revoked]) {
    t.equal((await f.send(owner, 'POST', `/api/v1/owner/links/${id}/consent`, consent)).statusCode, 200)
  }
  const revoked = await f.send(links.revoked.owner, 'POST', `/api/v1/owner/links/${links.revoked.id}/revoke`)
  t.equal(revoked.statusCode, 200)

  const principals: Record<string, Headers> = { nobody: {}, 'feed-owner': links.private.owner }
  for (const role of STAFF) principals[role] = await f.script(role)
  const kinds = ['public', 'private', 'foreign cell', 'revoked'] as const
  let checked = 0
  const faults: string[] = []
  const expect = (isRight: boolean, what: string, { statusCode, code }: Answer): void => {
    checked += 1
    if (!isRight) faults.push(`${what}: ${statusCode} ${code ?? ''}`)
  }

  for (const route of f.routes) {
    const { method, url, access } = route
    if (access === 'anyone') continue
    for (const [role, headers] of Object.entries(principals)) {
      const isAllowed = role !== 'nobody' && mayCall(access, role)
      if (isAllowed && (ENDLESS.has(nameOf(route)) || nameOf(route) === 'DELETE /api/v1/session')) continue
      // Whoever may remove the camera would: the rest of the matrix still needs it.
      const isRemoval = isAllowed && method === 'DELETE'
      for (const kind of url.includes('/:') ? kinds : kinds.slice(0, 1)) {
        const id = isRemoval ? randomUUID() : url.includes('/cameras/') ? cameras[kind] : links[kind].id
        const answer = await f.send(headers, method, fill(url, id), method === 'GET' ? undefined : {})
        const what = `${nameOf(route)} as ${role}, ${kind}`
        if (role === 'nobody') expect(answer.statusCode === 401, what, answer)
        else if (!isAllowed) expect(answer.statusCode === 403 && answer.code === 'role-not-allowed', what, answer)
        else {
          expect(answer.statusCode !== 401 && answer.code !== 'role-not-allowed', what, answer)
          const isOfLinkOrCamera = /\/(links|cameras)\/:id/.test(url)
          // Scripts of one cell see and change nothing of another; an owner nothing but the own link.
          const isForeign = role === 'feed-owner' ? kind !== 'private' : kind === 'foreign cell'
          if (isOfLinkOrCamera && isForeign) expect(answer.statusCode >= 400, what, answer)
        }
      }
    }
  }
  // The owner has paused or revoked by now, as the last of the owner's writes: agreed to anew for what follows.
  const shopAgain = f.camera('private')
  const linkAgain = await f.link(shopAgain, 'private')
  const agreed = await f.send(linkAgain.owner, 'POST', `/api/v1/owner/links/${linkAgain.id}/consent`, consent)
  t.equal(agreed.statusCode, 200)
  for (const [role, headers] of Object.entries(principals)) {
    for (const kind of kinds) {
      const cameraId = kind === 'private' ? shopAgain : cameras[kind]
      const answer = await f.send(headers, 'POST', '/api/v1/views', { cameraId, reason: REASON })
      // These cameras have no stream: who is let in is told so.
      const isLetIn =
        ['operator', 'patrol-lead', 'administrator'].includes(role) && ['public', 'private'].includes(kind)
      const isRight = role === 'nobody' ? answer.statusCode === 401 : answer.statusCode === (isLetIn ? 503 : 403)
      expect(isRight, `watching as ${role}, ${kind}`, answer)
    }
  }
  t.same(faults, [])
  t.ok(checked > 1_000, `${checked} combinations`)
  t.comment(`${f.routes.length} routes, ${checked} combinations checked`)
})

/** Whatever a member of staff could send to make an owner's word. */
const bodies = (): object[] => {
  const validUntil = new Date(Date.now() + 300 * DAY_MS).toISOString()
  const wide = { scopes: ['live', 'snapshot'], validUntil }
  const paper = { documentHash: 'a'.repeat(64), signedOn: '2026-03-01' }
  return [
    {},
    wide,
    { ...wide, ...paper },
    { documentHash: paper.documentHash },
    { untilAt: validUntil },
    { validUntil },
    { reason: '授权', state: 'active' },
  ]
}

t.test('no member of staff, alone, gives, widens or prolongs an owner’s word by any write', async (t) => {
  const f = await township(t)
  const stand = (linkId: string): { state: string; consents: string } => {
    const { state } = f.db.prepare('SELECT "state" FROM "Link" WHERE "id" = ?').get(linkId) as { state: string }
    const consents = f.db.prepare('SELECT * FROM "Consent" WHERE "linkId" = ? ORDER BY "version"').all(linkId)
    return { state, consents: JSON.stringify(consents) }
  }
  const writes = f.routes.filter(({ method, access }) => method !== 'GET' && method !== 'HEAD' && access !== 'anyone')
  const states = ['awaiting-consent', 'active', 'paused', 'revoked'] as const
  const narrow = { scopes: ['live'], validUntil: new Date(Date.now() + DAY_MS).toISOString() }
  const pause = { untilAt: new Date(Date.now() + DAY_MS / 2).toISOString() }
  let tried = 0
  const faults: string[] = []
  for (const role of STAFF) {
    for (const kind of ['person', 'script'] as const) {
      const headers = await f[kind](role)
      for (const state of states) {
        const made = await f.link(f.camera('private'), 'private')
        const act = (name: string, body?: object) =>
          f.send(made.owner, 'POST', `/api/v1/owner/links/${made.id}/${name}`, body)
        if (state !== 'awaiting-consent') await act('consent', narrow)
        if (state === 'paused') await act('pause', pause)
        if (state === 'revoked') await act('revoke')
        const before = stand(made.id)
        t.equal(before.state, state)
        const aimed = writes.filter(({ url }) => /\/(links|owner)\b.*:id/.test(url) && !url.endsWith('/revoke'))
        for (const route of aimed) {
          // Whoever is refused for the role is so whatever is sent.
          for (const body of mayCall(route.access, role) ? bodies() : bodies().slice(1, 2)) {
            const papers = f.db.prepare('SELECT "id" FROM "PaperConsent" WHERE "linkId" = ?').all(made.id)
            const paperId = (papers[0] as { id: string } | undefined)?.id ?? randomUUID()
            const { statusCode } = await f.send(headers, route.method, fill(route.url, made.id, paperId), body)
            tried += 1
            const after = stand(made.id)
            if (JSON.stringify(after) !== JSON.stringify(before)) {
              faults.push(`${nameOf(route)} as ${role} (${kind}) on ${state}: ${statusCode}, ${JSON.stringify(body)}`)
            }
          }
        }
      }
    }
  }
  t.same(faults, [])
  t.ok(tried > 500, `${tried} writes tried`)
  t.comment(`${tried} writes tried on ${STAFF.length} roles, as person and as script`)
})
