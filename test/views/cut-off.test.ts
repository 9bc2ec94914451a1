import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import t from 'tap'
import { CAMERA, type Headers, readPlaylist, type Watching, watching } from '../fakes/watching.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

const VIEWERS = 50

interface Answer {
  status: number
  body: string
  atMs: number
}

/** One request on a connection that viewers keep; `atMs` is when its last byte came. */
async function ask(agent: Agent, base: string, path: string, headers: Headers): Promise<Answer> {
  const request = get(`${base}${path}`, { agent, headers })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), atMs: performance.now() }
}

interface Viewer {
  headers: Headers
  id: string
  playlist: string
}

async function viewersOf(f: Watching, cameraId: string, count: number): Promise<Viewer[]> {
  const viewers: Viewer[] = []
  for (let at = 0; at < count; at += 1) {
    const headers = await f.bearer(['operator'])
    const opened = await f.watch(headers, cameraId)
    if (opened.statusCode !== 201) throw new Error(opened.body)
    const { id, hlsUrl } = opened.json()
    const index = await f.app.inject({ method: 'GET', url: hlsUrl, headers })
    const video = index.body.split('\n').find((line) => line.endsWith('.m3u8'))
    viewers.push({ headers, id, playlist: `/live/${id}/${video}` })
  }
  return viewers
}

const revoke = (f: Watching, linkId: string, headers: Headers) =>
  f.app.inject({ method: 'POST', url: `/api/v1/owner/links/${linkId}/revoke`, headers })

