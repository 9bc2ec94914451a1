import { WALL } from './browser.ts'
import { cameraTile, startGateway } from './gateway.ts'
import { arrangeWall, tileIs } from './journeys.ts'
import { pressOn, typeInto } from './keyboard.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.95.0'))

/** Presses a key in the moment in which the first camera stands in the list, before the browser has painted it. */
const PRESS_AT_ONCE = `new MutationObserver((_, observer) => {
  if (document.querySelector('.tree-camera') === null) return
  observer.disconnect()
  document.body.dispatchEvent(new KeyboardEvent('keydown', { code: 'Digit3', bubbles: true }))
}).observe(document, { childList: true, subtree: true })`

test('a key that is pressed as the wall appears is the wall’s', async (t, { somebody }) => {
  const { page, faults, signIn } = await somebody(WALL)
  await arrangeWall(page, 4)
  await page.addInitScript(PRESS_AT_ONCE)
  await signIn('operator')
  await page.locator('[aria-current=true][data-tile="3"]').waitFor({ timeout: 5_000 })
  t.same(faults, [])
})

test('what a person keeps: lists that come late, and lists that did not come', async (t, { gateway, somebody }) => {
  const { page, faults, signIn } = await somebody(WALL)
  await arrangeWall(page, 4, [cameraTile(gateway, 'dongjiekou'), cameraTile(gateway, 'qiaotou')])
  const [late, added] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await page.route(
    '**/wall/rounds',
    async (route) => {
      const answer = await route.fetch()
      late.resolve()
      await added.promise
      await route.fulfill({ response: answer })
    },
    { times: 1 },
  )
  await signIn('operator')
  await late.promise
  await pressOn(page.getByRole('button', { name: '布局与轮巡' }))
  await pressOn(page.getByText('新建轮巡'))
  await typeInto(page.getByLabel('轮巡名称'), '两处')
  await pressOn(page.getByRole('button', { name: '选当前墙上的' }))
  await pressOn(page.getByRole('button', { name: '保存轮巡' }))
  const place = page.getByRole('button', { name: '放到画面 1' })
  await place.waitFor()
  const asked = page.waitForResponse((answer) => answer.url().endsWith('/wall/rounds'))
  added.resolve()
  await (await asked).finished()
  const again = page.waitForResponse((answer) => answer.url().endsWith('/wall/rounds'))
  t.same(await (await again).json().then(({ items }) => items.length), 1, 'asked anew')
  t.equal(await place.count(), 1, 'a list from before the round does not take it away')
  await pressOn(place)
  await tileIs(page, 1, 'live')

  await page.route('**/wall/rounds', (route) => route.abort())
  await page.reload()
  await pressOn(page.getByRole('button', { name: '布局与轮巡' }))
  await page.locator('dialog .problem').waitFor()
  await page.unroute('**/wall/rounds')
  t.same(faults, [])
  await gateway.restart()
  await place.waitFor({ timeout: 15_000 })
  t.equal(await page.locator('dialog .problem').count(), 0, 'once the gateway is reached again, they are here')
})
