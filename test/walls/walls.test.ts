import { randomUUID } from 'node:crypto'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { NewRound, NewWallLayout } from '../../gateway/contracts/wall.ts'
import { MAX_SAVED } from '../../gateway/walls/routes.ts'
import { createWalls } from '../../gateway/walls/walls.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { type IdentityFixture, identityFixture } from '../fakes/identity.ts'

const CAMERA = randomUUID()
const NIGHT: NewWallLayout = {
  name: '夜班',
  layout: 16,
  tiles: [{ kind: 'camera', cameraId: CAMERA }, { kind: 'alarm-slot' }, { kind: 'empty' }],
}
const SCHOOLS: NewRound = { name: '学校轮巡', cameraIds: [CAMERA, randomUUID()], dwellSeconds: 10 }

async function fixture(t: Parameters<typeof identityFixture>[0]): Promise<IdentityFixture> {
  const database = await temporaryDatabase(t)
  const made: IdentityFixture = await identityFixture(t, {
    database,
    extraRoutes: (app) =>
      createWalls({
        database,
        clock: systemClock,
        newId: randomUUID,
        audit: { append: (tx, entry) => made.audit.append(tx, entry) },
      }).routes(app),
  })
  return made
}

t.test('layouts and rounds are kept for their person alone', async (t) => {
  const { app, addUser, signIn } = await fixture(t)
  await addUser('anna', ['operator'])
  await addUser('bo', ['operator'])
  const [anna, bo] = [await signIn('anna'), await signIn('bo')]
  for (const [url, content, changed] of [
    ['/api/v1/wall/layouts', NIGHT, { ...NIGHT, layout: 36 }],
    ['/api/v1/wall/rounds', SCHOOLS, { ...SCHOOLS, dwellSeconds: 30 }],
  ] as const) {
    const made = await app.inject({ method: 'POST', url, headers: anna, payload: content })
    t.equal(made.statusCode, 201, url)
    const { id } = made.json<{ id: string }>()
    t.match((await app.inject({ url, headers: anna })).json(), { items: [{ id, ...content }] })
    t.same((await app.inject({ url, headers: bo })).json(), { items: [] })

    const place = `${url}/${id}`
    for (const method of ['PUT', 'DELETE'] as const) {
      const foreign = await app.inject({
        method,
        url: place,
        headers: bo,
        ...(method === 'PUT' && { payload: changed }),
      })
      t.equal(foreign.statusCode, 404, `${method} by another person`)
    }
    t.match((await app.inject({ method: 'PUT', url: place, headers: anna, payload: changed })).json(), changed)
    t.match((await app.inject({ url, headers: anna })).json(), { items: [changed] })
    t.equal((await app.inject({ method: 'DELETE', url: place, headers: anna })).statusCode, 204)
    t.equal((await app.inject({ method: 'DELETE', url: place, headers: anna })).statusCode, 404)
    t.same((await app.inject({ url, headers: anna })).json(), { items: [] })
  }
})

t.test('bounds', async (t) => {
  const { app, bearer } = await fixture(t)
  const headers = await bearer(['operator'])
  const bad: [string, string, object][] = [
    ['a layout of five', 'layouts', { ...NIGHT, layout: 5 }],
    ['37 tiles', 'layouts', { ...NIGHT, tiles: Array(37).fill({ kind: 'empty' }) }],
    ['a tile of an unknown kind', 'layouts', { ...NIGHT, tiles: [{ kind: 'clock' }] }],
    ['no name', 'layouts', { ...NIGHT, name: ' ' }],
    ['a round of one', 'rounds', { ...SCHOOLS, cameraIds: [CAMERA] }],
    ['a round of 65', 'rounds', { ...SCHOOLS, cameraIds: Array(65).fill(CAMERA) }],
    ['four seconds', 'rounds', { ...SCHOOLS, dwellSeconds: 4 }],
    ['an hour and a second', 'rounds', { ...SCHOOLS, dwellSeconds: 3601 }],
  ]
  for (const [name, sort, payload] of bad) {
    const answer = await app.inject({ method: 'POST', url: `/api/v1/wall/${sort}`, headers, payload })
    t.equal(answer.statusCode, 400, name)
  }
  for (let n = 0; n <= MAX_SAVED; n += 1) {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/wall/rounds', headers, payload: SCHOOLS })
    t.equal(answer.statusCode, n < MAX_SAVED ? 201 : 409, `round ${n + 1}`)
  }
})

t.test('a silence is on record; others have no wall', async (t) => {
  const { app, bearer } = await fixture(t)
  const answer = await app.inject({ method: 'POST', url: '/api/v1/wall/silences', headers: await bearer(['operator']) })
  t.equal(answer.statusCode, 201)
  const { until } = answer.json<{ until: string }>()
  const lastsMs = Date.parse(until) - Date.now()
  t.ok(lastsMs > 50_000 && lastsMs <= 60_000, until)
  const trail = await app.inject({ url: '/api/v1/audit', headers: await bearer(['auditor']) })
  t.match(
    trail.json<{ items: { action: string }[] }>().items.find(({ action }) => action === 'alarms-silenced'),
    { actorName: 'script', object: /^wall:/, result: 'done', detail: { seconds: 60 } },
  )
  for (const role of ['installer', 'patrol-lead', 'auditor'] as const) {
    const refused = await app.inject({ method: 'POST', url: '/api/v1/wall/silences', headers: await bearer([role]) })
    t.equal(refused.statusCode, 403, role)
  }
})
