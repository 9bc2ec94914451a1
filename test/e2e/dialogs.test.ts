import { DESK, FINGER_TARGET_PX, MOUSE_TARGET_PX, PHONE, pageFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { setLanguage } from './journeys.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.89.0'))

test('wall, map and handover with what opens over them, at a desk', async (t, { gateway, somebody, visit }) => {
  const text = '店内求助'
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text })
  const { page, faults, signIn } = await somebody(DESK)
  const check = async (what: string): Promise<void> => {
    t.same(await pageFaults(page, MOUSE_TARGET_PX), [], what)
  }
  const dialog = page.getByRole('dialog')
  const closes = async (): Promise<void> => {
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await signIn('operator')
  for (const language of ['zh-CN', 'en'] as const) {
    await setLanguage(page, language)
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
})

test('layouts and rounds on a phone', async (t, { person }) => {
  const { page, faults } = await person('operator', PHONE)
  await page.locator('.stage-bar button', { hasText: '布局与轮巡' }).tap()
  await page.getByRole('dialog').waitFor()
  t.same(await pageFaults(page, FINGER_TARGET_PX), [])
  t.same(faults, [])
})
