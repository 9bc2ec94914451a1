import t from 'tap'
import { distanceM, toGcj02 } from '../../web-console/src/map/geometry.ts'
import { startTileServer, type TileServer } from '../fakes/tile-server.ts'
import { DESK, onElement, PHONE, seriousFaults, WALL } from './browser.ts'
import { playsOf, startGateway } from './gateway.ts'
import { arrangeWall, becomes, tileIs } from './journeys.ts'
import { pressOn, tabTo } from './keyboard.ts'
import { browserTests } from './scene.ts'

let tiles: TileServer
let elsewhere: TileServer
t.teardown(async () => {
  await tiles?.close()
  await elsewhere?.close()
})
const test = browserTests(async () => {
  ;[tiles, elsewhere] = await Promise.all([startTileServer(), startTileServer()])
  const environment = { GRIDLIGHT_MAP_TILE_URL: tiles.url, GRIDLIGHT_MAP_TILE_DATUM: 'gcj02' }
  return startGateway('127.0.76.0', environment)
})

/** Near 东街口, as the township's plan has it, the nearest first. */
const NEAREST = ['东街口', '中心小学南围墙', '中心小学校门口', '中心小学操场']

test('from an alarm on the map to its four nearest cameras, and back', async (t, { gateway, somebody }) => {
  const { page, faults, signIn } = await somebody(WALL)
  const hosts = new Set<string>()
  page.on('request', (request) => hosts.add(new URL(request.url()).host))
  await arrangeWall(page, 9)
  await signIn('operator')
  await page.getByRole('button', { name: '地图', exact: true }).click()
  await page.locator('.map-camera').first().waitFor()
  t.equal(await page.locator('.map-camera').count(), gateway.publicCameras.length)
  t.ok((await page.locator('.map-cells path').count()) >= 3, 'cells')

  let views = 0
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/views')) views += 1
  })
  const before = playsOf(gateway)
  const marker = page.locator('.map-camera', { hasText: '桥头停车场' })
  await marker.dragTo(page.locator('[data-tile="5"]'))
  await tileIs(page, 5, 'live')
  t.equal(views, 1, 'one view is asked for')
  const [, sub] = gateway.township.camera('cam-qiaotou').profiles
  t.same(
    Object.entries(playsOf(gateway)).filter(([stream, times]) => times !== (before[stream] ?? 0)),
    [[`cam-qiaotou ${sub?.rtspPath}`, 1]],
    'and one stream of one camera is played, once',
  )
  t.equal(await page.locator('[data-tile="5"] .tile-name').textContent(), '桥头停车场', 'dragged from the map')

  await page.keyboard.press('Digit6')
  await pressOn(page.locator('.map-camera', { hasText: '卫生院大门' }))
  await tileIs(page, 6, 'live')
  await page.keyboard.press('Digit7')
  await pressOn(page.locator('.map-camera', { hasText: '卫生院大门' }), 'Shift+Enter')
  await tileIs(page, 7, 'live')
  t.equal(await page.locator('[data-tile="7"] .tile-name').textContent(), '卫生院大门', 'by keys, and once more')

  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '前门求助' })
  await pressOn(page.locator('.map-alarm'))
  await page.locator('.tiles-4').waitFor()
  for (const tile of [1, 2, 3, 4]) await tileIs(page, tile, 'live')
  t.same(await page.locator('.tile-name').allTextContents(), NEAREST)
  await page.locator('[data-tile="1"]').focus()
  await page.keyboard.press('Escape')
  await page.locator('.tiles-9').waitFor()
  await tileIs(page, 5, 'live')
  t.same(
    [...hosts].sort(),
    [gateway.baseUrl, tiles.origin].map((url) => new URL(url).host).sort(),
    'no other host is asked',
  )
  t.same(faults, [])
})

interface UnderMarker {
  /** Address of the tile that is painted there, and where in it, 0 to 1. */
  src: string
  across: number
  down: number
}

/** What lies under the middle of a marker. */
const underMarker = onElement<UnderMarker | null>(`
  const at = element.getBoundingClientRect()
  const [x, y] = [at.left + at.width / 2, at.top + at.height / 2]
  for (const image of document.querySelectorAll('.map-tile')) {
    const { left, top, right, bottom, width, height } = image.getBoundingClientRect()
    if (image.naturalWidth !== 256 || x < left || y < top || x >= right || y >= bottom) continue
    return { src: image.src, across: (x - left) / width, down: (y - top) / height }
  }
  return null
`)

/** Longitude and latitude of a point of a tile, in the datum of the tiles (EPSG:3857). */
function placeOnTile({ src, across, down }: UnderMarker): [number, number] {
  const [, z = 0, x = 0, y = 0] = (/\/(\d+)\/(\d+)\/(\d+)\.png$/.exec(src) ?? []).map(Number)
  const north = Math.PI * (1 - (2 * (y + down)) / 2 ** z)
  return [((x + across) / 2 ** z) * 360 - 180, (Math.atan(Math.sinh(north)) * 180) / Math.PI]
}

