import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Camera } from '../../gateway/contracts/camera.ts'
import type { NewLinkAnswer, OwnerView } from '../../gateway/contracts/link.ts'
import type { View } from '../../gateway/contracts/view.ts'
import { startTestGateway } from '../fakes/gateway.ts'
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

  const third = await startTestGateway(t, environment)
  const { items } = await ask<{ items: OwnerView[] }>(third.url, `/api/v1/owner/links/${link.id}/views`, own)
  t.match(items, [{ id: view.id, watchingNow: true }], 'a node that starts closes no view of another')

  await act('pause', { untilAt: new Date(Date.now() + 3_600_000).toISOString() })
  const pausedMs = performance.now()
  let last = await media()
  while (last.status === 200 && performance.now() - pausedMs < CUT_OFF_LIMIT_MS) last = await media()
  t.match([last.status, await last.json()], [410, { code: 'view-ended', why: 'link-paused' }])
  t.comment(`dark at the other node after ${Math.round(performance.now() - pausedMs)} ms`)
})
