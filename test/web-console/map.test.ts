import t from 'tap'
import type { Camera } from '../../gateway/contracts/camera.ts'
import { distanceM, nearestCameras, toGcj02, toMap } from '../../web-console/src/map/geometry.ts'
import { cellNameSpots, namesThatFit } from '../../web-console/src/map/map-names.ts'

t.test('Web Mercator', async (t) => {
  t.match(toMap([0, 0]), { x: 0.5, y: 0.5 })
  t.match(toMap([-180, 85.05112878]), { x: 0 })
  t.ok(Math.abs(toMap([0, 85.05112878]).y) < 1e-9)
  t.ok(Math.abs(toMap([0, -90]).y - 1) < 1e-9, 'the pole is at the edge')
  // OpenStreetMap wiki, slippy map tilenames: 139.7006793, 35.6590699 at zoom 18 is tile 232798 / 103246.
  const { x, y } = toMap([139.7006793, 35.6590699])
  t.same([Math.floor(x * 2 ** 18), Math.floor(y * 2 ** 18)], [232_798, 103_246])
})

t.test('GCJ-02', async (t) => {
  // Published pairs of the well-known implementations (eviltransform's test data).
  const pairs: [string, [number, number], [number, number]][] = [
    ['Shanghai', [121.5272106, 31.1774276], [121.531541859215, 31.17530398364597]],
    ['Beijing', [116.377817, 39.911954], [116.38404722455657, 39.91334545536069]],
    ['Shenzhen', [113.912316, 22.543847], [113.9171764808363, 22.540796131694766]],
  ]
  for (const [name, wgs84, expected] of pairs) {
    const off = distanceM(toGcj02(wgs84), expected)
    t.ok(off < 5, `${name} is ${off.toFixed(1)} m off`)
    t.ok(distanceM(wgs84, toGcj02(wgs84)) > 300, `${name} is shifted`)
  }
  t.same(toGcj02([2.35, 48.86]), [2.35, 48.86], 'not outside China')
})

t.test('the cameras near a place', async (t) => {
  // All that the choice reads.
  const camera = (id: string, lon: number | undefined, state: Camera['state'] = 'online'): Camera =>
    ({ id, state, ...(lon === undefined ? {} : { position: { lon, lat: 29.1 } }) }) as Camera
  const found = nearestCameras(
    [
      camera('far', 119.7),
      camera('nowhere', undefined),
      camera('near', 119.601),
      camera('unlinked', 119.6, 'unlinked'),
      camera('away', 119.6, 'offline'),
      camera('here', 119.6),
    ],
    [119.6, 29.1],
    4,
  )
  t.same(
    found.map(({ id }) => id),
    ['here', 'near', 'far', 'away'],
  )
  t.ok(Math.abs(distanceM([119.6, 29.1], [119.601, 29.1]) - 97.2) < 0.5)
})

t.test('the name of a cell gives way to its cameras', async (t) => {
  const cell = { code: '1', name: '粮站网格', middle: { left: 100, top: 100 }, top: 0, bottom: 200 }
  const camera = (left: number, top: number) => ({ camera: { name: '粮站' }, at: { left, top } })
  const spotOf = (...placed: ReturnType<typeof camera>[]) => cellNameSpots([cell], placed, 12).get('1')
  t.same(spotOf(), { left: 100, top: 100 }, 'room at the middle')
  t.same(spotOf(camera(300, 300)), { left: 100, top: 100 }, 'a camera elsewhere')
  const below = spotOf(camera(100, 100))
  t.ok(below !== undefined && below.top >= 100 + 12 * 2.4 + 12, `below the camera and its name, at ${below?.top}`)
  const above = spotOf(camera(100, 150))
  t.ok(above !== undefined && above.top <= 150 - 12 * 4.85, `above where its alarm would stand, at ${above?.top}`)
  const low = cellNameSpots([{ ...cell, bottom: 130 }], [camera(100, 100)], 12).get('1')
  t.ok(low !== undefined && low.top > 0 && low.top <= 100 - 12 * 4.85, `not below its own cell, at ${low?.top}`)
  const crowd = Array.from({ length: 9 }, (_, at) => camera(100, 20 + at * 20))
  t.same(spotOf(...crowd), { left: 100, top: 100 }, 'no room at all: at the middle')
})

t.test('names on the map lie over nothing', async (t) => {
  const at = (id: string, left: number, top: number, name = '东街口') => ({ camera: { id, name }, at: { left, top } })
  const cases: [string, ReturnType<typeof at>[], string[]][] = [
    ['apart', [at('a', 0, 0), at('b', 200, 0)], ['a', 'b']],
    ['the same spot: neither lies over the other camera', [at('a', 0, 0), at('b', 4, 16)], ['b']],
    ['side by side: the first has its name', [at('a', 0, 0), at('b', 30, 0)], ['a']],
    ['a longer name needs more room', [at('a', 0, 0, '中心小学南围墙'), at('b', 55, 0)], ['a']],
    ['letters are narrower', [at('a', 0, 0, 'Gate'), at('b', 45, 0, 'Gate')], ['a', 'b']],
  ]
  for (const [name, placed, named] of cases) t.same([...namesThatFit(placed, 12)], named, name)
})
