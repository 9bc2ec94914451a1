import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { townshipGateway } from '../fakes/township-gateway.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

t.test(
  'a camera is turned where the link says so, and stops whatever becomes of who turned it',
  { skip: lacksFfmpeg, timeout: 60_000 },
  async (t) => {
    const { township, gateway, register, link } = await townshipGateway(t, '127.0.50.0', [
      'cam-guangchang',
      'cam-dongjie',
    ])
    const [turning, fixed] = [await register('cam-guangchang'), await register('cam-dongjie')]
    const authorization = { authorization: `Bearer ${await gateway.token('operator')}` }
    const turn = async (cameraId: string, payload: object, headers = authorization) => {
      const answer = await gateway.app.inject({
        method: 'POST',
        url: `/api/v1/cameras/${cameraId}/ptz`,
        headers,
        payload,
      })
      return { status: answer.statusCode, ...answer.json<Record<string, unknown>>() }
    }
    const head = township.camera('cam-guangchang').ptz
    const { signal } = new AbortController()
    const stopped = async (): Promise<number> => {
      const startedMs = performance.now()
      while (head?.isMoving === true) await systemClock.sleep(10, signal)
      return performance.now() - startedMs
    }

    t.match(await turn(turning, { action: 'move', pan: 0.5 }), { status: 403, code: 'no-valid-link' })
    const linkId = await link(turning, ['live', 'ptz'])
    await link(fixed)
    t.match(await turn(fixed, { action: 'move', pan: 0.5 }), { status: 403, code: 'scope-missing' })
    const administrator = { authorization: `Bearer ${await gateway.token('administrator')}` }
    t.match(await turn(turning, { action: 'move' }, administrator), { status: 403, code: 'role-not-allowed' })
    t.match(await turn(turning, { action: 'move', pan: 2 }), { status: 400 })
    t.match(await turn(turning, { action: 'move', timeoutMs: 60_000 }), { status: 400 })
    t.equal(head?.isMoving, false)

    t.match(await turn(turning, { action: 'move', pan: 0.5, tilt: -0.25, timeoutMs: 1_500 }), {
      status: 200,
      moving: true,
    })
    t.match(head, { isMoving: true, pan: 0.5, tilt: -0.25, zoom: 0 })
    const lostMs = await stopped()
    t.ok(lostMs > 1_000 && lostMs < 3_000, `the client was lost, and the camera stopped after ${Math.round(lostMs)} ms`)

    const startedMs = performance.now()
    for (let at = 0; at < 5; at += 1) {
      await turn(turning, { action: 'move', pan: -1, timeoutMs: 800 })
      await systemClock.sleep(300, signal)
      t.equal(head?.isMoving, true, 'moves that follow one another are one drive')
    }
    t.ok(performance.now() - startedMs > 1_400)
    t.match(await turn(turning, { action: 'stop' }), { status: 200, moving: false })
    t.equal(head?.isMoving, false, 'at once when told')

    const list = await gateway.app.inject({ url: `/api/v1/cameras/${turning}/ptz`, headers: authorization })
    t.match(list.json(), { presets: [{ token: '1', name: '广场中央' }, { token: '2' }] })
    t.match(await turn(turning, { action: 'preset', preset: '2' }), { status: 200, moving: false })
    t.equal(head?.preset, '2')
    t.match(await turn(turning, { action: 'preset', preset: '9' }), { status: 422 })

    const trail = await gateway.app.inject({
      url: `/api/v1/audit?object=camera:${turning}`,
      headers: { authorization: `Bearer ${await gateway.token('auditor')}` },
    })
    const turns = trail.json<{ items: { action: string }[] }>().items.filter(({ action }) => action === 'camera-turned')
    t.equal(turns.length, 4, 'one line a drive, one a position')

    await turn(turning, { action: 'move', zoom: 1, timeoutMs: 5_000 })
    await gateway.app.inject({
      method: 'POST',
      url: `/api/v1/links/${linkId}/revoke`,
      headers: administrator,
      payload: { reason: 'test' },
    })
    t.match(await turn(turning, { action: 'move', zoom: 1 }), { status: 403 })
    t.match(await turn(turning, { action: 'stop' }), { status: 200, moving: false }, 'a stop is always taken')
    t.equal(head?.isMoving, false)

    await link(turning, ['live', 'ptz'])
    await turn(turning, { action: 'move', tilt: 1, timeoutMs: 5_000 })
    t.equal(head?.isMoving, true)
    await gateway.close()
    t.equal(head?.isMoving, false, 'a gateway that ends stops what it moves')
  },
)

t.test('a camera that cannot be turned says so', { skip: lacksFfmpeg, timeout: 30_000 }, async (t) => {
  const { gateway, register, link } = await townshipGateway(t, '127.0.51.0', ['cam-dongjie'])
  const id = await register('cam-dongjie')
  await link(id, ['ptz'])
  const answer = await gateway.app.inject({
    method: 'POST',
    url: `/api/v1/cameras/${id}/ptz`,
    headers: { authorization: `Bearer ${await gateway.token('operator')}` },
    payload: { action: 'move', pan: 1 },
  })
  t.match([answer.statusCode, answer.json()], [422, { code: 'camera-not-usable', detail: /no PTZ service/ }])
})
