import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import {
  DESK,
  FINGER_TARGET_PX,
  lacksBrowser,
  launch,
  MOUSE_TARGET_PX,
  openPage,
  PHONE,
  pageFaults,
} from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs } from './journeys.ts'

const skip = lacksBrowser
let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  ;[gateway, browser] = await Promise.all([startGateway('127.0.89.0'), launch()])
})
t.teardown(async () => {
  await browser?.close()
  await gateway?.close()
})

const visit = async (page: Page, path: string): Promise<void> => {
  await page.goto(`${gateway.baseUrl}${path}`)
  await page.locator('h1').waitFor({ state: 'attached' })
}

t.test('wall, map and handover with what opens over them, at a desk', { skip }, async (t) => {
  const text = '店内求助'
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text })
  const { page, faults } = await openPage(browser, DESK)
  const check = async (what: string): Promise<void> => {
    t.same(await pageFaults(page, MOUSE_TARGET_PX), [], what)
  }
  const dialog = page.getByRole('dialog')
  const closes = async (): Promise<void> => {
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await signInAs(page, gateway.baseUrl, 'operator', gateway.password)
  for (const language of ['zh-CN', 'en'] as const) {
    await page.evaluate(`localStorage['gridlight.language'] = '${language}'`)
    await visit(page, '/wall')
    await page.locator('.stage-bar button', { hasText: language === 'en' ? 'Layouts' : '布局与轮巡' }).click()
    await dialog.waitFor()
    await check(`${language} layouts and rounds`)
    await closes()
    await page.locator('.wall-keys').click()
    await dialog.waitFor()
    await check(`${language} keys`)
    await closes()
    await page.locator('.case-row', { hasText: text }).click()
    await page.locator('.drawer').waitFor()
    await check(`${language} case`)
    if (language === 'zh-CN') {
      await page.keyboard.press('KeyA')
      await page.locator('.drawer[data-step="opened"]').waitFor()
    }
    await page.keyboard.press('KeyS')
    await dialog.waitFor()
    await check(`${language} shelve`)
    await closes()
    await visit(page, '/map')
    await page.locator('.map-alarm').waitFor()
    await check(`${language} map`)
    await visit(page, '/handover')
    await page.locator('.matters', { hasText: text }).waitFor()
    await check(`${language} handover`)
  }
  t.same(faults, [])
  await page.context().close()
})

t.test('layouts and rounds on a phone', { skip }, async (t) => {
  const { page, faults } = await openPage(browser, PHONE)
  await signInAs(page, gateway.baseUrl, 'operator', gateway.password)
  await page.locator('.stage-bar button', { hasText: '布局与轮巡' }).tap()
  await page.getByRole('dialog').waitFor()
  t.same(await pageFaults(page, FINGER_TARGET_PX), [])
  t.same(faults, [])
  await page.context().close()
})
