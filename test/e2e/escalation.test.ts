import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t from 'tap'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import { startMessenger } from '../fakes/messenger.ts'
import { DESK, lacksBrowser, launch, openPage, PHONE } from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs, textOf } from './journeys.ts'

const skip = lacksBrowser
/** The duty page is silent for so long before the next channel is asked, and a dispatch before the next person is. */
const RECEIPT_MS = 15_000
const ANSWER_MS = 60_000

/** Time goes on by itself, and by as much as the test has set it forward. */
let forwardMs = 0
const clock: Clock = { ...systemClock, now: () => systemClock.now() + forwardMs }

let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  ;[gateway, browser] = await Promise.all([startGateway('127.0.87.0', {}, clock), launch()])
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

async function onDuty(username: string): Promise<{ page: Page; faults: string[] }> {
  const opened = await person(username, PHONE)
  await opened.page.getByRole('button', { name: '上班' }).tap()
  await opened.page.locator('.duty-on').waitFor()
  return opened
}

t.test(
  'nobody answers: the next channel, then the deputy, then the centre, all seen on the case',
  { skip },
  async (t) => {
    const messenger = await startMessenger(t, clock.now)
    await gateway.ask('POST', '/api/v1/channels', {
      ...{ name: '值班群', kind: 'wecom', networks: ['127.0.0.0/8'] },
      url: `${messenger.url}/cgi-bin/webhook/send?key=wecom-key`,
    })
    // The lead is on duty, and then the phone is in a bag without a network.
    const lead = await onDuty('patrol-dongjie')
    await lead.page.context().close()
    const deputy = await onDuty('deputy-dongjie')
    const centre = await person('operator', DESK)
    const text = '后门有人求助'
    await Promise.all([
      centre.page.locator('.case-row', { hasText: text }).waitFor(),
      gateway.panel.raise({ type: 'panic-button', priority: 1, text }),
    ])
    await centre.page.locator('.case-row', { hasText: text }).click()
    const drawer = centre.page.locator('.drawer', { hasText: text })
    await drawer.waitFor()
    await centre.page.keyboard.press('KeyA')
    await centre.page.locator('.drawer[data-step="opened"]').waitFor()
    await centre.page.keyboard.press('KeyD')
    await drawer.locator('.notification-sent', { hasText: '王建国' }).waitFor()
    const card = deputy.page.locator('.patrol-card', { hasText: text })
    t.equal(await card.count(), 0, 'the deputy is not asked yet')
    t.equal(messenger.taken.length, 0, 'nor is a channel')

    forwardMs += RECEIPT_MS
    await drawer.locator('.notification-undelivered', { hasText: '王建国' }).waitFor()
    await drawer.locator('.notification-accepted', { hasText: '王建国 · 值班群' }).waitFor()
    t.equal(messenger.taken.length, 1)
    t.match(JSON.stringify(messenger.taken[0]?.body), new RegExp(text))
    t.match(await textOf(drawer.locator('.timeline')), /服务商已接收.*王建国 · 值班群.*通知未送达.*王建国/)

    forwardMs += ANSWER_MS - RECEIPT_MS
    await card.waitFor()
    await drawer.getByText(/^李秀兰 · /).waitFor()
    await drawer.locator('.notification-delivered', { hasText: '李秀兰' }).waitFor()
    const escalations = drawer.locator('.timeline strong', { hasText: '升级' })
    t.equal(await escalations.count(), 1)

    // It is on the deputy's page, and the deputy does not answer.
    forwardMs += ANSWER_MS
    await centre.page.locator('.drawer[data-step="opened"]').waitFor()
    await deputy.page.getByText('当前没有派给您的案卷').waitFor()
    await escalations.nth(1).waitFor()
    t.equal(await drawer.locator('.countdown').count(), 0, 'nobody has it: the centre sends somebody else')
    t.ok(await drawer.getByRole('button', { name: '派遣' }).isVisible())
    t.equal(
      await drawer.locator('.notification-undelivered', { hasText: '王建国' }).count(),
      1,
      'and whom it missed stays',
    )
    t.strictSame([...centre.faults, ...deputy.faults], [])
    await Promise.all([centre.page.context().close(), deputy.page.context().close()])
  },
)
