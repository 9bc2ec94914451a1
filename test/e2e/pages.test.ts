import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { PAGES } from '../../web-console/src/pages.ts'
import {
  DESK,
  FINGER_TARGET_PX,
  lacksBrowser,
  launch,
  MOUSE_TARGET_PX,
  openPage,
  PHONE,
  pageFaults,
  seriousFaults,
} from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs } from './journeys.ts'

const skip = lacksBrowser
let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  const started = startGateway('127.0.77.0', { GRIDLIGHT_TRANSPARENCY_PAGE: 'true' })
  ;[gateway, browser] = await Promise.all([started, launch()])
})
t.teardown(async () => {
  await browser?.close()
  await gateway?.close()
})

const visited = new Set<string>()
const visit = async (page: Page, path: string): Promise<void> => {
  visited.add(path)
  await page.goto(`${gateway.baseUrl}${path}`)
  await page.locator('h1').waitFor({ state: 'attached' })
}

t.test(
  'pages of those who run and check it: both languages, desk and phone, one line of header',
  { skip },
  async (t) => {
    const visits = [
      { username: 'admin', pages: ['/health', '/users', '/sources', '/channels', '/settings', '/install', '/links'] },
      { username: 'auditor', pages: ['/audit', '/links'] },
      { username: 'patrol-dongjie', pages: ['/patrol', '/alarms'] },
      { username: 'operator', pages: ['/handover', '/health', '/figures'] },
    ]
    for (const { username, pages } of visits) {
      for (const options of [DESK, PHONE]) {
        const { page, faults } = await openPage(browser, options)
        const password = username === 'admin' ? gateway.adminPassword : gateway.password
        await signInAs(page, gateway.baseUrl, username, password)
        // English words are the longer ones, and a phone has the least room for them.
        for (const language of options === PHONE ? ['zh-CN', 'en'] : ['zh-CN']) {
          await page.evaluate(`localStorage['gridlight.language'] = '${language}'`)
          for (const path of pages) {
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
  },
)

t.test('every page can be used by everybody, in both languages, without scrolling sideways', { skip }, async (t) => {
  const visits = [
    {
      ...{ username: 'operator', options: DESK, targetPx: MOUSE_TARGET_PX },
      pages: ['/wall', '/map', '/alarms', '/links', '/transparency'],
    },
    { username: 'installer', options: PHONE, targetPx: FINGER_TARGET_PX, pages: ['/install', '/links'] },
  ]
  for (const { username, pages, options, targetPx } of visits) {
    const { page, faults } = await openPage(browser, options)
    await page.goto(gateway.baseUrl)
    await page.locator('form').waitFor()
    t.same(await seriousFaults(page), [], 'sign-in')
    await signInAs(page, gateway.baseUrl, username, gateway.password)
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

t.test('no page is left out', { skip }, async (t) => {
  const elsewhere = ['/gallery', '/owner'] // gallery.test.ts, journeys.test.ts
  t.same(
    Object.keys(PAGES).filter((path) => !visited.has(path) && !elsewhere.includes(path)),
    [],
  )
})
