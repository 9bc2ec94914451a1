import t from 'tap'
import { ForbiddenPlace } from '../../gateway/contracts/camera.ts'
import { DeviceProfile } from '../../gateway/probe/device-profile.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { CELL, harness, OTHER_CELL } from './harness.ts'

const describeStream: DescribeStream = async ({ uri, password }) => {
  if (uri.includes('missing')) return { ok: false, code: 'not-found', detail: '404' }
  if (uri.includes('locked') && password !== 'right') return { ok: false, code: 'unauthorized', detail: '401' }
  if (uri.includes('dark')) return { ok: false, code: 'no-key-frame', detail: 'none came' }
  if (uri.includes('h265')) return { ok: true, codec: 'h265', width: 2560, height: 1440, firstFrameMs: 5 }
  return { ok: true, codec: 'h264', width: 1280, height: 720, frameRate: 25, firstFrameMs: 5 }
}

const camera = (name: string, more: object = {}, source: object = {}) => ({
  name,
  cellCode: CELL,
  placeClass: 'article-7',
  ownership: 'private',
  source: { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:8554/${encodeURIComponent(name)}`, ...source },
  ...more,
})

t.test('what may be registered, and what not', async (t) => {
  const h = await harness(t, { describeStream })
  const position = { lon: 119.5, lat: 29.5, headingDeg: 90 }
  type Case = [name: string, payload: object, status: number, code: string | undefined]
  const cases: Case[] = [
    ['sound', camera('a', { position, gbId: '3'.repeat(20) }), 201, undefined],
    ['the same stream again', camera('a'), 409, 'conflict'],
    ['the same GB/T 28181 ID', camera('b', { gbId: '3'.repeat(20) }), 409, 'conflict'],
    ...ForbiddenPlace.options.map((place): Case => [place, camera('c', { placeClass: place }), 422, 'forbidden-place']),
    ['no such cell', camera('c', { cellCode: '990123101009999' }), 422, 'unknown-cell'],
    [
      'position in the neighbour cell',
      camera('d', { position: { lon: 120.5, lat: 29.5 } }),
      422,
      'position-outside-cell',
    ],
    ['no such stream', camera('missing'), 422, 'camera-not-usable'],
    ['wrong password', camera('locked', {}, { username: 'u', password: 'wrong' }), 422, 'camera-refused-login'],
    ['no picture', camera('dark'), 422, 'camera-not-usable'],
    ['credentials in the URI', camera('e', {}, { mainUri: 'rtsp://u:p@127.0.0.1/a' }), 400, 'invalid-request'],
    ['unknown field', camera('f', { colour: 'red' }), 400, 'invalid-request'],
    ['forbidden place class', camera('g', { placeClass: 'bathroom' }), 400, 'invalid-request'],
  ]
  for (const [name, payload, status, code] of cases) {
    const answer = await h.call('POST', '/cameras', payload)
    t.equal(answer.status, status, `${name}: ${answer.text}`)
    t.equal(answer.body.code, code, name)
  }
  t.equal(await h.database.client.camera.count(), 1)
  t.equal(await h.database.client.device.count(), 1, 'a refused camera leaves no device behind')
  t.match(h.entries, [{ action: 'camera-registered', result: 'done', actor: { name: 'tester' } }])
  t.equal(h.entries.length, 1)
  t.match(h.events, [{ kind: 'camera', cellCode: CELL, data: { state: 'unlinked' } }])
  const dark = await h.call('POST', '/cameras', camera('dark'), { language: 'zh-CN' })
  t.match(dark.body.checks, [
    { name: 'describe', ok: true },
    { name: 'first-frame', ok: false, code: 'no-first-frame', nextStep: /关键帧/ },
  ])
  t.equal((await h.call('POST', '/cameras', camera('x'), { role: 'operator' })).status, 403)
  t.equal((await h.call('POST', '/cameras', camera('x'), { cells: OTHER_CELL })).body.code, 'not-in-your-cells')
})

t.test('the login is kept sealed and never answered', async (t) => {
  const h = await harness(t, { describeStream })
  const secret = 'c4nary-Passw0rd'
  const xm = 'rtsp://127.0.0.1:8554/user=admin_password=pathcanary_channel=1_stream=0.sdp?real_stream'
  const made = await h.call('POST', '/cameras', camera('xm', {}, { mainUri: xm, username: 'admin', password: secret }))
  t.equal(made.status, 201, made.text)
  const asked = await h.call('GET', `/cameras/${made.body.id}`)
  const listed = await h.call('GET', '/cameras')
  const rows = await h.database.client.device.findMany()
  const everything = JSON.stringify([made.text, asked.text, listed.text, h.entries, h.events, h.logged, rows])
  for (const canary of [secret, 'pathcanary']) t.notMatch(everything, canary)
  t.notMatch(Buffer.from(rows[0]?.sealedCredentials ?? []).toString('latin1'), secret)
  const stream = await h.registry.streamSource(made.body.id, 'main')
  const { askKeyFrame, ...login } = (await stream?.source()) ?? {}
  t.same(login, { uri: xm, username: 'admin', password: secret, transport: 'tcp' }, 'but a relay gets it')
  t.type(askKeyFrame, 'function')
})

t.test('which stream is watched', async (t) => {
  const h = await harness(t, { describeStream })
  const both = { mainUri: 'rtsp://127.0.0.1/h265', subUri: 'rtsp://127.0.0.1/sub' }
  const made = await h.call('POST', '/cameras', camera('two', {}, both))
  const one = await h.call('POST', '/cameras', camera('one'))
  const cases: [string, 'auto' | 'main' | 'sub', string | undefined][] = [
    [made.body.id, 'main', 'main'],
    [made.body.id, 'sub', 'sub'],
    [made.body.id, 'auto', 'sub'],
    [one.body.id, 'auto', 'main'],
    [one.body.id, 'sub', 'main'],
    ['00000000-0000-4000-8000-000000000000', 'auto', undefined],
  ]
  for (const [id, want, role] of cases) t.equal((await h.registry.streamSource(id, want))?.role, role, want)
})

t.test('media over UDP where the device profile says so, from the first try on', async (t) => {
  const fact = { claim: 'made for this test', sure: 'H', source: 'this test' }
  const generic = DeviceProfile.parse({ id: 'generic', title: 'any', match: { any: [] }, facts: [fact] })
  const yoosee = DeviceProfile.parse({
    ...generic,
    id: 'yoosee',
    match: { any: [{ path: '/onvif', weight: 5 }] },
    streams: { main: '/onvif1', transport: 'udp' },
  })
  const asked: (string | undefined)[] = []
  const h = await harness(t, {
    profiles: [generic, yoosee],
    describeStream: async (request, signal) => {
      asked.push(request.transport)
      return describeStream(request, signal)
    },
  })
  for (const [path, transport] of [
    ['onvif1', 'udp'],
    ['live', 'tcp'],
  ] as const) {
    const made = await h.call('POST', '/cameras', camera(path))
    t.equal(made.status, 201, made.text)
    const stream = await h.registry.streamSource(made.body.id, 'main')
    t.match(await stream?.source(), { transport })
  }
  t.same(asked, ['udp', 'tcp'])
})

t.test('listing, by cell, state, words and page', async (t) => {
  const h = await harness(t, { describeStream })
  const ids: string[] = []
  for (const name of ['甲', '乙', '丙', '丁', '戊']) {
    const cellCode = name === '戊' ? OTHER_CELL : CELL
    const made = await h.call('POST', '/cameras', camera(name, { cellCode }))
    ids.push(made.body.id)
  }
  h.linked.add(ids[0] ?? '').add(ids[1] ?? '')
  const names = async (query: string, cells?: string): Promise<string[]> => {
    const { body } = await h.call('GET', `/cameras${query}`, undefined, {
      role: 'operator',
      ...(cells ? { cells } : {}),
    })
    return body.items.map(({ name }: { name: string }) => name).sort()
  }
  const cases: [string, string | undefined, string[]][] = [
    ['', undefined, ['甲', '乙', '丙', '丁', '戊']],
    ['', OTHER_CELL, ['戊']],
    [`?cell=${CELL}`, OTHER_CELL, []],
    [`?cell=${CELL}`, undefined, ['甲', '乙', '丙', '丁']],
    ['?state=online', undefined, ['甲', '乙']],
    ['?state=unlinked', undefined, ['丙', '丁', '戊']],
    ['?state=offline', undefined, []],
    ['?q=丙', undefined, ['丙']],
    ['?q=127.0.0.1', OTHER_CELL, ['戊']],
  ]
  for (const [query, cells, expected] of cases)
    t.same(await names(query, cells), expected.sort(), `${query} ${cells ?? ''}`)

  const paged: string[] = []
  let query = '?limit=2'
  for (let at = 0; at < 5; at++) {
    const { body } = await h.call('GET', `/cameras${query}`)
    paged.push(...body.items.map(({ id }: { id: string }) => id))
    if (body.nextCursor === undefined) break
    query = `?limit=2&cursor=${body.nextCursor}`
  }
  t.same(paged.toSorted(), ids.toSorted(), 'every camera on one page')
  t.equal((await h.call('GET', `/cameras/${ids[0]}`, undefined, { cells: OTHER_CELL })).status, 404, 'nor one by one')
  for (const role of ['administrator', 'operator', 'installer', 'patrol-lead', 'auditor'] as const) {
    t.equal((await h.call('GET', '/cameras', undefined, { role })).status, 200, role)
  }
  t.equal((await h.call('GET', '/cameras', undefined, { role: 'feed-owner' })).status, 403)
})

t.test('changing and removing', async (t) => {
  const h = await harness(t, { describeStream })
  const { body: made } = await h.call(
    'POST',
    '/cameras',
    camera('a', { gbId: '1'.repeat(20), position: { lon: 119.5, lat: 29.5 } }),
  )
  const change = (payload: object, cells?: string) =>
    h.call('PATCH', `/cameras/${made.id}`, payload, cells === undefined ? {} : { cells })
  t.match((await change({ name: 'b', position: null, gbId: null })).body, { name: 'b' })
  const after = (await h.call('GET', `/cameras/${made.id}`)).body
  t.notOk('position' in after || 'gbId' in after)
  t.equal((await change({ placeClass: 'changing-room' })).body.code, 'forbidden-place')
  t.equal((await change({ position: { lon: 120.5, lat: 29.5 } })).body.code, 'position-outside-cell')
  t.equal((await change({ cellCode: OTHER_CELL, position: { lon: 120.5, lat: 29.5 } })).status, 200)
  t.equal((await change({ cellCode: CELL }, CELL)).status, 404, 'not in your cells any more')
  t.equal((await change({ cellCode: CELL })).body.code, 'position-outside-cell', 'it stands where it stood')
  t.match(h.entries.at(-1), { action: 'camera-changed', object: `camera:${made.id}` })
  t.equal(h.entries.length, 3)

  t.equal((await h.call('DELETE', `/cameras/${made.id}`, undefined, { role: 'operator' })).status, 403)
  t.same(h.ended, [])
  t.equal((await h.call('DELETE', `/cameras/${made.id}`)).status, 204)
  t.same(h.ended, [made.id], 'relays and views are told')
  t.match(h.events.at(-1), { kind: 'camera', data: { state: 'offline', reason: 'removed' } })
  t.match(h.entries.at(-1), { action: 'camera-removed' })
  t.equal((await h.call('GET', `/cameras/${made.id}`)).status, 404)
  t.equal((await h.call('DELETE', `/cameras/${made.id}`)).status, 404)
  t.match(await h.registry.camera(made.id), { id: made.id, removed: true, ownership: 'private' })
  t.equal(await h.registry.streamSource(made.id, 'auto'), undefined)
  t.equal((await h.call('POST', '/cameras', camera('a', { gbId: '1'.repeat(20) }))).status, 201, 'may come back')
})

t.test('all or nothing', async (t) => {
  const audit = { append: () => Promise.reject(new Error('the audit trail cannot be written')) }
  const h = await harness(t, { describeStream, audit })
  t.equal((await h.call('POST', '/cameras', camera('a'))).status, 500)
  t.same(await h.database.client.camera.findMany(), [])
  t.same(await h.database.client.device.findMany(), [])
})

t.test('searching', async (t) => {
  const h = await harness(t)
  const start = (payload: object) => h.call('POST', '/discoveries', payload)
  const cases: [string, object, number, string][] = [
    ['no targets', { method: 'range' }, 400, 'invalid-request'],
    ['too many addresses', { method: 'range', targets: ['127.0.0.0/21'] }, 400, 'invalid-request'],
    [
      'too many together',
      { method: 'range', targets: ['127.0.0.0/23', '127.0.2.0/23', '127.0.4.0/24'] },
      400,
      'invalid-request',
    ],
    ['not an address', { method: 'range', targets: ['camera.lan'] }, 400, 'invalid-request'],
    ['a range with a port', { method: 'range', targets: ['127.0.0.0/24:80'] }, 400, 'invalid-request'],
    ['0.0.0.0/0', { method: 'range', targets: ['0.0.0.0/0'] }, 400, 'invalid-request'],
  ]
  for (const [name, payload, status, code] of cases) {
    const answer = await start(payload)
    t.match([answer.status, answer.body.code], [status, code], `${name}: ${answer.text}`)
  }
  t.match((await start({ method: 'range', targets: ['127.0.0.0/21'] })).body.detail, /1024/)
  t.equal((await h.call('GET', '/discoveries/00000000-0000-4000-8000-000000000000')).status, 404)
  const running = await Promise.all(
    Array.from({ length: 5 }, () => start({ method: 'multicast', targets: ['127.0.44.0/24'] })),
  )
  t.same(
    running.map(({ status }) => status),
    [202, 202, 202, 202, 429],
    'a bounded number at once',
  )
  const job = await h.call('GET', `/discoveries/${running[0]?.body.id}`)
  t.match(job.body, { state: 'running', method: 'multicast', devices: [] })
  await h.registry.close()
  t.equal((await h.call('GET', `/discoveries/${running[0]?.body.id}`)).body.state, 'finished', 'ended by close')
})

t.test('probing an address outside the camera networks', async (t) => {
  const h = await harness(t)
  const cases: [string, string][] = [
    ['192.0.2.7', 'address-not-allowed'],
    ['127.0.0.1:22', 'port-not-allowed'],
    ['[::ffff:192.0.2.7]:80', 'address-not-allowed'],
    ['169.254.169.254', 'address-not-allowed'],
  ]
  for (const [address, code] of cases) {
    const { body } = await h.call('POST', '/probes', { address, username: 'u', password: 'p' })
    t.match(
      body,
      { deviceProfile: 'generic', channels: [], checks: [{ name: 'address', ok: false, code, nextStep: /\w/ }] },
      address,
    )
  }
  const closed = await h.call('POST', '/probes', { address: '127.0.44.1:9999' })
  t.match(closed.body.checks, [
    { name: 'address', ok: true },
    { name: 'reachable', ok: false, code: 'connection-refused' },
  ])
})