t.test('cut off', { skip: lacksFfmpeg }, async (t) => {
  const f = await watching(t, '127.0.33.0')
  const base = await f.app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 2 * VIEWERS })
  t.teardown(() => agent.destroy())

  /** A reload for a segment that has not begun: with a silent camera it is held. */
  const hold = async (viewer: Viewer): Promise<Answer> => {
    const now = await f.app.inject({ method: 'GET', url: viewer.playlist, headers: viewer.headers })
    const { msn } = readPlaylist(now.body)
    return ask(agent, base, `${viewer.playlist}?_HLS_msn=${msn + 1}`, viewer.headers)
  }

  await t.test(`${VIEWERS} viewers who hold a reload`, async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera()
    const viewers = await viewersOf(f, cameraId, VIEWERS)
    await f.township.fault(CAMERA, 'stall')
    const held = Promise.all(viewers.map(hold))
    await f.relays.untilWaiting(VIEWERS)
    const startedMs = performance.now()
    t.equal((await revoke(f, linkId, owner)).statusCode, 200)
    const repliedMs = performance.now() - startedMs
    const answers = await held
    for (const { status, body } of answers) {
      t.match([status, JSON.parse(body)], [410, { code: 'view-ended', why: 'link-revoked' }])
    }
    const worstMs = Math.max(...answers.map(({ atMs }) => atMs - startedMs))
    t.comment(`dark after at most ${worstMs.toFixed(0)} ms; the owner was answered after ${repliedMs.toFixed(0)} ms`)
    t.ok(worstMs < 1000, `${worstMs.toFixed(0)} ms`)
    for (const { playlist, headers } of viewers) {
      t.equal((await f.app.inject({ method: 'GET', url: playlist, headers })).statusCode, 410)
    }
    t.equal(f.relays.waiting, 0)
    t.equal(f.relays.leases, 0)
    t.equal(await f.database.client.view.count({ where: { linkId, endedWhy: 'link-revoked' } }), VIEWERS)
    t.equal(await f.database.client.event.count({ where: { kind: 'view-ended' } }), VIEWERS, 'each viewer is told')
    const told = await f.database.client.event.findFirstOrThrow({ where: { kind: 'view-ended' } })
    t.ok(told.sessionId, 'the viewer’s session and nobody else')
    await f.township.fault(CAMERA, 'none')
  })

  await t.test(`${VIEWERS} viewers who play`, async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera()
    const viewers = await viewersOf(f, cameraId, VIEWERS)
    let repliedMs = Number.POSITIVE_INFINITY
    const late: string[] = []
    let playing = 0
    const all = Promise.withResolvers<void>()
    const play = async ({ playlist, headers }: Viewer): Promise<number> => {
      const folder = playlist.slice(0, playlist.lastIndexOf('/') + 1)
      let next = ''
      for (let round = 0; ; round += 1) {
        const answer = await ask(agent, base, `${playlist}${next}`, headers)
        if (answer.status === 200 && answer.atMs > repliedMs + 1000) late.push('playlist')
        if (answer.status === 410) return answer.atMs
        const { msn, parts, lastPart } = readPlaylist(answer.body)
        next = `?_HLS_msn=${msn}&_HLS_part=${parts}`
        const part = await ask(agent, base, `${folder}${lastPart}`, headers)
        if (part.status === 200 && part.atMs > repliedMs + 1000) late.push('part')
        if (part.status === 410) return part.atMs
        if (round === 2 && ++playing === VIEWERS) all.resolve()
      }
    }
    // A cut connection is an end as well: the moment it was noticed counts.
    const ends = viewers.map((viewer) => play(viewer).catch(() => performance.now()))
    await all.promise
    const startedMs = performance.now()
    await revoke(f, linkId, owner)
    repliedMs = performance.now()
    const worstMs = Math.max(...(await Promise.all(ends))) - startedMs
    t.comment(`dark after at most ${worstMs.toFixed(0)} ms while playing`)
    t.ok(worstMs < 1000, `${worstMs.toFixed(0)} ms`)
    t.same(late, [])
    t.equal(f.relays.lent, 0, 'all media were given back')
    t.equal(f.relays.twice, 0)
    t.ok(f.relays.everLent > 3 * VIEWERS)
  })

  await t.test('pause, narrower consent, end of the link, sign-out and lost rights', async (t) => {
    const until = new Date(f.clock.now() + 60_000_000).toISOString()
    const byOwner = (linkId: string, headers: Headers, act: string, payload: object) =>
      f.app.inject({ method: 'POST', url: `/api/v1/owner/links/${linkId}/${act}`, headers, payload })
    await f.addUser('wang', ['operator'])
    const wangId = (await f.database.client.user.findFirstOrThrow({ where: { username: 'wang' } })).id
    const admin = await f.bearer(['administrator'])
    const cases: [string, string, (linkId: string, owner: Headers, wang: Headers) => Promise<unknown>][] = [
      ['pause', 'link-paused', (id, owner) => byOwner(id, owner, 'pause', { untilAt: until })],
      [
        'consent',
        'rights-changed',
        (id, owner) => byOwner(id, owner, 'consent', { scopes: ['live'], validUntil: until }),
      ],
      [
        'staff revoke',
        'link-revoked',
        (id) =>
          f.app.inject({
            method: 'POST',
            url: `/api/v1/links/${id}/revoke`,
            headers: admin,
            payload: { reason: '停用' },
          }),
      ],
      [
        'sign-out',
        'signed-out',
        (_, __, wang) => f.app.inject({ method: 'DELETE', url: '/api/v1/session', headers: wang }),
      ],
      [
        'role change',
        'rights-changed',
        () =>
          f.app.inject({
            method: 'PATCH',
            url: `/api/v1/users/${wangId}`,
            headers: admin,
            payload: { roles: ['installer'] },
          }),
      ],
    ]
    for (const [name, why, act] of cases) {
      const { cameraId, linkId, owner } = await f.privateCamera()
      const wang = await f.signIn('wang')
      const opened = await f.watch(wang, cameraId)
      t.equal(opened.statusCode, 201, name)
      await act(linkId, owner, wang)
      await f.views.endWhere({ linkId }, 'closed') // waits for what is being written
      const row = await f.database.client.view.findFirstOrThrow({ where: { linkId } })
      t.equal(row.endedWhy, why, name)
      const { statusCode } = await f.app.inject({ method: 'GET', url: opened.json().hlsUrl, headers: wang })
      t.ok(statusCode === 410 || statusCode === 401, `${name}: ${statusCode}`)
    }
  })

  await t.test('no view slips in while the owner closes the door', async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera()
    const headers = await f.bearer(['operator'])
    let granted = 0
    for (let round = 0; round < 12; round += 1) {
      const early = [f.watch(headers, cameraId), f.watch(headers, cameraId)]
      // In every other round the pause comes between a grant and its commit.
      while (round % 2 === 0 && f.views.liveCount() === 0) await new Promise(setImmediate)
      const untilAt = new Date(f.clock.now() + 60_000_000).toISOString()
      const url = `/api/v1/owner/links/${linkId}`
      const paused = f.app.inject({ method: 'POST', url: `${url}/pause`, headers: owner, payload: { untilAt } })
      const late = [f.watch(headers, cameraId), f.watch(headers, cameraId)]
      await paused
      const answers = await Promise.all([...early, ...late])
      granted += answers.filter(({ statusCode }) => statusCode !== 403).length
      t.equal(f.views.liveCount(), 0, `round ${round}`)
      await f.app.inject({ method: 'POST', url: `${url}/resume`, headers: owner })
    }
    t.ok(granted > 0, 'some were let in before the pause')
    t.comment(`${granted} were let in before the pause, and cut`)
    t.equal(await f.database.client.view.count({ where: { linkId, endedAt: null } }), 0)
  })

  await t.test('criteria that name nothing end nothing', async (t) => {
    const { cameraId, linkId } = await f.privateCamera()
    const [one, two] = await viewersOf(f, cameraId, 2)
    await f.views.endWhere({}, 'closed')
    t.equal(f.views.liveCount(), 2)
    const view = await f.database.client.view.findUniqueOrThrow({ where: { id: one?.id ?? '' } })
    await f.views.endWhere({ linkId, sessionId: view.sessionId }, 'closed')
    t.equal(f.views.liveCount(), 1)
    t.equal(
      (await f.app.inject({ method: 'GET', url: two?.playlist ?? '', headers: two?.headers ?? {} })).statusCode,
      200,
    )
    await f.views.endWhere({ cameraId }, 'camera-removed')
    t.equal(f.views.liveCount(), 0)
  })

  await t.test('a client that leaves gives its hold back', async (t) => {
    const cameraId = await f.publicCamera()
    const [viewer] = await viewersOf(f, cameraId, 1)
    if (viewer === undefined) throw new Error('there is one viewer')
    const now = await f.app.inject({ method: 'GET', url: viewer.playlist, headers: viewer.headers })
    await f.township.fault(CAMERA, 'stall')
    const request = get(`${base}${viewer.playlist}?_HLS_msn=${readPlaylist(now.body).msn + 1}`, {
      headers: viewer.headers,
    })
    request.on('error', () => {})
    await f.relays.untilWaiting(1)
    request.destroy()
    await f.relays.untilWaiting(0)
    t.equal(f.views.liveCount(), 1, 'the view itself goes on')
    await f.township.fault(CAMERA, 'none')
    await f.views.endWhere({ cameraId }, 'closed')
  })

  await t.test('a view has sixteen requests under way and no more', async (t) => {
    const cameraId = await f.publicCamera()
    const [viewer] = await viewersOf(f, cameraId, 1)
    if (viewer === undefined) throw new Error('nobody watches')
    await f.township.fault(CAMERA, 'stall')
    const held: Promise<Answer>[] = []
    for (let waiting = 1; waiting <= 16; waiting += 1) {
      held.push(hold(viewer))
      await f.relays.untilWaiting(waiting)
    }
    const { status, body } = await ask(agent, base, viewer.playlist, viewer.headers)
    t.match([status, JSON.parse(body)], [429, { code: 'too-many-requests' }])
    await f.township.fault(CAMERA, 'none')
    await f.views.endWhere({ cameraId }, 'closed')
    for (const { status } of await Promise.all(held)) t.equal(status, 410)
  })

  await t.test('closing the server ends held requests and writes the ends down', async (t) => {
    const cameraId = await f.publicCamera()
    const viewers = await viewersOf(f, cameraId, 3)
    await f.township.fault(CAMERA, 'stall')
    const held = Promise.all(viewers.map(hold))
    await f.relays.untilWaiting(3)
    const startedMs = performance.now()
    await f.app.close()
    for (const { status, body } of await held) t.match([status, JSON.parse(body).why], [410, 'interrupted'])
    const tookMs = performance.now() - startedMs
    t.ok(tookMs < 2000, `${tookMs.toFixed(0)} ms`)
    t.equal(await f.database.client.view.count({ where: { cameraId, endedWhy: 'interrupted' } }), 3)
  })
})
