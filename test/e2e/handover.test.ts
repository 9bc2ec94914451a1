import { DESK, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { textOf } from './journeys.ts'
import { tabTo, typeInto } from './keyboard.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.73.0'))

const PASSWORD = 'the next shift comes'

test('a shift is handed over by keyboard alone, and the desk belongs to the one who came', async (t, {
  gateway,
  person,
  visit,
}) => {
  const nextShift = { username: 'next-shift', password: PASSWORD, displayName: '接班人 周宁', roles: ['operator'] }
  await gateway.ask('POST', '/api/v1/users', nextShift)

  const { page, faults } = await person('operator', DESK)
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '交班前的求助' })
  await page.locator('.case-row', { hasText: '交班前的求助' }).waitFor()
  await visit(page, '/handover')
  await page.locator('.matters', { hasText: /交班前的求助.* · 自 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/ }).waitFor()
  t.same(await seriousFaults(page), [])

  await tabTo(page.locator('textarea'))
  await page.keyboard.type('东街口夜间有雾')
  await page.keyboard.press('Tab')
  await page.keyboard.type('next-shift')
  await page.keyboard.press('Tab')
  await page.keyboard.type('not the password')
  await page.keyboard.press('Enter')
  await page.getByText('用户名或密码不正确').waitFor()
  await typeInto(page.getByLabel('密码'), PASSWORD)
  await page.keyboard.press('Enter')

  const record = page.locator('.record-new')
  await record.waitFor()
  const words = await textOf(record)
  for (const word of ['交班前的求助', '东街口夜间有雾', '接班人签名：接班人 周宁', '交班人签名：值班员']) {
    t.match(words, word)
  }
  await page.locator('header .user', { hasText: '接班人 周宁' }).waitFor()
  await page.reload()
  t.match(await textOf(page.locator('header .user')), '接班人 周宁')
  await page.locator('.record').getByText('交班给 接班人 周宁').waitFor()
  t.same(faults, [])
})
