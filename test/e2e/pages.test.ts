import { PAGES } from '../../web-console/src/pages.ts'
import { DESK, FINGER_TARGET_PX, MOUSE_TARGET_PX, PHONE, pageFaults, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { setLanguage } from './journeys.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.77.0', { GRIDLIGHT_TRANSPARENCY_PAGE: 'true' }))

const visited = new Set<string>()

test('pages of those who run and check it: both languages, desk and phone, one line of header', async (t, {
  person,
  visit,
}) => {
  const visits = [
    { username: 'admin', pages: ['/health', '/users', '/sources', '/channels', '/settings', '/install', '/links'] },
    { username: 'auditor', pages: ['/audit', '/links'] },
    { username: 'patrol-dongjie', pages: ['/patrol', '/alarms'] },
    { username: 'operator', pages: ['/handover', '/health', '/figures'] },
  ]
  for (const { username, pages } of visits) {
    for (const options of [DESK, PHONE]) {
      const { page, faults } = await person(username, options)
      // English words are the longer ones, and a phone has the least room for them.
      for (const language of options === PHONE ? (['zh-CN', 'en'] as const) : (['zh-CN'] as const)) {
        await setLanguage(page, language)
        for (const path of pages) {
          visited.add(path)
          await visit(page, path)
          const place = `${path} ${language} at ${options.viewport?.width}`
          t.same(await pageFaults(page, options === PHONE ? FINGER_TARGET_PX : MOUSE_TARGET_PX), [], place)
          const header = await page.evaluate<number>('document.querySelector("header").offsetHeight')
          t.ok(header <= 60, `${place}: header of ${header} px`)
        }
      }
      t.same(faults, [])
      await page.context().close()
    }
  }
})

test('every page can be used by everybody, in both languages, without scrolling sideways', async (t, {
  gateway,
  somebody,
  visit,
}) => {
  const visits = [
    {
      ...{ username: 'operator', options: DESK, targetPx: MOUSE_TARGET_PX },
      pages: ['/wall', '/map', '/alarms', '/links', '/transparency'],
    },
    { username: 'installer', options: PHONE, targetPx: FINGER_TARGET_PX, pages: ['/install', '/links'] },
  ]
  for (const { username, pages, options, targetPx } of visits) {
    const { page, faults, signIn } = await somebody(options)
    await page.goto(gateway.baseUrl)
    await page.locator('form').waitFor()
    t.same(await seriousFaults(page), [], 'sign-in')
    await signIn(username)
    for (const path of pages) {
      for (const language of ['zh', 'en']) {
        visited.add(path)
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
  const elsewhere = ['/gallery', '/owner'] // gallery.test.ts, journeys.test.ts
  t.same(
    Object.keys(PAGES).filter((path) => !visited.has(path) && !elsewhere.includes(path)),
    [],
  )
})