test('pictures of a tile server under it, shifted as they are, and of no other host', async (t, {
  gateway,
  person,
}) => {
  const { page, faults } = await person('operator', DESK)
  await page.goto(`${gateway.baseUrl}/map`)
  const marker = page.locator('.map-camera', { hasText: '桥头停车场' })
  await marker.waitFor()
  await becomes(page, `[...document.querySelectorAll('.map-tile')].every(({ complete }) => complete)`)
  const under = await marker.evaluate(underMarker)
  if (under === null) throw new Error('no picture under the camera')
  const { lon, lat } = gateway.township.camera('cam-qiaotou').device.channels[0]?.position ?? { lon: 0, lat: 0 }
  const shown = placeOnTile(under)
  t.ok(distanceM(shown, toGcj02([lon, lat])) < 5, `stored ${lon} ${lat}, drawn at ${shown.join(' ')}`)
  t.ok(distanceM(shown, [lon, lat]) > 300, 'hundreds of metres from where an unshifted map has it')

  t.ok(tiles.requests.length >= 4, `${tiles.requests.length} pictures`)
  t.same(
    tiles.requests.filter(({ headers }) => headers.cookie !== undefined || headers.referer !== undefined),
    [],
    'the tile server learns nothing of who asks',
  )
  const refused = await page.evaluate<string>(`new Promise((resolve) => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => resolve(effectiveDirective + ' ' + blockedURI))
    new Image().src = '${elsewhere.origin}/1/0/0.png'
  })`)
  t.equal(refused, `img-src ${elsewhere.origin}/1/0/0.png`)
  t.same(elsewhere.requests, [], 'the policy allows that host and no other')
  t.match(faults.splice(0), [/Content Security Policy/], 'which the console of the browser says')

  await tiles.close()
  await page.getByRole('button', { name: '放大地图' }).click()
  await marker.waitFor()
  t.same(await seriousFaults(page), [], 'a tile server that is down leaves the map as it is without')
  t.same(faults, [])
})

test('the map by keyboard alone, in both languages', async (t, { gateway, person }) => {
  const { page, faults } = await person('operator', DESK)
  await page.goto(`${gateway.baseUrl}/map`)
  const camera = page.locator('.map-camera', { hasText: '卫生院大门' })
  await camera.waitFor()
  t.same(await seriousFaults(page), [], 'Chinese')
  const leftOf = async (): Promise<number> => (await camera.boundingBox())?.x ?? Number.NaN
  const ground = page.locator('.map-ground')
  await ground.focus()
  const before = await leftOf()
  await page.keyboard.press('ArrowLeft')
  t.ok(Math.abs((await leftOf()) - before - 80) < 1, 'moved by an arrow')
  await page.keyboard.press('Equal')
  await page.keyboard.press('Home')
  t.ok(Math.abs((await leftOf()) - before) < 1, 'all of it again')

  await page.getByRole('button', { name: 'English' }).click()
  t.same(await seriousFaults(page), [], 'English')
  await camera.focus()
  await page.keyboard.press('Enter')
  await page.locator('.tiles-1').waitFor()
  await tileIs(page, 1, 'live')
  t.equal(await page.locator('[data-tile="1"] .tile-name').textContent(), '卫生院大门', 'Enter shows it on the wall')
  t.same(faults, [])
})

/** Names that can be read on the map, and pairs of them that lie over each other. */
const NAMES = `(() => {
  const seen = [...document.querySelectorAll('.map-name, .map-cells text')].filter((name) => name.checkVisibility())
  const boxes = seen.map((name) => ({ words: name.textContent, box: name.getBoundingClientRect() }))
  const over = boxes.flatMap((one, at) => boxes.slice(at + 1)
    .filter(({ box }) => one.box.left < box.right && box.left < one.box.right && one.box.top < box.bottom && box.top < one.box.bottom)
    .map(({ words }) => one.words + ' and ' + words))
  return { words: boxes.map(({ words }) => words), over }
})()`

test('on a phone no name lies over another, and every camera tells its own', async (t, { person, visit }) => {
  for (const [width, height] of [
    [390, 844],
    [360, 640],
  ] as const) {
    const { page, faults } = await person('operator', { ...PHONE, viewport: { width, height } })
    await visit(page, '/map')
    await page.locator('.map-camera').first().waitFor()
    const names = () => page.evaluate<{ words: string[]; over: string[] }>(NAMES)
    const all = await names()
    for (const cell of ['东街口网格', '粮站网格', '茶厂网格']) t.ok(all.words.includes(cell), `${width}: ${cell}`)
    t.same(all.over, [], `${width}: all of the township`)
    for (const button of ['放大地图', '放大地图', '缩小地图', '缩小地图', '缩小地图', '缩小地图']) {
      await page.getByRole('button', { name: button }).tap()
      t.same((await names()).over, [], `${width}: ${button}`)
    }
    await page.getByRole('button', { name: '全图' }).tap()
    const folded = page.locator('.map-camera:has(.map-name-folded)').first()
    const name = folded.locator('.map-name')
    t.equal(await name.isVisible(), false, 'a name without room')
    await tabTo(folded)
    t.equal(await name.isVisible(), true, 'is there with the focus')
    t.same(faults, [])
  }
})
