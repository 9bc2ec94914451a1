import t from 'tap'
import { timeSpent } from '../../gateway/registry/availability.ts'
import type { StateChange } from '../../gateway/registry/watch-store.ts'
import { FakeClock } from '../fakes/clock.ts'
import { CELL, harness, OTHER_CELL } from './harness.ts'

const HOUR_MS = 3_600_000
const described = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 }) as const

t.test('time in each state', async (t) => {
  const change = (atMs: number, fromState: StateChange['fromState'], toState: StateChange['toState']): StateChange => ({
    at: new Date(atMs),
    fromState,
    toState,
  })
  const cases: [
    name: string,
    changes: StateChange[],
    state: StateChange['toState'],
    online: number,
    offline: number,
  ][] = [
    ['no change', [], 'online', 100, 0],
    ['no change, offline', [], 'offline', 0, 100],
    ['one', [change(40, 'online', 'offline')], 'offline', 40, 60],
    ['there and back', [change(40, 'online', 'offline'), change(60, 'offline', 'online')], 'online', 80, 20],
    ['at the edges', [change(0, 'offline', 'online'), change(100, 'online', 'offline')], 'offline', 100, 0],
    ['a clock set back', [change(60, 'online', 'offline'), change(50, 'offline', 'online')], 'online', 100, 0],
    ['after the end', [change(150, 'online', 'offline')], 'offline', 100, 0],
  ]
  for (const [name, changes, state, online, offline] of cases) {
    t.same(timeSpent(changes, state, 0, 100), { online, stalled: 0, offline }, name)
  }
})

t.test('by cell and by ownership, from the register, in one’s own cells', async (t) => {
  const clock = new FakeClock()
  const h = await harness(t, { clock, describeStream: described })
  const register = async (name: string, cellCode: string, ownership: string): Promise<string> => {
    const { body } = await h.call('POST', '/cameras', {
      name,
      cellCode,
      placeClass: 'other',
      ownership,
      source: { kind: 'rtsp', mainUri: `rtsp://127.0.0.1/${name}` },
    })
    return body.id
  }
  const move = async (cameraId: string, state: 'live' | 'offline'): Promise<void> => {
    const stream = await h.registry.streamSource(cameraId, 'main')
    await h.registry.noteRelayState(stream?.streamId ?? '', { state })
  }
  const [a, b] = [await register('a', CELL, 'public'), await register('b', CELL, 'private')]
  clock.setWall(clock.now() + 12 * HOUR_MS)
  const c = await register('c', OTHER_CELL, 'public')
  await move(a, 'offline')
  clock.setWall(clock.now() + 6 * HOUR_MS)
  await move(a, 'live')
  await move(c, 'offline')
  clock.setWall(clock.now() + 6 * HOUR_MS)

  const ask = async (query: string, cells?: string) => {
    const { status, body } = await h.call('GET', `/health/availability?${query}`, undefined, cells ? { cells } : {})
    return { status, items: body.items }
  }
  const spent = (online: number, offline: number) => ({
    onlineSeconds: online * 3600,
    stalledSeconds: 0,
    offlineSeconds: offline * 3600,
    availability: online / (online + offline),
  })
  // a: 24 h of which 6 away; b: 24 h; c: 12 h of which 6 away.
  t.same(await ask('by=cell&days=1'), {
    status: 200,
    items: [
      { key: CELL, cameras: 2, ...spent(42, 6) },
      { key: OTHER_CELL, cameras: 1, ...spent(6, 6) },
    ],
  })
  t.same((await ask('by=ownership&days=30')).items, [
    { key: 'private', cameras: 1, ...spent(24, 0) },
    { key: 'public', cameras: 2, ...spent(24, 12) },
  ])
  t.same((await ask('by=cell&days=1', OTHER_CELL)).items, [{ key: OTHER_CELL, cameras: 1, ...spent(6, 6) }])
  clock.setWall(clock.now() + 24 * HOUR_MS)
  t.same((await ask('by=ownership&days=1')).items, [
    { key: 'private', cameras: 1, ...spent(24, 0) },
    { key: 'public', cameras: 2, ...spent(24, 24) },
  ])
  t.equal((await ask('by=colour')).status, 400)
  t.equal((await ask('by=cell&days=91')).status, 400)
  t.ok(b)
})
