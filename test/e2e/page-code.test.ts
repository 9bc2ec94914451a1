import type { Page } from 'playwright-core'
import { DESK } from './browser.ts'
import { startGateway } from './gateway.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.96.0'))

/** The code of the map, which is fetched when somebody opens it. */
const CODE = '**/assets/map-page*.js'

const openMap = (page: Page): Promise<void> => page.getByRole('link', { name: '网格地图', exact: true }).click()

test('a page whose code does not come without a network opens by itself', async (t, { person }) => {
  const { page } = await person('operator', DESK)
  await page.locator('.tree-camera').first().waitFor()
  await page.context().setOffline(true)
  await openMap(page)
  await page.getByText('网关恢复后自动打开').waitFor()
  await page.getByRole('link', { name: '值守墙', exact: true }).click()
  await page.locator('.tree-camera').first().waitFor()
  t.pass('the wall is still there')
  await openMap(page)
  await page.getByText('网关恢复后自动打开').waitFor()
  await page.context().setOffline(false)
  await page.locator('main .map').waitFor()
  t.match(page.url(), /\/map$/)
})

test('a page that the gateway has no longer is opened anew once, and then says why', async (t, { person }) => {
  const { page } = await person('operator', DESK)
  await page.locator('.tree-camera').first().waitFor()
  let openings = 0
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) openings += 1
  })
  let isUpdated = true
  await page.route(CODE, (route) => (isUpdated ? route.fulfill({ status: 404 }) : route.continue()))
  await openMap(page)
  openings = 0
  await page.getByText('可能刚刚升级').waitFor()
  await page.waitForRequest('**/healthz') // asked again, and not opened again
  await page.getByText('可能刚刚升级').waitFor()
  t.ok(openings <= 1, `opened anew ${openings} times`)
  isUpdated = false
  await page.getByRole('button', { name: '重新加载' }).click()
  await page.locator('main .map').waitFor()
  t.pass('and reloading it is left to the person')
})
