import type { WebSocketRoute } from 'playwright-core'
import { watchBeginnings } from './beginnings.ts'
import { FINGER_TARGET_PX, PHONE, pageFaults, WALL } from './browser.ts'
import { startGateway } from './gateway.ts'
import {
  agesOf,
  alarmAppears,
  CLOCK_AHEAD,
  fillWall,
  framesOf,
  isBlack,
  newcomersWall,
  ownerAgrees,
  ownerRevokes,
  registerPrivateCamera,
  signInInBothLanguages,
  statesOf,
  textOf,
  watchPrivate,
  zoomAndBack,
} from './journeys.ts'
import { browserTests } from './scene.ts'

/** console.md §3: first frames of a small wall, an alarm on the screen, and the dark after a revocation. */
const WALL_LIVE_MS = 8_000
const ALARM_SHOWN_MS = 500
const DARK_AFTER_MS = 2_000
const LOGGED_AFTER_MS = 1_000
const MAX_AGE_S = 1

const test = browserTests(() => startGateway('127.0.75.0'))

test('an operator signs in and changes the language, which is kept', async (t, { somebody }) => {
  const visitor = await somebody()
  t.same(await signInInBothLanguages(visitor), ['值守墙', 'Wall', 'Wall'])
  t.same(visitor.faults, [])
})

for (const tiles of [4, 9]) {
  test(`${tiles} tiles play, each less than a second behind its camera`, async (t, { gateway, somebody }) => {
    const visitor = await somebody(WALL)
    const { page } = visitor
    const beginnings = await watchBeginnings(page)
    const requests: string[] = []
    page.on('request', (request) => requests.push(new URL(request.url()).pathname))
    const cameras = gateway.publicCameras.slice(0, tiles)
    t.equal(cameras.length, tiles)
    const liveAfterMs = await fillWall(visitor, cameras)
    t.ok(liveAfterMs < WALL_LIVE_MS, `${tiles} tiles live after ${liveAfterMs.toFixed(0)} ms`)

    const first = await framesOf(page)
    const ages: number[] = []
    for (let round = 0; round < 10; round += 1) {
      await page.waitForTimeout(300) // the time over which frames are counted
      ages.push(...(await agesOf(page, tiles)))
    }
    const second = await framesOf(page)
    for (const [i, count] of second.entries()) {
      t.ok(count - (first[i] ?? 0) >= 15, `tile ${i + 1} painted ${count - (first[i] ?? 0)} frames in 3 s`)
    }
    t.equal(ages.length, 10 * tiles)
    t.ok(Math.max(...ages) < MAX_AGE_S, `the oldest picture was ${Math.max(...ages).toFixed(2)} s old`)
    const behind = await beginnings()
    t.equal(behind.length, tiles)
    for (const [i, seconds] of behind.entries()) {
      t.ok(seconds < MAX_AGE_S, `tile ${i + 1} began ${seconds.toFixed(2)} s before the newest that was there`)
    }
    t.notOk(
      requests.some((path) => path.startsWith('/live/') || path.includes('hls')),
      'all media came over the socket',
    )
    t.same(visitor.faults, [])
  })
}

test('a clock that is wrong, a socket that breaks, a page that slept: the picture is live and says so', async (t, {
  gateway,
  somebody,
}) => {
  const visitor = await somebody()
  const { page } = visitor
  await page.addInitScript(CLOCK_AHEAD)
  const opened: WebSocketRoute[] = []
  await page.routeWebSocket('**/live/socket', (socket) => {
    socket.connectToServer()
    opened.push(socket)
  })
  let views = 0
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/views')) views += 1
  })
  await fillWall(visitor, gateway.publicCameras.slice(0, 2))
  const [, seconds] = /本机时钟与网关相差 (\d+) 秒/.exec(await textOf(page.locator('.banner'))) ?? []
  t.ok(Math.abs(Number(seconds) - 600) <= 2, `the wrong clock is told: ${seconds} s`)
  await opened[0]?.close()
  await page.waitForTimeout(1_500) // less than a stall: a short break is not seen
  t.same(await statesOf(page), ['live', 'live', 'empty', 'empty'])
  t.equal(opened.length, 2, 'a second socket carries on')
  const before = await framesOf(page)
  await page.waitForTimeout(1_000) // the time over which frames are counted
  const after = await framesOf(page)
  for (const at of [0, 1]) t.ok((after[at] ?? 0) > (before[at] ?? 0) + 5, `tile ${at + 1} goes on`)

  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  await new Promise((resolve) => setTimeout(resolve, 6_000)) // the sleep
  await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  await page.waitForTimeout(2_500) // the time it has to find the camera again
  t.same(await statesOf(page), ['live', 'live', 'empty', 'empty'])
  const ages = await agesOf(page, 2)
  t.ok(Math.max(...ages) < MAX_AGE_S, `the older picture is ${Math.max(...ages).toFixed(2)} s old after the sleep`)
  t.equal(views, 2, 'the same views all along')
  t.same(visitor.faults, [])
})

test('without WebSockets the wall plays over HLS', async (t, { gateway, somebody }) => {
  const visitor = await somebody()
  const { page } = visitor
  await page.routeWebSocket('**/live/socket', (socket) => socket.close())
  await fillWall(visitor, gateway.publicCameras.slice(0, 2))
  const first = await framesOf(page)
  await page.waitForTimeout(2_000) // the time over which frames are counted
  const second = await framesOf(page)
  for (const at of [0, 1]) t.ok((second[at] ?? 0) - (first[at] ?? 0) >= 10, `tile ${at + 1}`)
  t.ok(
    await page.evaluate<boolean>(`performance.getEntriesByType('resource').some(({ name }) => name.includes('.m3u8'))`),
  )
})

