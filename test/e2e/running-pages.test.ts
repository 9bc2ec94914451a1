import { DESK, FINGER_TARGET_PX, MOUSE_TARGET_PX, PHONE, pageFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { setLanguage } from './journeys.ts'
import { RUNNING_VISITS } from './page-visits.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.98.0'))

test('pages of those who run and check it: both languages, desk and phone, one line of header', async (t, {
  person,
  visit,
}) => {
  for (const { username, pages } of RUNNING_VISITS) {
    for (const options of [DESK, PHONE]) {
      const { page, faults } = await person(username, options)
      // English words are the longer ones, and a phone has the least room for them.
      for (const language of options === PHONE ? (['zh-CN', 'en'] as const) : (['zh-CN'] as const)) {
        await setLanguage(page, language)
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
})
