import { setTimeout as delay } from 'node:timers/promises'
import { LIVE_TIMESCALE, type LiveHeader } from '../../gateway/contracts/live-socket.ts'
import { chunkOf, firstFramesOf, noteFirstFrames } from './beginnings.ts'
import { WALL } from './browser.ts'
import { cameraTile, startGateway } from './gateway.ts'
import { arrangeWall, fillWall, tileIs } from './journeys.ts'
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

test('a picture begins with the newest, however slowly what was before comes', async (t, { gateway, somebody }) => {
  const [camera = ''] = gateway.publicCameras
  const neighbour = await somebody(WALL)
  const late = Promise.withResolvers<void>()
  let isAwaited = false
  await neighbour.page.routeWebSocket('**/live/socket', (socket) => {
    let keyTicks = Number.POSITIVE_INFINITY
    socket.connectToServer().onMessage((message) => {
      const { independent, startTicks } = chunkOf(message) ?? { independent: false, startTicks: 0 }
      if (independent) keyTicks = startTicks
      if (isAwaited && startTicks - keyTicks > 1.3 * LIVE_TIMESCALE) late.resolve()
      socket.send(message)
    })
  })
  const { page, faults, signIn } = await somebody(WALL)
  await arrangeWall(page, 4)
  await noteFirstFrames(page)
  const past: LiveHeader[] = []
  await page.routeWebSocket('**/live/socket', (socket) => {
    let sent = Promise.resolve()
    socket.connectToServer().onMessage((message) => {
      const chunk = chunkOf(message)
      if (chunk?.isPast) past.push(chunk)
      // Long enough for the one before to be appended, and shorter than the chunk is.
      sent = sent.then(() => (chunk?.isPast ? delay(10) : undefined)).then(() => socket.send(message))
    })
  })
  await signIn('operator')
  await page.locator('.tree-camera').first().waitFor()
  await fillWall(neighbour, [camera])
  isAwaited = true
  await late.promise
  await page.locator('.tree-camera', { hasText: camera }).click()
  await tileIs(page, 1, 'live')
  const [fromTicks, toTicks] = [past[0], past.at(-1)].map((chunk) => chunk?.startTicks ?? 0)
  const pastS = ((toTicks ?? 0) - (fromTicks ?? 0)) / LIVE_TIMESCALE
  t.ok(pastS > 1, `${pastS.toFixed(2)} s were there already`)
  const [paintedS = Number.NaN] = await firstFramesOf(page)
  const firstS = paintedS - (fromTicks ?? 0) / LIVE_TIMESCALE
  t.ok(firstS > pastS - 0.5, `the first frame is ${firstS.toFixed(2)} s into them`)
  t.same([...faults, ...neighbour.faults], [])
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