test('a newcomer sees pictures at once, and an alarm comes beside them', async (t, { gateway, somebody }) => {
  const visitor = await somebody()
  const { page } = visitor
  const { liveAfterMs, names } = await newcomersWall(visitor)
  t.ok(liveAfterMs < WALL_LIVE_MS, `four tiles live after ${liveAfterMs.toFixed(0)} ms`)
  const inTree = await page.locator('.tree-camera', { hasNotText: '社会' }).locator('.tree-name').allTextContents()
  t.same(names, inTree.slice(0, 4), 'the first ones of the tree')

  const text = '收银台按下紧急按钮'
  const shownAfterMs = await alarmAppears(page, text, () =>
    gateway.panel.raise({ type: 'panic-button', priority: 1, text }),
  )
  t.ok(shownAfterMs <= ALARM_SHOWN_MS, `alarm on the screen after ${shownAfterMs.toFixed(0)} ms`)
  t.match(await textOf(page.locator('[aria-live=assertive]')), text, 'the urgent one is announced')
  t.same(visitor.faults, [])
})

test('a camera is registered, its owner agrees, it is watched, the owner revokes', async (t, scene) => {
  const { gateway, somebody, person, visit } = scene
  const camera = gateway.unregistered.device.channels[0]?.name ?? ''
  const installer = await somebody(PHONE)
  const invitation = await registerPrivateCamera(installer, gateway.unregistered)
  t.match(invitation, /\/owner#/)
  t.same(installer.faults, [])
  await installer.page.context().close()

  const owner = await somebody(PHONE)
  await ownerAgrees(owner.page, invitation)
  t.notMatch(owner.page.url(), /#/, 'the token has left the address bar')
  t.same(await pageFaults(owner.page, FINGER_TARGET_PX), [], "the owner's page")

  const operator = await somebody()
  await watchPrivate(operator, camera)
  await owner.page.getByText('现在 1 人在看').waitFor({ timeout: 10_000 })
  t.match(await textOf(owner.page.locator('.views', { hasText: '人在看' })), /告警处置/, 'the owner reads the reason')
  t.equal(await owner.page.getByText('还没有人看过').count(), 0, 'nor is told that nobody has')
  await owner.page.getByRole('button', { name: '打印' }).click()
  const record = owner.page.locator('.print-sheet')
  t.match(await textOf(record.locator('tbody')), /告警处置.*正在看/, 'nor has it on paper in other words')
  await record.getByRole('button', { name: '关闭' }).click()
  await owner.page.getByRole('button', { name: '更改授权' }).click()
  await owner.page.getByRole('button', { name: '取消' }).click()
  await owner.page.getByRole('button', { name: '更改授权' }).waitFor()
  await owner.page.getByRole('button', { name: 'English' }).click()
  await owner.page.locator('.views li', { hasText: 'alarm being handled' }).waitFor()
  await owner.page.getByRole('button', { name: '中文' }).click()
  const auditor = await person('auditor')
  await visit(auditor.page, '/audit')
  await auditor.page.getByRole('row', { name: /准许查看.*告警处置/ }).waitFor()
  // The invitation is opened without a word of the camera.
  await auditor.page
    .getByRole('row', { name: new RegExp(`业主进入 ${camera} link:`) })
    .first()
    .waitFor()
  await auditor.page.getByRole('button', { name: 'English' }).click()
  await auditor.page.getByRole('row', { name: /alarm being handled/ }).waitFor()
  t.pass('owner and auditor read it in their own language')
  t.same(auditor.faults, [])
  await auditor.page.context().close()

  // Its main stream is H.265, which this browser cannot play: the sub-stream stands in.
  await zoomAndBack(operator.page)

  const { darkAfterMs, words } = await ownerRevokes(owner.page, operator.page)
  t.ok(darkAfterMs <= DARK_AFTER_MS, `dark after ${darkAfterMs.toFixed(0)} ms`)
  t.match(words, /授权已撤销/)
  t.ok(await isBlack(operator.page, 1), 'no old picture stays')
  await owner.page.locator('.views li', { hasText: '授权已撤销' }).first().waitFor({ timeout: LOGGED_AFTER_MS })
  t.pass('the record says why it ended')
  t.same([...owner.faults, ...operator.faults], [])
  await owner.page.context().close()
})

test('without the event stream a revoked picture goes dark all the same', async (t, { gateway, somebody }) => {
  const visitor = await somebody()
  const { page } = visitor
  await page.route('**/api/v1/events', (route) => route.abort())
  const [camera = ''] = gateway.publicCameras
  await fillWall(visitor, [camera])
  const dark = page.locator('[data-tile="1"]:not([data-state="live"])').waitFor()
  const startedAt = performance.now()
  await gateway.revoke(camera)
  await dark
  const darkAfterMs = performance.now() - startedAt
  t.ok(darkAfterMs <= DARK_AFTER_MS, `dark after ${darkAfterMs.toFixed(0)} ms`)
  t.match(await textOf(page.locator('[data-tile="1"] .tile-card')), /接入已终止/, 'the socket says why')
})
