import type { Browser } from 'playwright-core'
import t from 'tap'
import { DESK, lacksBrowser, launch, openPage, seriousFaults, WALL } from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs, tileIs } from './journeys.ts'

const skip = lacksBrowser
let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  ;[gateway, browser] = await Promise.all([startGateway(), launch()])
})
t.teardown(async () => {
  await browser?.close()
  await gateway?.close()
})

/** Near 东街口, as the township's plan has it, the nearest first. */
const NEAREST = ['东街口', '中心小学南围墙', '中心小学校门口', '中心小学操场']

t.test('from an alarm on the map to its four nearest cameras, and back', { skip }, async (t) => {
  const { page, faults } = await openPage(browser, WALL)
  const hosts = new Set<string>()
  page.on('request', (request) => hosts.add(new URL(request.url()).host))
  await page.addInitScript(`localStorage['gridlight.wall'] ??= '{"layout":9,"tiles":[]}'`)
  await signInAs(page, gateway.baseUrl, 'operator', gateway.password)
  await page.getByRole('button', { name: '地图', exact: true }).click()
  await page.locator('.map-camera').first().waitFor()
  t.equal(await page.locator('.map-camera').count(), gateway.publicCameras.length)
  t.ok((await page.locator('.map-cells path').count()) >= 3, 'cells')

  const marker = page.locator('.map-camera', { hasText: '桥头停车场' })
  await marker.dragTo(page.locator('[data-tile="5"]'))
  await tileIs(page, 5, 'live')
  t.equal(await page.locator('[data-tile="5"] .tile-name').textContent(), '桥头停车场', 'dragged from the map')

  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '前门求助' })
  await page.locator('.map-alarm').click()
  await page.locator('.tiles-4').waitFor()
  t.same(await page.locator('.tile-name').allTextContents(), NEAREST)
  for (const tile of [1, 2, 3, 4]) await tileIs(page, tile, 'live')
  await page.locator('[data-tile="1"]').focus()
  await page.keyboard.press('Escape')
  await page.locator('.tiles-9').waitFor()
  await tileIs(page, 5, 'live')
  t.same([...hosts], [new URL(gateway.baseUrl).host], 'no other host is asked')
  t.same(faults, [])
  await page.context().close()
})

t.test('the map by keyboard alone, in both languages', { skip }, async (t) => {
  const { page, faults } = await openPage(browser, DESK)
  await signInAs(page, gateway.baseUrl, 'operator', gateway.password)
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
  await page.context().close()
})
