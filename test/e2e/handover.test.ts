import t from 'tap'
import { DESK, lacksBrowser, launch, openPage, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { signInAs, textOf } from './journeys.ts'
import { tabTo, typeInto } from './keyboard.ts'

const skip = lacksBrowser
const PASSWORD = 'the next shift comes'

t.test('a shift is handed over by keyboard alone, and the desk belongs to the one who came', { skip }, async (t) => {
  const [gateway, browser] = await Promise.all([startGateway('127.0.73.0'), launch()])
  t.teardown(async () => {
    await browser.close()
    await gateway.close()
  })
  const { page: admin } = await openPage(browser, DESK)
  await signInAs(admin, gateway.baseUrl, 'admin', gateway.adminPassword)
  const csrf = (await (await admin.request.get(`${gateway.baseUrl}/api/v1/session`)).json()).csrfToken
  const made = await admin.request.post(`${gateway.baseUrl}/api/v1/users`, {
    headers: { 'x-csrf-token': csrf },
    data: { username: 'next-shift', password: PASSWORD, displayName: '接班人 周宁', roles: ['operator'] },
  })
  t.equal(made.status(), 201)

  const { page, faults } = await openPage(browser, DESK)
  await signInAs(page, gateway.baseUrl, 'operator', gateway.password)
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '交班前的求助' })
  await page.locator('.case-row', { hasText: '交班前的求助' }).waitFor()
  await page.goto(`${gateway.baseUrl}/handover`)
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
