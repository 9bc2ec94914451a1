import { PAGES } from '../../web-console/src/pages.ts'
import { DESK, FINGER_TARGET_PX, MOUSE_TARGET_PX, PHONE, pageFaults, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { DESK_VISITS, PHONE_VISITS, RUNNING_VISITS } from './page-visits.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.77.0', { GRIDLIGHT_TRANSPARENCY_PAGE: 'true' }))

test('every page can be used by everybody, in both languages, without scrolling sideways', async (t, {
  gateway,
  somebody,
  visit,
}) => {
  const visits = [
    { ...DESK_VISITS, options: DESK, targetPx: MOUSE_TARGET_PX },
    { ...PHONE_VISITS, options: PHONE, targetPx: FINGER_TARGET_PX },
  ]
  for (const { username, pages, options, targetPx } of visits) {
    const { page, faults, signIn } = await somebody(options)
    await page.goto(gateway.baseUrl)
    await page.locator('form').waitFor()
    t.same(await seriousFaults(page), [], 'sign-in')
    await signIn(username)
    for (const path of pages) {
      for (const language of ['zh', 'en']) {
        await visit(page, path)
        t.same(await pageFaults(page, targetPx), [], `${path} ${language}`)
        await page.getByRole('button', { name: language === 'zh' ? 'English' : '中文' }).click()
        await page.locator(language === 'zh' ? 'html[lang=en]' : 'html[lang=zh-CN]').waitFor()
      }
    }
    t.same(faults, [])
    await page.context().close()
  }
})

test('no page is left out', async (t) => {
  const visited = [...RUNNING_VISITS, DESK_VISITS, PHONE_VISITS].flatMap(({ pages }) => pages)
  const elsewhere = ['/gallery', '/owner'] // gallery.test.ts, journeys.test.ts
  t.same(
    Object.keys(PAGES).filter((path) => !visited.includes(path) && !elsewhere.includes(path)),
    [],
  )
})
