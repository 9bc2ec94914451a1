import type { Page } from 'playwright-core'
import { LIVE_SOCKET_PATH } from '../../gateway/contracts/live-socket.ts'
import { layCable } from '../fakes/cable.ts'
import { WALL } from './browser.ts'
import { cameraTile, startGateway } from './gateway.ts'
import { arrangeWall, framesOf, signInAs, statesOf, textOf, tileIs } from './journeys.ts'
import { browserTests, type Scene } from './scene.ts'

const BACK_AFTER_MS = 30_000
/** Attempts at a live socket after which a page that never had one plays without. */
const MORE_THAN_ENOUGH = 4

const test = browserTests(() => startGateway('127.0.80.0'))

/** An operator before a wall of four with two pictures. */
async function wallOfTwo({ gateway, somebody }: Scene, baseUrl: string): Promise<Page> {
  const { page } = await somebody(WALL)
  const tiles = ['dongjiekou', 'qiaotou'].map((place) => cameraTile(gateway, place))
  await arrangeWall(page, 4, tiles)
  await signInAs(page, baseUrl, 'operator', gateway.password)
  await page.locator('.tree-camera').first().waitFor()
  return page
}

/** Resolves when the page has tried so often to have a live socket. */
const socketsTried = (page: Page, times: number): Promise<void> =>
  new Promise((resolve) => {
    let tried = 0
    page.on('websocket', (socket) => {
      if (socket.url().endsWith(LIVE_SOCKET_PATH) && ++tried === times) resolve()
    })
  })

test('a camera unplugged, a cable that is cut, and one that hangs: no old picture passes for live', async (t, scene) => {
  const { gateway } = scene
  const cable = await layCable(gateway.baseUrl)
  t.teardown(() => cable.close())
  const page = await wallOfTwo(scene, cable.url)
  for (const tile of [1, 2]) await tileIs(page, tile, 'live', BACK_AFTER_MS)
  await gateway.township.fault('cam-dongjie', 'drop-out')
  await page.locator('[data-tile="1"]:not([data-state="live"])').waitFor({ timeout: 5_000 })
  t.same((await statesOf(page))[1], 'live', 'a camera that is unplugged is the trouble of its tile alone')
  await gateway.township.fault('cam-dongjie', 'none')
  for (const tile of [1, 2]) await tileIs(page, tile, 'live', BACK_AFTER_MS)
  await gateway.township.fault('cam-qiaotou', 'stall')
  await tileIs(page, 2, 'stalled', 10_000)
  t.match(await textOf(page.locator('[data-tile="2"] .tile-card')), /画面停在 \d\d:\d\d:\d\d\d 秒后自动重连重试/)
  await gateway.township.fault('cam-qiaotou', 'none')
  for (const fault of ['cut', 'hang'] as const) {
    for (const tile of [1, 2]) await tileIs(page, tile, 'live', BACK_AFTER_MS)
    cable[fault]()
    for (const tile of [1, 2]) {
      await page.locator(`[data-tile="${tile}"]:not([data-state="live"])`).waitFor({ timeout: 10_000 })
    }
    await page.locator('.banner-fault').waitFor({ timeout: 20_000 })
    t.notOk((await statesOf(page)).includes('live'), `${fault}: nothing is said to be live`)
    cable.mend()
    for (const tile of [1, 2]) await tileIs(page, tile, 'live', BACK_AFTER_MS)
    await page.locator('.banner-fault').waitFor({ state: 'detached', timeout: BACK_AFTER_MS })
    t.pass(`${fault}: came back by itself`)
  }
})

test('the gateway starts anew: the wall comes back by itself', async (t, scene) => {
  const { gateway } = scene
  const page = await wallOfTwo(scene, gateway.baseUrl)
  for (const tile of [1, 2]) await tileIs(page, tile, 'live')
  const requests: string[] = []
  page.on('request', (request) => requests.push(new URL(request.url()).pathname))
  const startedAt = performance.now()
  await gateway.restart(() => socketsTried(page, MORE_THAN_ENOUGH))
  for (const tile of [1, 2]) await tileIs(page, tile, 'live', BACK_AFTER_MS)
  t.comment(`live again ${((performance.now() - startedAt) / 1000).toFixed(1)} s after the signal to end`)
  const before = await framesOf(page)
  await page.waitForTimeout(1_000) // the time over which frames are counted
  const after = await framesOf(page)
  for (const at of [0, 1]) t.ok((after[at] ?? 0) > (before[at] ?? 0) + 5, `tile ${at + 1} moves`)
  t.same(
    requests.filter((path) => path.startsWith('/live/') || path.includes('hls')),
    [],
    'all media come over the socket again',
  )
})
