import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { WebSocket } from 'ws'
import type { Camera } from '../../gateway/contracts/camera.ts'
import type { NewLinkAnswer, OwnerView } from '../../gateway/contracts/link.ts'
import type { View } from '../../gateway/contracts/view.ts'
import { ADMIN_PASSWORD, startTestGateway } from '../fakes/gateway.ts'
import { temporaryDataDir } from '../fakes/gateway-process.ts'
import { gstMissing, PIPELINES, startGst } from '../fakes/gst-server.ts'
import { postgresqlBinaries, startPostgresql } from '../fakes/postgresql.ts'

/** Two gateways over one PostgreSQL: what one is told to end, the other ends. */

const CELL = '990123101001001'
const CUT_OFF_LIMIT_MS = 1_000
const binaries = (await postgresqlBinaries()) ?? ''
const lacks = gstMissing() || (binaries === '' && 'PostgreSQL is not installed')

t.test('an owner revokes at one node; whoever watches at the other sees no more', { skip: lacks }, async (t) => {
  const camera = await startGst({ '/main': PIPELINES.h264 }, { name: 'viewer', password: 'a-password' })
  t.teardown(() => camera.close())
  const cluster = await startPostgresql(t, binaries)
  const keyFile = join(await temporaryDataDir(t), 'master.key')
  await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 })
  const environment = { GRIDLIGHT_DATABASE_URL: await cluster.createDatabase(), GRIDLIGHT_MASTER_KEY_FILE: keyFile }
  const here = await startTestGateway(t, environment)
  const [installer, operator] = [await here.token('installer'), await here.token('operator')]

  const ask = async <T>(url: string, path: string, headers: Record<string, string>, body?: object): Promise<T> => {
    const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await fetch(new URL(path, url), { ...request, headers: { ...headers, ...json } })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    const cookie = answer.headers.get('set-cookie')?.split(';')[0]
    return { ...((await answer.json()) as T), ...(cookie === undefined ? {} : { cookie }) }
  }
  const install = { authorization: `Bearer ${installer}` }
  const watch = { authorization: `Bearer ${operator}` }

  const division = {
    type: 'Feature',
    properties: { code: '990123101001', name: '东街村', level: 'village' },
    geometry: null,
  }
  const ring = [
    [119.6, 29.1],
    [119.61, 29.1],
    [119.61, 29.11],
    [119.6, 29.1],
  ]
  const properties = { code: CELL, name: '东街口网格', level: 'cell', parentCode: '990123101001' }
  const cell = { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [ring] } }
  const grid = JSON.stringify({ type: 'FeatureCollection', features: [division, cell] })
  const json = { 'content-type': 'application/json' }
  await fetch(new URL('/api/v1/grid', here.url), { method: 'PUT', headers: { ...install, ...json }, body: grid })
  const place = { name: '沿街商铺', cellCode: CELL, placeClass: 'other', ownership: 'private' }
  const login = { username: 'viewer', password: 'a-password' }
  const source = { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:${camera.port}/main`, ...login }
  const { id: cameraId } = await ask<Camera>(here.url, '/api/v1/cameras', install, { ...place, source })
  const party = { kind: 'shop', name: '便民超市', contact: '13800000000' }
  const asked = { ownership: 'private', party, basis: '自愿', purpose: '治安', scopes: ['live'] }
  const link = await ask<NewLinkAnswer>(here.url, '/api/v1/links', install, {
    ...{ cameraId, ...asked },
    validFrom: new Date().toISOString(),
  })

  const there = await startTestGateway(t, environment)
  const owner = await ask<{ cookie: string; csrfToken: string }>(
    there.url,
    '/api/v1/owner/session',
    {},
    {
      token: link.ownerInvitation?.token,
    },
  )
  const own = { cookie: owner.cookie, 'x-csrf-token': owner.csrfToken }
  const act = (name: string, body: object): Promise<unknown> =>
    ask(there.url, `/api/v1/owner/links/${link.id}/${name}`, own, body)
  await act('consent', { scopes: ['live'], validUntil: new Date(Date.now() + 86_400_000).toISOString() })
  const reason = { kind: 'request', text: '寻找走失老人' }
  const view = await ask<View>(here.url, '/api/v1/views', watch, { cameraId, reason })
  const media = (): Promise<Response> => fetch(new URL(view.hlsUrl, here.url), { headers: watch })
  t.equal((await media()).status, 200)

  const atOther = await fetch(new URL(view.hlsUrl, there.url), { headers: watch })
  t.match([atOther.status, await atOther.json()], [421, { code: 'view-elsewhere', detail: /gateway \S+ serves/ }])
  const noView = await fetch(new URL(`/live/${randomUUID()}/snapshot.jpg`, there.url), { headers: watch })
  t.match([noView.status, await noView.json()], [404, { code: 'not-found' }])

  const third = await startTestGateway(t, environment)
  const { items } = await ask<{ items: OwnerView[] }>(third.url, `/api/v1/owner/links/${link.id}/views`, own)
  t.match(items, [{ id: view.id, watchingNow: true }], 'a node that starts closes no view of another')

  /** Asks for the playlist until it is refused. @returns the refusal */
  const dark = async (what: string, { hlsUrl }: View, headers: Record<string, string>): Promise<[number, unknown]> => {
    const sinceMs = performance.now()
    const ask = (): Promise<Response> => fetch(new URL(hlsUrl, here.url), { headers })
    let last = await ask()
    while (last.status === 200 && performance.now() - sinceMs < CUT_OFF_LIMIT_MS) last = await ask()
    t.comment(`${what}: dark at the other node after ${Math.round(performance.now() - sinceMs)} ms`)
    return [last.status, await last.json()]
  }
  await act('pause', { untilAt: new Date(Date.now() + 3_600_000).toISOString() })
  t.match(await dark('pause', view, watch), [410, { code: 'view-ended', why: 'link-paused' }])

  await act('resume', {})
  const again = await ask<View>(here.url, '/api/v1/views', watch, { cameraId, reason })
  await act('consent', { scopes: ['live'], validUntil: new Date(Date.now() + 3_600_000).toISOString() })
  t.match(await dark('narrower consent', again, watch), [410, { code: 'view-ended', why: 'rights-changed' }])

  /** A person signed in, with a view and an event stream open at this node. */
  const watcher = async (username: string) => {
    const admin = await signIn(here.url, 'admin', ADMIN_PASSWORD)
    const { id } = await ask<{ id: string }>(here.url, '/api/v1/users', admin, {
      ...{ username, password: ADMIN_PASSWORD, displayName: username, roles: ['operator'] },
    })
    const headers = await signIn(here.url, username, ADMIN_PASSWORD)
    const opened = await ask<View>(here.url, '/api/v1/views', headers, { cameraId, reason })
    const stream = await fetch(new URL('/api/v1/events', here.url), { headers })
    const socket = new WebSocket(new URL('/live/socket', here.url), { headers })
    const messages: string[] = []
    socket.on('message', (data, isBinary) => {
      if (!isBinary) messages.push(data.toString())
    })
    await once(socket, 'open')
    socket.send(JSON.stringify({ open: opened.id }))
    await once(socket, 'message')
    return { id, headers, view: opened, stream, socket, messages }
  }
  const signIn = async (url: string, username: string, password: string): Promise<Record<string, string>> => {
    const session = await ask<{ cookie: string; csrfToken: string }>(url, '/api/v1/session', {}, { username, password })
    return { cookie: session.cookie, 'x-csrf-token': session.csrfToken }
  }
  const patch = async (id: string, change: object): Promise<void> => {
    const headers = { ...(await signIn(there.url, 'admin', ADMIN_PASSWORD)), ...json }
    const body = JSON.stringify(change)
    const answer = await fetch(new URL(`/api/v1/users/${id}`, there.url), { method: 'PATCH', headers, body })
    t.equal(answer.status, 200)
  }
  type Watcher = Awaited<ReturnType<typeof watcher>>
  const acts: readonly [string, (who: Watcher) => Promise<unknown>, string][] = [
    [
      'sign-out',
      ({ headers }) => fetch(new URL('/api/v1/session', there.url), { method: 'DELETE', headers }),
      'signed-out',
    ],
    ['changed role', ({ id }) => patch(id, { roles: ['installer'] }), 'rights-changed'],
    ['disabled user', ({ id }) => patch(id, { disabled: true }), 'rights-changed'],
  ]
  for (const [at, [name, end, why]] of acts.entries()) {
    const who = await watcher(`wang${at}`)
    const heard = once(who.socket, 'close').then(() => performance.now())
    const told = (async () => {
      while (!who.messages.some((message) => message.includes(why))) await once(who.socket, 'message')
      return performance.now()
    })()
    const ended = who.stream.text().then(() => performance.now())
    await end(who)
    const sinceMs = performance.now()
    const times = { picture: (await told) - sinceMs, events: (await ended) - sinceMs }
    for (const [what, ms] of Object.entries(times)) {
      t.ok(ms < CUT_OFF_LIMIT_MS, `${name} at the other node: ${what} end here after ${Math.round(ms)} ms`)
    }
    who.socket.close()
    await heard
  }
})
