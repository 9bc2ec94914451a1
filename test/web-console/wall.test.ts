import t from 'tap'
import type { CameraStream } from '../../gateway/contracts/camera.ts'
import type { Case } from '../../gateway/contracts/case.ts'
import { LAYOUTS, type WallTile } from '../../gateway/contracts/wall.ts'
import { fillSlots } from '../../web-console/src/wall/alarm-slots.ts'
import { admit, DECODE_BUDGET, decodeLoad, streamOf } from '../../web-console/src/wall/pixel-budget.ts'
import { cameraOfTurn } from '../../web-console/src/wall/round-turn.ts'
import { isFound } from '../../web-console/src/wall/search.ts'
import { createTurnstile } from '../../web-console/src/wall/turnstile.ts'
import { createWallState } from '../../web-console/src/wall/wall-state.ts'

t.test('a camera is found by what people call it', async (t) => {
  const camera = (name: string) => ({
    name,
    cellCode: '990123101001001',
    gbId: '33010600001320000017',
    device: { address: '10.0.3.21' },
  })
  const cases: [query: string, name: string, found: boolean][] = [
    ['', '东街口', true],
    ['东街', '东街口', true],
    ['djk', '东街口', true],
    ['DJK', '东街口', true],
    ['jk', '东街口', true],
    ['dk', '东街口', false],
    ['qttcc', '桥头停车场', true],
    ['zxxx', '中心小学校门口', true],
    ['ca', '长安路', true],
    ['za', '长安路', true],
    ['cq', '重庆路', true],
    ['xm', '厦门路', true],
    ['dongjie', '东街口', false],
    ['wg', '东街口', true],
    ['001001', '东街口', true],
    ['0017', '东街口', true],
    ['10.0.3.21', '东街口', true],
    ['djk 东街口网格', '东街口', true],
    ['djk 粮站', '东街口', false],
    ['b2', 'B2车库', true],
    ['gate', 'North Gate', true],
    ['.*', '东街口', false],
  ]
  for (const [query, name, found] of cases) {
    t.equal(isFound(camera(name), '东街口网格', query), found, `${query} ${found ? 'finds' : 'does not find'} ${name}`)
  }
  t.notOk(isFound(camera('东街口'), '粮站', 'x'.repeat(10_000)), 'a query of any length')
})

t.test('a round takes its turns by the clock', async (t) => {
  const round = { cameraIds: ['a', 'b', 'c'], dwellSeconds: 10 }
  const all = (): boolean => true
  t.same(
    [0, 9_999, 10_000, 20_000, 30_000].map((ms) => cameraOfTurn(round, ms, 0, all)),
    ['a', 'a', 'b', 'c', 'a'],
  )
  t.same(
    [0, 1, 2, 3].map((place) => cameraOfTurn(round, 0, place, all)),
    ['a', 'b', 'c', 'a'],
    'neighbours',
  )
  t.equal(
    cameraOfTurn(round, 10_000, 0, (id) => id !== 'b'),
    'c',
    'passes over',
  )
  t.equal(
    cameraOfTurn(round, 0, 0, () => false),
    undefined,
  )
})

// All that the slots read.
const aCase = (id: string, priority: Case['priority'], changes: Partial<Case> = {}): Case =>
  ({ id, priority, phase: 'collected', cameraId: `camera of ${id}`, openedAt: id, ...changes }) as Case
const { cameraId: _, ...withoutCamera } = aCase('n', 1)

t.test('alarm slots', async (t) => {
  const worked: Partial<Case> = { phase: 'opened' }
  const cases: [string, (string | undefined)[], Case[], (string | undefined)[]][] = [
    ['empty', [undefined], [], [undefined]],
    ['the most urgent first', [undefined], [aCase('a', 3), aCase('b', 1)], ['b']],
    ['of equals the oldest', [undefined], [aCase('b', 2), aCase('a', 2)], ['a']],
    ['as many as there are', [undefined, undefined], [aCase('a', 3), aCase('b', 1)], ['b', 'a']],
    ['without a camera there is nothing to show', [undefined], [withoutCamera as Case], [undefined]],
    ['what is shown stays', ['a'], [aCase('a', 2), aCase('b', 2)], ['a']],
    ['also while it is worked on', ['a'], [aCase('a', 2, worked)], ['a']],
    ['until another waits', ['a'], [aCase('a', 1, worked), aCase('b', 4)], ['b']],
    ['the more urgent displaces', ['a'], [aCase('a', 2), aCase('b', 1)], ['b']],
    ['the weakest gives way', ['a', 'b'], [aCase('a', 2), aCase('b', 3), aCase('c', 1)], ['a', 'c']],
    ['closed', ['a'], [aCase('a', 1, { phase: 'closed', closedAt: '2026-03-02T06:18:27.000Z' })], [undefined]],
    ['shelved', ['a'], [aCase('a', 1, { shelvedUntil: '2026-03-02T06:18:27.000Z' })], [undefined]],
    ['gone from the list', ['a'], [], [undefined]],
  ]
  for (const [name, shown, open, expected] of cases) t.same(fillSlots(shown, open), expected, name)
})

