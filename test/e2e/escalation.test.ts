import { type Clock, systemClock } from '../../gateway/clock.ts'
import { startMessenger } from '../fakes/messenger.ts'
import { DESK, PHONE } from './browser.ts'
import { startGateway } from './gateway.ts'
import { textOf } from './journeys.ts'
import { browserTests, type Scene, type Visitor } from './scene.ts'

/** The duty page is silent for so long before the next channel is asked, and a dispatch before the next person is. */
const RECEIPT_MS = 15_000
const ANSWER_MS = 60_000

/** Time goes on by itself, and by as much as the test has set it forward. */
let forwardMs = 0
const clock: Clock = { ...systemClock, now: () => systemClock.now() + forwardMs }

const test = browserTests(() => startGateway('127.0.87.0', {}, clock))

async function onDuty({ person }: Scene, username: string): Promise<Visitor> {
  const visitor = await person(username, PHONE)
  await visitor.page.getByRole('button', { name: '上班' }).tap()
  await visitor.page.locator('.duty-on').waitFor()
  return visitor
}

test('nobody answers: the next channel, then the deputy, then the centre, all seen on the case', async (t, scene) => {
  const { gateway, person } = scene
  const messenger = await startMessenger(t, clock.now)
  await gateway.ask('POST', '/api/v1/channels', {
    ...{ name: '值班群', kind: 'wecom', networks: ['127.0.0.0/8'] },
    url: `${messenger.url}/cgi-bin/webhook/send?key=wecom-key`,
  })
  // The lead is on duty, and then the phone is in a bag without a network.
  const lead = await onDuty(scene, 'patrol-dongjie')
  await lead.page.context().close()
  const deputy = await onDuty(scene, 'deputy-dongjie')
  const centre = await person('operator', DESK)
  await centre.page.getByRole('button', { name: '开始值班' }).click()
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
  const sounds = Number(await centre.page.locator('.cases').getAttribute('data-sounds'))
  forwardMs += ANSWER_MS
  await centre.page.locator('.drawer[data-step="opened"]').waitFor()
  await deputy.page.getByText('当前没有派给您的案卷').waitFor()
  await escalations.nth(1).waitFor()
  t.equal(await drawer.locator('.countdown').count(), 0, 'nobody has it: the centre sends somebody else')
  t.ok(await drawer.getByRole('button', { name: '派遣' }).isVisible())
  await drawer.getByText('无人前往').waitFor()
  await centre.page.locator(`.cases:not([data-sounds="${sounds}"])`).waitFor({ timeout: 4_000 })
  t.pass('and the centre hears of it')
  t.equal(
    await drawer.locator('.notification-undelivered', { hasText: '王建国' }).count(),
    1,
    'and whom it missed stays',
  )
  t.strictSame([...centre.faults, ...deputy.faults], [])
})
