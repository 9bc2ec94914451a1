import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t from 'tap'
import { DESK, lacksBrowser, launch, openPage, PHONE, seriousFaults } from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs, textOf } from './journeys.ts'

const skip = lacksBrowser
/** console.md §3: an alarm is on the screen after half a second, on the patrol's page after one. */
const ALARM_SHOWN_MS = 500
const PHONE_SHOWN_MS = 1_000
const LEAD = 'patrol-dongjie'

let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  ;[gateway, browser] = await Promise.all([startGateway(), launch()])
})
t.teardown(async () => {
  await browser?.close()
  await gateway?.close()
})

async function person(username: string, options: BrowserContextOptions): Promise<{ page: Page; faults: string[] }> {
  const opened = await openPage(browser, options)
  await signInAs(opened.page, gateway.baseUrl, username, gateway.password)
  return opened
}

/** @returns ms from the start of `cause` until the words stood in the place */
async function shownAfter(page: Page, selector: string, text: string, cause: () => Promise<unknown>): Promise<number> {
  const shown = page.locator(selector, { hasText: text }).waitFor({ timeout: 10_000 })
  const startedAt = performance.now()
  await cause()
  await shown
  return performance.now() - startedAt
}

t.test('from the panel to the patrol lead and back, through the six steps', { skip }, async (t) => {
  const centre = await person('operator', DESK)
  const lead = await person(LEAD, PHONE)
  await lead.page.getByRole('button', { name: '上班' }).tap()
  await lead.page.locator('.duty-on').waitFor()

  const cases = centre.page.locator('.cases')
  await cases.getByRole('button', { name: '开始值班' }).click()
  const soundsBefore = Number(await cases.getAttribute('data-sounds'))
  const text = '收银台求助'
  const shownMs = await shownAfter(centre.page, '.case-row', text, () =>
    gateway.panel.raise({ type: 'panic-button', priority: 1, text }),
  )
  t.ok(shownMs <= ALARM_SHOWN_MS, `case on the wall after ${shownMs.toFixed(0)} ms`)
  await centre.page.locator(`.cases:not([data-sounds="${soundsBefore}"])`).waitFor({ timeout: 3_000 })
  t.pass('and it is heard')

  await centre.page.keyboard.press('KeyN')
  await centre.page.locator('.drawer', { hasText: text }).waitFor()
  await centre.page.keyboard.press('KeyA')
  await centre.page.locator('.drawer[data-step="opened"]').waitFor()
  const onPhoneMs = await shownAfter(lead.page, '.patrol-card', text, () => centre.page.keyboard.press('KeyD'))
  t.ok(onPhoneMs <= PHONE_SHOWN_MS, `on the phone after ${onPhoneMs.toFixed(0)} ms`)
  await lead.page.locator('.patrol-page:not([data-sounds="0"]):not([data-sounds="1"])').waitFor({ timeout: 3_000 })
  await centre.page.locator('.notification-delivered').waitFor({ timeout: 5_000 })
  t.match(await textOf(centre.page.locator('.drawer .countdown')), /升级/)

  // Five taps and no typing.
  for (const [button, phase] of [
    ['签收', 'accepted'],
    ['前往', 'en-route'],
    ['到达', 'on-site'],
    ['已处理', 'reported'],
    ['申请结案', 'close-requested'],
  ] as const) {
    await lead.page.getByRole('button', { name: button, exact: true }).tap()
    await lead.page.locator(`.patrol-card[data-phase="${phase}"]`).waitFor()
  }
  t.same(await seriousFaults(lead.page), [], 'patrol page')
  t.same(await seriousFaults(centre.page), [], 'wall with a case')

  await centre.page.locator('.drawer').getByRole('button', { name: '核查结案' }).click()
  await centre.page.locator('.drawer[data-step="closed"]').waitFor()
  await centre.page.locator('.drawer').getByRole('button', { name: '评价 5 分' }).click()
  await centre.page.locator('.drawer[data-step="evaluated"]').waitFor()
  const times = await centre.page.evaluate<string[]>(
    `[...document.querySelectorAll('.drawer .timeline time')].map((time) => time.dateTime)`,
  )
  // Ten acts and the receipt of the duty page; a clip that is kept adds its own.
  t.ok(times.length >= 11, `${times.length} lines`)
  t.same(times, times.toSorted().reverse(), 'every step has its time, in order')
  await lead.page.getByText('当前没有派给您的案卷').waitFor()
  t.same([...centre.faults, ...lead.faults], [])
  await Promise.all([centre.page.context().close(), lead.page.context().close()])
})

t.test('answers given without a network arrive once; of two operators who race one owns', { skip }, async (t) => {
  const [first, second] = [await person('operator', DESK), await person('operator', DESK)]
  const lead = await person(LEAD, PHONE)
  const text = '后门求助'
  await Promise.all([
    first.page.locator('.case-row', { hasText: text }).waitFor(),
    second.page.locator('.case-row', { hasText: text }).waitFor(),
    gateway.panel.raise({ type: 'panic-button', priority: 1, text }),
  ])
  await second.page.reload()
  for (const { page } of [first, second]) await page.locator('.case-row', { hasText: text }).click()
  await Promise.all([first.page.keyboard.press('KeyA'), second.page.keyboard.press('KeyA')])
  for (const { page } of [first, second]) await page.locator('.drawer[data-step="opened"]').waitFor()
  const timeline = first.page.locator('.drawer .timeline')
  t.equal(await timeline.getByText('签收').count(), 1, 'acknowledged once')

  await first.page.keyboard.press('KeyD')
  const card = lead.page.locator('.patrol-card', { hasText: text })
  await card.waitFor()
  await lead.page.context().setOffline(true)
  for (const button of ['签收', '前往', '到达', '已处理']) await card.getByRole('button', { name: button }).tap()
  await lead.page.getByText('4 条已保存').waitFor()
  t.equal(await timeline.getByText('接受').count(), 0)
  await lead.page.context().setOffline(false)
  await first.page.locator('.drawer', { hasText: '已处理' }).waitFor({ timeout: 20_000 })
  const words = await textOf(timeline)
  for (const word of ['接受', '前往', '到达', '已处理']) {
    t.equal(words.split(word).length - 1, 1, `${word} once`)
  }
  for (const { page } of [first, second, lead]) await page.context().close()
})