const stream = (
  role: CameraStream['role'],
  codec: CameraStream['codec'],
  size: readonly [width: number, height: number],
  frameRate?: number,
): CameraStream => ({
  role,
  codec,
  width: size[0],
  height: size[1],
  ...(frameRate === undefined ? {} : { frameRate }),
  uri: '',
})
const HD: readonly [number, number] = [1920, 1080]
const SMALL: readonly [number, number] = [640, 360]

t.test('what a picture costs: what comes, not what was asked for', async (t) => {
  const uhd = stream('main', 'h265', [3840, 2160], 25)
  const small = stream('sub', 'h264', SMALL, 15)
  type Cost = [name: string, streams: CameraStream[], asked: 'auto' | 'sub', plays: string[], load: number]
  const costs: Cost[] = [
    ['the sub-stream', [uhd, small], 'sub', ['h264'], 640 * 360 * 15],
    ['the main stream of one alone', [uhd, small], 'auto', ['h264', 'h265'], 3840 * 2160 * 25],
    ['which this browser cannot play', [uhd, small], 'auto', ['h264'], 640 * 360 * 15],
    ['no sub-stream', [uhd], 'sub', ['h264', 'h265'], 3840 * 2160 * 25],
    ['no sub-stream, and made into H.264', [uhd], 'sub', ['h264'], 1280 * 720 * 25],
    [
      'a sub-stream that cannot be played: the main one comes',
      [stream('main', 'h264', HD, 25), stream('sub', 'h265', SMALL, 15)],
      'sub',
      ['h264'],
      1920 * 1080 * 25,
    ],
    [
      'JPEG, made into H.264',
      [stream('main', 'mjpeg', HD, 5), stream('sub', 'mjpeg', SMALL, 5)],
      'auto',
      ['h264'],
      640 * 360 * 5,
    ],
    ['no frame rate', [stream('sub', 'h264', SMALL)], 'sub', ['h264'], 640 * 360 * 25],
    ['no size: nothing comes for nothing', [stream('sub', 'h264', [0, 0], 25)], 'sub', ['h264'], 704 * 576 * 25],
    ['no size of a main stream', [stream('main', 'h264', [0, 0], 25)], 'sub', ['h264'], 1920 * 1080 * 25],
    ['no stream', [], 'auto', ['h264'], 0],
  ]
  for (const [name, streams, asked, plays, load] of costs) t.equal(decodeLoad({ streams }, asked, plays), load, name)
})

t.test('the pixel budget', async (t) => {
  const tiles = (load: number, count: number) => Array.from({ length: count }, (_, index) => ({ index, load }))
  t.equal(admit(tiles(640 * 360 * 15, 36)).played.size, 36, 'a wall of sub-streams')
  t.equal(admit(tiles(640 * 360 * 25, 36)).played.size, 32, 'at 25 frames a second')
  t.same([...admit(tiles(3840 * 2160 * 25, 4)).played], [0], 'the first always plays')
  t.same([...admit([{ index: 3, load: DECODE_BUDGET }, ...tiles(1, 2)]).played], [3], 'full to the pixel')
})

