import t from 'tap'
import { newLink } from '../fakes/lawful-access.ts'
import { overConnection } from '../fakes/over-connection.ts'
import { type Headers, readPlaylist, type Watching, watching } from '../fakes/watching.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

const MINUTE = 60_000

/** As players ask, over a connection. */
const get = (f: Watching, url: string, headers: Headers) => overConnection(f.app.listeningOrigin, url, headers)

/** Every kind of URL that a view has, each with what it must answer. */
async function mediaOf(f: Watching, hlsUrl: string, headers: Headers): Promise<string[]> {
  const base = hlsUrl.slice(0, hlsUrl.lastIndexOf('/') + 1)
  const index = await get(f, hlsUrl, headers)
  const video = index.body.split('\n').find((line) => line.endsWith('.m3u8')) ?? ''
  const folder = `${base}${video.slice(0, video.lastIndexOf('/') + 1)}`
  const playlist = readPlaylist((await get(f, `${base}${video}`, headers)).body)
  const reload = `${base}${video}?_HLS_msn=${playlist.msn}&_HLS_part=${playlist.parts}`
  return [
    hlsUrl,
    `${base}${video}`,
    reload,
    `${folder}${playlist.init}`,
    `${folder}${playlist.lastPart}`,
    `${base}snapshot.jpg`,
  ]
}

const auditOf = async (f: Watching, cameraId: string): Promise<string[]> => {
  const where = { object: `camera:${cameraId}` }
  const rows = await f.database.client.auditEntry.findMany({ where, orderBy: { sequence: 'asc' } })
  return rows.map(({ action, why }) => `${action} ${why}`)
}

