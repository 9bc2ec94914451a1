import t from 'tap'
import type { Camera } from '../../gateway/contracts/camera.ts'
import { distanceM, nearestCameras, toGcj02, toMap } from '../../web-console/src/map/geometry.ts'
import { namesOnMap } from '../../web-console/src/map/map-names.ts'

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

const cellAt = (left: number, top: number, more: { name?: string; bottom?: number } = {}) => ({
  ...{ code: `${left} ${top}`, name: '粮站网格', middle: { left, top }, top: top - 100, bottom: top + 100 },
  ...more,
})
const cameraAt = (left: number, top: number, name = '粮站') => ({
  camera: { id: `${name} ${left} ${top}` as Camera['id'], name },
  at: { left, top },
})

t.test('the name of a cell stands where there is room', async (t) => {
  const spotOf = (...cameras: ReturnType<typeof cameraAt>[]) =>
    namesOnMap([cellAt(100, 100)], cameras, [], 12).cells.get('100 100')
  t.same(spotOf(), { left: 100, top: 100 }, 'room at the middle')
  t.same(spotOf(cameraAt(300, 300)), { left: 100, top: 100 }, 'a camera elsewhere')
  const below = spotOf(cameraAt(100, 100))
  t.ok(below !== undefined && below.top >= 100 + 12 * 2.4 + 12, `below the camera and its name, at ${below?.top}`)
  const above = spotOf(cameraAt(100, 150))
  t.ok(above !== undefined && above.top <= 150 - 12 * 5.25, `above where its alarm would stand, at ${above?.top}`)
  const low = namesOnMap([cellAt(100, 100, { bottom: 130 })], [cameraAt(100, 100)], [], 12).cells.get('100 100')
  t.ok(low !== undefined && low.top > 0 && low.top <= 100 - 12 * 5.25, `not below its own cell, at ${low?.top}`)
  const crowd = Array.from({ length: 20 }, (_, at) => cameraAt(100, at * 10))
  t.same(spotOf(...crowd), { left: 100, top: 100 }, 'no room at all: at the middle')
  const far = cellAt(100, 110)
  t.same([...namesOnMap([cellAt(100, 100), far], [], [], 12).cells.keys()], ['100 100', far.code])
  const flat = { ...cellAt(100, 105), top: 95, bottom: 115 }
  t.same(
    [...namesOnMap([cellAt(100, 100), flat], [], [], 12).cells.keys()],
    ['100 100'],
    'of two cells that are too small for two names, the first has its own',
  )
})

t.test('names of cameras lie over nothing', async (t) => {
  const cases: [string, ReturnType<typeof cameraAt>[], number[]][] = [
    ['apart', [cameraAt(0, 0), cameraAt(200, 0)], [0, 1]],
    ['the same spot: neither lies over the other camera', [cameraAt(0, 0), cameraAt(4, 16)], [1]],
    ['side by side: the first has its name', [cameraAt(0, 0, '东街口'), cameraAt(30, 0, '东街口')], [0]],
    ['a longer name needs more room', [cameraAt(0, 0, '中心小学南围墙'), cameraAt(55, 0, '东街口')], [0]],
    ['letters are narrower', [cameraAt(0, 0, 'Gate'), cameraAt(45, 0, 'Gate')], [0, 1]],
  ]
  for (const [what, cameras, named] of cases) {
    const ids = named.map((at) => cameras[at]?.camera.id)
    t.same([...namesOnMap([], cameras, [], 12).cameras], ids, what)
  }
  const camera = cameraAt(0, 0)
  t.same([...namesOnMap([], [camera], [{ left: 0, top: 70 }], 12).cameras], [], 'nor over an alarm below it')
})

t.test('a cell’s name comes before that of a camera where there is room for one', async (t) => {
  // So flat that the name can go neither up nor down.
  const cell = { ...cellAt(100, 100), top: 80, bottom: 110 }
  const { cells, cameras } = namesOnMap([cell], [cameraAt(100, 75, '粮站'), cameraAt(200, 75, '卫生院')], [], 12)
  t.same(cells.get(cell.code), { left: 100, top: 100 })
  t.same([...cameras], ['卫生院 200 75'])
})