t.test('no wall decodes more than one and a half times what a large screen paints', async (t) => {
  const painted = 3840 * 2160 * 15
  const kinds = [
    [stream('main', 'h264', HD, 25), stream('sub', 'h264', SMALL, 15)],
    [stream('main', 'h265', HD, 25), stream('sub', 'h264', [704, 576], 25)],
    [stream('main', 'h264', HD, 25)],
    [stream('main', 'h264', HD, 25), stream('sub', 'h265', SMALL, 15)],
    [stream('main', 'h264', [0, 0])],
    [stream('main', 'mjpeg', [1280, 720], 5)],
  ].map((streams) => ({ streams }))
  let walls = 0
  for (const layout of LAYOUTS) {
    const asked = streamOf(layout)
    for (const [at] of kinds.entries()) {
      for (const isMixed of [false, true]) {
        const cameras = Array.from({ length: layout }, (_, tile) => kinds[(at + (isMixed ? tile : 0)) % kinds.length])
        const wanted = cameras.map((camera, index) => ({
          index,
          load: camera === undefined ? 0 : decodeLoad(camera, asked, ['h264']),
        }))
        const { played, load } = admit(wanted)
        const sum = wanted.reduce((all, tile) => all + (played.has(tile.index) ? tile.load : 0), 0)
        t.equal(load, sum)
        if (load > 1.5 * painted) t.fail(`${layout} tiles of kind ${at}: ${load}`)
        const cheapest = Math.min(...wanted.filter(({ index }) => !played.has(index)).map((tile) => tile.load))
        if (load + cheapest <= DECODE_BUDGET) t.fail(`${layout} tiles of kind ${at}: one more would fit`)
        walls += 1
      }
    }
  }
  t.equal(walls, LAYOUTS.length * kinds.length * 2)
})

t.test('a few at a time, in their order; whoever leaves the queue holds up nobody', async (t) => {
  const turnstile = createTurnstile(2)
  const until = new AbortController()
  const gone = new AbortController()
  const order: number[] = []
  const leave = [await turnstile.enter(until.signal), await turnstile.enter(until.signal)]
  void turnstile.enter(gone.signal).then(() => order.push(3))
  const fourth = turnstile.enter(until.signal).then((out) => {
    order.push(4)
    return out
  })
  await Promise.resolve()
  t.same(order, [])
  gone.abort()
  leave[0]?.()
  leave[0]?.()
  const out = await fourth
  t.same(order, [3, 4])
  const fifth = turnstile.enter(until.signal)
  out()
  ;(await fifth)()
  leave[1]?.()
  t.equal(typeof (await turnstile.enter(until.signal)), 'function')
})

t.test('what stands on the tiles', async (t) => {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  const [one, two, three] = ['1', '2', '3'].map((end) => `00000000-0000-4000-8000-00000000000${end}`) as [
    string,
    string,
    string,
  ]
  const wall = createWallState(storage)
  const shown = (): (string | undefined)[] =>
    wall.tiles.value.slice(0, 4).map((tile: WallTile) => (tile.kind === 'camera' ? tile.cameraId : undefined))
  wall.suggest([one, two])
  t.same(shown(), [one, two, undefined, undefined])
  t.equal(kept.size, 0, 'a suggestion is not remembered')
  wall.selected.value = 2
  wall.place(one)
  t.equal(wall.selected.value, 0, 'points at the tile where it already is')
  wall.swap(0, 3)
  t.same(shown(), [undefined, two, undefined, one])
  t.equal(wall.selected.value, 3)
  t.equal(wall.beside(1, 0), undefined, 'the edge')
  t.equal(wall.beside(0, -1), 1)
  wall.setTile(1, { kind: 'camera', cameraId: one })
  t.same(shown(), [undefined, one, undefined, one], 'a camera may stand on several tiles')
  wall.select(2)
  wall.place(one, true)
  t.same(shown(), [undefined, one, one, one], 'put there again by hand')
  wall.place(one)
  t.equal(wall.selected.value, 1, 'else the first of them is pointed at')
  wall.setTile(2, { kind: 'alarm-slot' })
  wall.setLayout(36)

  wall.excurse('近处', [one, two, three])
  t.equal(wall.layout.value, 4)
  t.same(shown(), [one, two, three, undefined])
  wall.setTile(3, { kind: 'alarm-slot' })
  wall.comeBack()
  t.equal(wall.layout.value, 36)
  const again = createWallState(storage)
  t.same(again.tiles.value, wall.tiles.value, 'the next day')
  t.match(again.tiles.value[2], { kind: 'alarm-slot' })
  kept.set('gridlight.wall', '{"layout":5}')
  t.equal(createWallState(storage).layout.value, 4, 'what is not understood is left aside')
})