t.test('watching', { skip: lacksFfmpeg }, async (t) => {
  const f = await watching(t, '127.0.31.0')
  await f.app.listen({ host: '127.0.0.1', port: 0 })
  const operator = await f.bearer(['operator'])

  await t.test('a public feed, from the grant to the bytes', async (t) => {
    const cameraId = await f.publicCamera()
    const reply = await f.watch(operator, cameraId, { kind: 'routine' })
    t.equal(reply.statusCode, 201, reply.body)
    const view = reply.json()
    t.match(view, {
      cameraId,
      stream: 'sub',
      hlsUrl: `/live/${view.id}/index.m3u8`,
      mimeType: /^video\/mp4; codecs="avc1/,
    })
    t.equal(Date.parse(view.expiresAt), f.clock.now() + 12 * 60 * MINUTE)
    const [index = '', video = '', reload = '', init = '', part = '', snapshot = ''] = await mediaOf(
      f,
      view.hlsUrl,
      operator,
    )
    for (const url of [index, video, reload]) {
      const answer = await get(f, url, operator)
      t.equal(answer.statusCode, 200, url)
      t.equal(answer.headers['cache-control'], 'no-store')
      t.match(answer.headers['content-type'], /mpegurl/)
      t.match(answer.headers['x-content-type-options'], 'nosniff', 'the headers that all answers have')
    }
    for (const [url, box] of [
      [init, 'ftyp'],
      [part, 'moof'],
    ] as const) {
      const answer = await get(f, url, operator)
      t.equal(answer.statusCode, 200, url)
      t.match(answer.headers['cache-control'], /^private, max-age=\d+$/)
      t.equal(answer.rawPayload.length, Number(answer.headers['content-length']))
      t.ok(answer.rawPayload.subarray(0, 400).includes(box), box)
    }
    const jpeg = await get(f, snapshot, operator)
    t.match(
      [jpeg.statusCode, jpeg.headers['content-type'], jpeg.headers['cache-control']],
      [200, 'image/jpeg', 'no-store'],
    )
    t.equal(jpeg.rawPayload.readUInt16BE(0), 0xffd8)

    const own = await get(f, '/api/v1/views', operator)
    t.same(own.json().items, [view])
    const far = await get(f, `${video}?_HLS_msn=999999`, operator)
    t.match([far.statusCode, far.json().code], [400, 'playlist-too-far-ahead'])
    t.equal((await get(f, `${view.hlsUrl.replace('index.m3u8', 'none.mp4')}`, operator)).json().code, 'media-not-found')
    t.equal(f.relays.lent, 0, 'all media were given back')
    t.equal(f.relays.twice, 0, 'once each')

    const stranger = await f.bearer(['operator'])
    const del = (headers: Headers) => f.app.inject({ method: 'DELETE', url: `/api/v1/views/${view.id}`, headers })
    t.equal((await del(stranger)).statusCode, 404)
    t.equal((await del(operator)).statusCode, 204)
    t.equal((await del(operator)).statusCode, 204, 'again')
    const after = await get(f, index, operator)
    t.match([after.statusCode, after.json()], [410, { code: 'view-ended', why: 'closed' }])
    t.same(await auditOf(f, cameraId), ['view-granted routine', 'view-ended closed'])
    t.equal(f.relays.leases, 0)
  })

  await t.test('a copied URL is worth nothing: every endpoint x every other caller', async (t) => {
    const { cameraId, owner } = await f.privateCamera()
    const { hlsUrl, id } = (await f.watch(operator, cameraId)).json()
    const urls = await mediaOf(f, hlsUrl, operator)
    t.equal(urls.length, 6)
    const others: [string, Headers, number][] = [
      ['nobody', {}, 401],
      ['another session of the same role', await f.bearer(['operator']), 404],
      ['an administrator', await f.bearer(['administrator']), 404],
      ['an auditor', await f.bearer(['auditor']), 404],
      ['the owner', owner, 404],
    ]
    let checked = 0
    for (const url of urls) {
      for (const [name, headers, status] of others) {
        const reply = await get(f, url, headers)
        t.equal(reply.statusCode, status, `${name} ${url}`)
        t.match(reply.headers['content-type'], /problem\+json/)
        checked += 1
      }
      t.equal((await get(f, url.replace(id, '0d4f6c1a-5a53-4a8c-9f4e-0c8b3f0d9a11'), operator)).statusCode, 404)
      t.equal((await get(f, url, operator)).statusCode, 200, `the viewer ${url}`)
    }
    t.equal(checked, 30)
    await f.app.inject({ method: 'DELETE', url: `/api/v1/views/${id}`, headers: operator })
    for (const url of urls) t.equal((await get(f, url, operator)).statusCode, 410, `ended ${url}`)
  })

  await t.test('what Fastify is asked for itself is answered the same', async (t) => {
    const cameraId = await f.publicCamera()
    const { id, hlsUrl } = (await f.watch(operator, cameraId)).json()
    const stranger = await f.bearer(['operator'])
    const urls = await mediaOf(f, hlsUrl, operator)
    const none = hlsUrl.replace('index.m3u8', 'none.mp4')
    const compare = async (url: string, headers: Headers, name: string): Promise<number> => {
      const direct = await get(f, url, headers)
      const usual = await f.app.inject({ method: 'GET', url, headers })
      t.equal(direct.statusCode, usual.statusCode, `${name} ${url}`)
      for (const header of ['content-type', 'cache-control', 'x-content-type-options', 'referrer-policy', 'vary'])
        t.equal(direct.headers[header], usual.headers[header], `${name} ${url}: ${header}`)
      if (direct.statusCode >= 400) t.equal(direct.body, usual.body)
      return direct.statusCode
    }
    const chinese = { ...operator, 'accept-language': 'zh-CN' }
    for (const url of [...urls, none, `${urls[1]}?_HLS_msn=999999`, `${urls[1]}?_HLS_msn=x`]) {
      for (const [name, headers] of [
        ['the viewer', operator],
        ['the viewer, in Chinese', chinese],
        ['somebody else', stranger],
        ['nobody', {}],
      ] as const)
        await compare(url, headers, name)
    }
    // As no player writes them: they reach the same view, or are refused.
    const encoded = hlsUrl.replace(id, id.replace('-', '%2D'))
    t.equal(await compare(encoded, operator, 'encoded'), 200)
    t.equal(await compare(encoded, stranger, 'encoded, somebody else'), 404)
    t.equal(await compare(`${urls[1]}?_HLS_part=0&_HLS_msn=1`, operator, 'in another order'), 200)
    t.equal(await compare(hlsUrl.replace(id, `${id}0`), operator, 'no id'), 400)
    t.equal(await compare(hlsUrl.replace('index.m3u8', ''), operator, 'no path'), 400)
    t.equal(await compare(hlsUrl.replace('index.m3u8', `${'x'.repeat(201)}`), operator, 'a long path'), 400)
    t.equal(await compare(hlsUrl.replace('index.m3u8', 'a%00b'), operator, 'U+0000'), 400)
    t.equal((await get(f, hlsUrl.replace('index.m3u8', '../../../etc/passwd'), operator)).statusCode, 404, 'up')
    for (const method of ['HEAD', 'POST', 'DELETE'] as const)
      t.equal((await fetch(f.app.listeningOrigin + hlsUrl, { method, headers: operator })).status, 404, method)
    await f.app.inject({ method: 'DELETE', url: `/api/v1/views/${id}`, headers: operator })
    for (const url of urls) t.equal(await compare(url, operator, 'ended'), 410)
  })

  await t.test('the owner sees who watches, why and for how long', async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera()
    await f.addUser('zhang', ['operator'])
    const zhang = await f.signIn('zhang')
    const { id } = (await f.watch(zhang, cameraId)).json()
    const ledger = async () => (await get(f, `/api/v1/owner/links/${linkId}/views`, owner)).json().items
    const reason = { kind: 'request', text: '派出所来电调看' }
    t.match(await ledger(), [{ id, viewer: 'ZHANG', unit: 'operator', reason, watchingNow: true }])
    await f.clock.advance(12_000)
    await f.app.inject({ method: 'DELETE', url: `/api/v1/views/${id}`, headers: zhang })
    t.match(await ledger(), [{ id, watchingNow: false, durationSeconds: 12, endedWhy: 'closed' }])
  })

  await t.test('refusals are written down, and say why', async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera({ scopes: ['live'] })
    const bare = await f.addCamera('public', { source: f.source })
    const cases: [string, Headers, string, object, number, string][] = [
      ['routine', operator, cameraId, { kind: 'routine' }, 403, 'reason-required'],
      [
        'an auditor',
        await f.bearer(['auditor']),
        cameraId,
        { kind: 'request', text: '检查检查' },
        403,
        'role-may-not-watch',
      ],
      ['the owner', owner, cameraId, { kind: 'request', text: '看看自己' }, 403, 'role-may-not-watch'],
      [
        'another cell',
        await f.bearer(['patrol-lead'], ['x1']),
        cameraId,
        { kind: 'request', text: '有人报警' },
        403,
        'not-in-your-cells',
      ],
      ['no link', operator, bare, { kind: 'routine' }, 403, 'no-valid-link'],
      ['no camera', operator, linkId, { kind: 'routine' }, 404, 'not-found'],
      ['an unknown reason', operator, cameraId, { kind: 'curious' }, 400, 'invalid-request'],
    ]
    for (const [name, headers, camera, reason, status, code] of cases) {
      const reply = await f.watch(headers, camera, reason)
      t.match([reply.statusCode, reply.json().code], [status, code], name)
    }
    const refused = ['reason-required', 'role-may-not-watch', 'role-may-not-watch', 'not-in-your-cells']
    t.same(
      await auditOf(f, cameraId),
      refused.map((why) => `view-refused ${why}`),
    )
    t.same(await auditOf(f, bare), ['view-refused no-valid-link'])
    t.equal(await f.database.client.view.count({ where: { cameraId } }), 0)

    const { hlsUrl } = (await f.watch(operator, cameraId)).json()
    const snapshot = await get(f, hlsUrl.replace('index.m3u8', 'snapshot.jpg'), operator)
    t.match([snapshot.statusCode, snapshot.json().code], [403, 'scope-missing'], 'a scope of its own')
    t.equal((await auditOf(f, cameraId)).at(-1), 'view-refused scope-missing')
  })

  await t.test('a view that cannot be written down is not shown', async (t) => {
    for (const cameraId of [(await f.privateCamera()).cameraId, await f.publicCamera()]) {
      // Without a trail open private views end too (audit-unwritable.test.ts); here nothing may change at all.
      await f.views.endWhere({ ownership: 'private' }, 'closed')
      f.breakAudit(true)
      const [leases, open] = [f.relays.leases, f.views.liveCount()]
      const reply = await f.watch(operator, cameraId)
      f.breakAudit(false)
      t.match([reply.statusCode, reply.json().code], [503, 'storage-failure'])
      t.equal(await f.database.client.view.count({ where: { cameraId } }), 0)
      t.equal(f.relays.leases, leases, 'no relay was started')
      t.equal(f.views.liveCount(), open)
    }
  })

  await t.test('an end that cannot be written down is dark at once, and written later', async (t) => {
    const { cameraId, linkId } = await f.privateCamera()
    const { id, hlsUrl } = (await f.watch(operator, cameraId)).json()
    f.breakAudit(true)
    await f.views.endWhere({ linkId }, 'link-paused')
    t.equal((await get(f, hlsUrl, operator)).statusCode, 410)
    t.equal((await f.database.client.view.findUniqueOrThrow({ where: { id } })).endedAt, null)
    f.breakAudit(false)
    await f.clock.advance(1_000)
    await f.views.endWhere({ linkId }, 'link-paused') // waits for what is being written
    t.match(await f.database.client.view.findUniqueOrThrow({ where: { id } }), { endedWhy: 'link-paused' })
    t.same(await auditOf(f, cameraId), ['view-granted request', 'view-ended link-paused'])
  })

  await t.test('a camera that refuses or cannot be reached is named, and its view ended', async (t) => {
    const { uri, username } = await f.source()
    const cases: [string, Awaited<ReturnType<Watching['source']>>, number, string][] = [
      ['wrong password', { uri, username: username ?? '', password: 'wrong' }, 422, 'camera-refused-login'],
      ['nothing there', { uri: 'rtsp://127.0.31.99:8899/x' }, 502, 'camera-unreachable'],
      ['a network that is not allowed', { uri: 'rtsp://192.0.2.1/x' }, 422, 'address-not-allowed'],
      ['no such stream', { uri: uri.replace(/\/[^/]*$/, '/none'), ...(await login(f)) }, 503, 'stream-not-ready'],
    ]
    for (const [name, source, status, code] of cases) {
      const cameraId = await f.addCamera('public', { source: async () => source })
      const admin = await f.bearer(['administrator'])
      await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: admin, payload: newLink(cameraId, 'public') })
      const reply = await f.watch(operator, cameraId)
      t.match([reply.statusCode, reply.json().code], [status, code], `${name}: ${reply.body}`)
      t.match(await f.database.client.view.findFirstOrThrow({ where: { cameraId } }), { endedWhy: 'interrupted' })
      t.notMatch(reply.body, /wrong|Yunxi/, 'no credential')
    }
  })

  await t.test('time ends a view: unused, over, or the hours shut', async (t) => {
    const endOf = async (id: string) => (await f.database.client.view.findUniqueOrThrow({ where: { id } })).endedWhy
    const { cameraId } = await f.privateCamera()
    const { id, hlsUrl } = (await f.watch(operator, cameraId)).json()
    await f.clock.advance(29_000)
    t.equal((await get(f, hlsUrl, operator)).statusCode, 200, 'a request keeps it')
    await f.clock.advance(29_000)
    t.equal(f.views.find(id, await principalOf(f, id)).kind, 'live')
    await f.clock.advance(3_000)
    await f.views.endWhere({ cameraId }, 'closed')
    t.equal(await endOf(id), 'idle')

    const second = (await f.watch(operator, cameraId)).json()
    t.equal(Date.parse(second.expiresAt) - f.clock.now(), 10 * MINUTE)
    for (let minute = 0; minute < 20; minute += 1) {
      t.equal((await get(f, second.hlsUrl, operator)).statusCode, 200)
      await f.clock.advance(MINUTE / 2)
    }
    const over = await get(f, second.hlsUrl, operator)
    t.match([over.statusCode, over.json().why], [410, 'expired'])

    const third = (await f.watch(operator, cameraId)).json()
    f.clock.setWall(f.clock.now() - 2 * 60 * MINUTE)
    for (let minute = 0; minute < 20; minute += 1) {
      await get(f, third.hlsUrl, operator)
      await f.clock.advance(MINUTE / 2)
    }
    t.equal((await get(f, third.hlsUrl, operator)).json().why, 'expired', 'setting the clock back prolongs nothing')

    const shut = new Date(f.links.now() + 2 * MINUTE + 8 * 60 * MINUTE).toISOString().slice(11, 16)
    const limited = await f.publicCamera({ hours: { from: '00:01', to: shut } })
    const fourth = (await f.watch(operator, limited)).json()
    t.ok(Date.parse(fourth.expiresAt) <= f.links.now() + 2 * MINUTE)
    f.clock.setWall(f.links.now() + 2 * MINUTE)
    t.equal((await get(f, fourth.hlsUrl, operator)).json().why, 'outside-hours', 'before any sweep')
    t.equal((await f.watch(operator, limited)).json().code, 'outside-hours')
  })

  await t.test('a clock that is slowed down prolongs nothing either', async (t) => {
    const { cameraId } = await f.privateCamera()
    const { hlsUrl } = (await f.watch(operator, cameraId)).json()
    for (let second = 0; second < 10 * 60; second += 10) {
      t.equal((await get(f, hlsUrl, operator)).statusCode, 200)
      for (let at = 0; at < 10; at += 1) {
        await f.clock.advance(1_000)
        f.clock.setWall(f.clock.now() - 900)
      }
    }
    t.equal(
      (await get(f, hlsUrl, operator)).json().why,
      'expired',
      'ten minutes are over, whatever the wall clock says',
    )
  })

  await t.test('rights are asked with every request', async (t) => {
    const { cameraId } = await f.privateCamera()
    const { id, hlsUrl } = (await f.watch(operator, cameraId)).json()
    const principal = await principalOf(f, id)
    t.match(f.views.find(id, principal), { kind: 'live' })
    t.match(f.views.find(id, { ...principal, cellCodes: ['x1'] }), { kind: 'ended', why: 'rights-changed' })
    t.equal((await get(f, hlsUrl, operator)).json().why, 'rights-changed')
  })

  await t.test('a session has sixty-four views and no more', async (t) => {
    const cameraId = await f.publicCamera()
    const wall = await f.bearer(['operator'])
    for (let view = 0; view < 64; view += 1) t.equal((await f.watch(wall, cameraId)).statusCode, 201)
    const reply = await f.watch(wall, cameraId)
    t.match([reply.statusCode, reply.json().code], [429, 'too-many-requests'])
    t.equal((await f.watch(operator, cameraId)).statusCode, 201, 'somebody else')
    await f.views.endWhere({ cameraId }, 'closed')
  })

  await t.test('what the process before left open is closed as interrupted', async (t) => {
    const cameraId = await f.publicCamera()
    const { id } = (await f.watch(operator, cameraId)).json()
    const { views } = f.again()
    await views.start()
    t.teardown(() => views.close())
    t.match(await f.database.client.view.findUniqueOrThrow({ where: { id } }), { endedWhy: 'interrupted' })
    t.equal((await auditOf(f, cameraId)).at(-1), 'view-ended interrupted')
    t.match(views.find(id, await principalOf(f, id)), { kind: 'ended', why: 'interrupted' })
  })
})

async function login(f: Watching): Promise<{ username: string; password: string }> {
  const { username = '', password = '' } = await f.source()
  return { username, password }
}

async function principalOf(f: Watching, viewId: string) {
  const { sessionId, viewerId } = await f.database.client.view.findUniqueOrThrow({ where: { id: viewId } })
  return { kind: 'token', id: viewerId, name: 'script', roles: ['operator'], cellCodes: undefined, sessionId } as const
}
