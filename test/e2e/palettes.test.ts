import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { DESK, faultsInForcedColours, lacksBrowser, launch, openPage } from './browser.ts'
import { borderShare, looksOf } from './colours.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs } from './journeys.ts'

const skip = lacksBrowser
let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  ;[gateway, browser] = await Promise.all([startGateway('127.0.90.0'), launch()])
})
t.teardown(async () => {
  await browser?.close()
  await gateway?.close()
})

const visit = async (page: Page, path: string): Promise<void> => {
  await page.goto(`${gateway.baseUrl}${path}`)
  await page.locator('h1').waitFor({ state: 'attached' })
}

t.test('every page in a palette of a person’s own', { skip }, async (t) => {
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '店内求助' })
  const visits = [
    { username: 'admin', pages: ['/users', '/sources', '/channels', '/settings', '/install', '/links', '/audit'] },
    { username: 'operator', pages: ['/wall', '/map', '/alarms', '/handover', '/health', '/figures'] },
    { username: 'patrol-dongjie', pages: ['/patrol'] },
  ]
  for (const { username, pages } of visits) {
    const { page, faults } = await openPage(browser, DESK)
    const password = username === 'admin' ? gateway.adminPassword : gateway.password
    await signInAs(page, gateway.baseUrl, username, password)
    for (const path of pages) {
      await visit(page, path)
      if (path === '/map') await page.locator('.map-alarm').waitFor()
      t.same(await faultsInForcedColours(page, 'light'), [], path)
    }
    t.same(faults, [])
    await page.context().close()
  }
})

t.test('what is chosen is told from what is not in a palette of a person’s own', { skip }, async (t) => {
  const { page } = await openPage(browser, DESK)
  await signInAs(page, gateway.baseUrl, 'admin', gateway.adminPassword)
  const chosen: [path: string, one: string, others: string][] = [
    ['/wall', '.tile-selected', '.tile:not(.tile-selected)'],
    ['/install', '.install-steps [aria-current]', '.install-steps li:not([aria-current])'],
  ]
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' })
  for (const [path, one, others] of chosen) {
    await visit(page, path)
    const places = [page.locator(one).first(), page.locator(others).first()]
    await Promise.all(places.map((place) => place.waitFor()))
    const looks = await looksOf(page.locator('body'), places)
    const [borderOfOne = 0, borderOfOther = 1] = looks.map((look) => borderShare(look, 6))
    const words = `${one}: ${borderOfOne.toFixed(2)} and ${borderOfOther.toFixed(2)} of the border`
    t.ok(borderOfOne > 1.5 * borderOfOther && borderOfOne > 0.05, words)
  }
  await page.context().close()
})
