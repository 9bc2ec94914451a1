import type { Page } from 'playwright-core'
import type { Layout, WallTile } from '../../gateway/contracts/wall.ts'
import { seriousFaults, WALL } from './browser.ts'
import { cameraTile, PANEL_ALARMS, startGateway } from './gateway.ts'
import { arrangeWall, becomes, framesOf, statesOf, textOf, tileIs } from './journeys.ts'
import { pressOn, tabTo, typeInto } from './keyboard.ts'
import { browserTests, type Scene, type Visitor } from './scene.ts'

/** console.md §3: sixteen tiles; this machine decodes in software while others work on it. */
const SIXTEEN_LIVE_MS = 20_000

const test = browserTests(() => startGateway('127.0.79.0'))

const PLACES = ['dongjiekou', 'qiaotou', 'zhenguangchang', 'weishengyuan', 'chachangmenkou', 'xuexiao-menkou'] as const

/** An operator before a wall that was arranged so on an earlier day. */
async function operatorAt({ somebody }: Scene, layout: Layout, tiles: readonly WallTile[]): Promise<Visitor> {
  const visitor = await somebody(WALL)
  await arrangeWall(visitor.page, layout, tiles)
  await visitor.signIn('operator')
  await visitor.page.locator('.tree-camera').first().waitFor()
  return visitor
}

const namesOf = (page: Page): Promise<string[]> =>
  page.evaluate(
    `[...document.querySelectorAll('[data-tile]')].map((tile) => tile.querySelector('.tile-name')?.textContent ?? '')`,
  )

/** Waits for the screen to follow. */
const nameIs = (page: Page, tile: number, name: string): Promise<void> =>
  page.locator(`[data-tile="${tile}"] .tile-name`, { hasText: name }).waitFor({ timeout: 10_000 })

test('sixteen and thirty-six tiles, at most six opened at once', async (t, { gateway, somebody }) => {
  const sixteen = Array.from({ length: 16 }, (_, at) => cameraTile(gateway, PLACES[at % PLACES.length] ?? ''))
  const { page, faults, signIn } = await somebody(WALL)
  await arrangeWall(page, 16, sixteen)
  let [open, most] = [0, 0]
  const isOpening = (request: { method(): string; url(): string }): boolean =>
    request.method() === 'POST' && request.url().endsWith('/views')
  page.on('request', (request) => {
    if (!isOpening(request)) return
    open += 1
    most = Math.max(most, open)
  })
  page.on('requestfinished', (request) => {
    if (isOpening(request)) open -= 1
  })
  await page.addInitScript(KEEP_AUDIO)
  await signIn('operator')
  await pressOn(page.getByRole('button', { name: '开始值班' }))
  await becomes(page, `window.audio?.state === 'running'`)
  t.equal(await page.locator('.cases').getAttribute('data-sounds'), '1', 'the shift begins with a sound')
  for (let tile = 1; tile <= 16; tile += 1) await tileIs(page, tile, 'live', SIXTEEN_LIVE_MS)
  t.ok(most > 1 && most <= 6, `${most} at once`)
  const before = await framesOf(page)
  await page.waitForTimeout(2_000) // the time over which frames are counted
  const after = await framesOf(page)
  t.ok(
    after.every((count, at) => count > (before[at] ?? 0)),
    `frames of each tile: ${after.join(' ')}`,
  )
  t.match(await textOf(page.locator('.wall-load')), /16 路/)
  t.same(await seriousFaults(page), [])

  await pressOn(page.getByRole('button', { name: '36 分屏' }))
  t.equal((await statesOf(page)).length, 36)
  t.same(await seriousFaults(page), [])
  await page.keyboard.press('Digit3')
  await page.keyboard.press('Digit6')
  t.equal(await page.locator('[aria-current=true][data-tile]').getAttribute('data-tile'), '36', 'two digits')
  t.same(faults, [])
})

/** A browser keeps sound locked until somebody does something; the page's own context tells. */
const KEEP_AUDIO = `window.AudioContext = class extends AudioContext {
  constructor() {
    super()
    window.audio = this
  }
}`

/** Resolves when the first picture is `width` pixels wide; throws after 20 s. */
async function widthIs(page: Page, width: number): Promise<void> {
  let found: number | undefined
  for (const limit = performance.now() + 20_000; performance.now() < limit; await page.waitForTimeout(50)) {
    found = await page.evaluate<number | undefined>(`document.querySelector('[data-tile] video')?.videoWidth`)
    if (found === width) return
  }
  throw new Error(`the first picture is ${found} pixels wide, not ${width}`)
}

test('a wall is arranged by hand and by keyboard alone', async (t, scene) => {
  const { page, faults } = await operatorAt(scene, 4, [])
  await page.locator('.tree-camera', { hasText: '东街口' }).dragTo(page.locator('[data-tile="3"]'))
  await tileIs(page, 3, 'live')
  await page.locator('[data-tile="3"]').dragTo(page.locator('[data-tile="2"]'))
  await nameIs(page, 2, '东街口')
  t.same(await namesOf(page), ['', '东街口', '', ''], 'dragged')

  await page.locator('[data-tile="2"]').focus()
  await page.keyboard.press('Shift+ArrowLeft')
  await nameIs(page, 1, '东街口')
  t.same(await namesOf(page), ['东街口', '', '', ''], 'moved by keys')
  await page.keyboard.press('Digit4')
  await page.keyboard.press('Slash')
  await page.keyboard.type('qttcc') // at once: no key is lost to the shortcuts
  await page.locator('.tree-camera', { hasText: '桥头停车场' }).waitFor()
  t.equal(await page.locator('.tree-camera').count(), 1, 'found by initials')
  await page.keyboard.press('Enter')
  await tileIs(page, 4, 'live')
  t.same(await namesOf(page), ['东街口', '', '', '桥头停车场'])
  await page.keyboard.press('Escape')

  await page.keyboard.press('Digit4')
  await page.keyboard.press('Enter')
  await page.locator('.tiles-1').waitFor()
  await tileIs(page, 4, 'live')
  // The picture that was there is live until the other stream has taken its place.
  await widthIs(page, 1280)
  t.pass('the main stream when enlarged')
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('KeyP')])
  t.match(download.suggestedFilename(), /桥头停车场.*\.jpg/)
  await page.keyboard.press('Escape')
  await page.locator('.tiles-4').waitFor()
  await widthIs(page, 640)
  t.pass('the sub-stream among others')

  await page.keyboard.press('Delete')
  await tileIs(page, 4, 'empty')
  t.same(await namesOf(page), ['东街口', '', '', ''], 'cleared')

  await page.keyboard.press('Slash')
  await page.keyboard.press('Control+A')
  await page.keyboard.press('Delete')
  await page.keyboard.press('Escape')
  await page.locator('.tree-camera', { hasText: '东街口' }).dragTo(page.locator('[data-tile="2"]'))
  await tileIs(page, 2, 'live')
  await page.keyboard.press('Digit3')
  await pressOn(page.locator('.tree-camera', { hasText: '东街口' }), 'Shift+Enter')
  await tileIs(page, 3, 'live')
  await pressOn(page.locator('[data-tile="4"]').getByRole('button', { name: '选摄像头' }))
  await page.keyboard.type('djk')
  await page.keyboard.press('Enter')
  await tileIs(page, 4, 'live')
  t.same(await namesOf(page), Array(4).fill('东街口'), 'one camera on four tiles: dragged, by Shift, by an empty tile')
  await page.keyboard.press('Escape')

  // An input method is composing: its keys are the word's, also Enter, and none is a shortcut.
  await page.keyboard.press('Slash')
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Input.imeSetComposition', { text: 'qttcc', selectionStart: 5, selectionEnd: 5 })
  await page.keyboard.press('Enter')
  await page.evaluate(`document.activeElement.blur()`)
  for (const code of ['KeyL', 'Delete', 'Digit2', 'Enter', 'KeyP', 'Slash']) {
    await page.evaluate(
      `document.body.dispatchEvent(new KeyboardEvent('keydown', { code: '${code}', isComposing: true, bubbles: true }))`,
    )
  }
  await page.waitForTimeout(100) // the time it would have to act on one of them
  t.same(await namesOf(page), Array(4).fill('东街口'), 'nothing was placed, cleared or enlarged')
  t.equal(await page.locator('[aria-current=true][data-tile]').getAttribute('data-tile'), '4')
  t.equal(await page.evaluate('document.activeElement.tagName'), 'BODY')
  await page.keyboard.press('Shift+Slash')
  await page.getByLabel('启用单键快捷键').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('KeyL')
  t.equal((await statesOf(page)).length, 4, 'keys that are switched off do nothing')
  t.same(faults, [])
})

test('a layout and a round are kept for the person, on any computer', async (t, scene) => {
  const { gateway } = scene
  const first = await operatorAt(scene, 4, [cameraTile(gateway, 'dongjiekou'), cameraTile(gateway, 'qiaotou')])
  const { page } = first
  await page.keyboard.press('Digit3')
  await pressOn(page.getByRole('button', { name: '布局与轮巡' }))
  await pressOn(page.getByText('新建轮巡'))
  await typeInto(page.getByLabel('轮巡名称'), '两处')
  await tabTo(page.getByLabel('每路停留'))
  await page.keyboard.type('5')
  t.equal(await page.getByLabel('每路停留').inputValue(), '5')
  await pressOn(page.getByRole('button', { name: '选当前墙上的' }))
  t.same(await seriousFaults(page), [], 'layouts and rounds')
  await pressOn(page.getByRole('button', { name: '保存轮巡' }))
  await pressOn(page.getByRole('button', { name: '放到画面 3' }))
  await tileIs(page, 3, 'live')
  const nameOfThird = async (): Promise<string> => (await namesOf(page))[2] ?? ''
  const before = await nameOfThird()
  await page.locator('[data-tile="3"] .tile-name', { hasNotText: before }).waitFor({ timeout: 8_000 })
  t.same([before, await nameOfThird()].sort(), ['东街口', '桥头停车场'], 'takes turns')

  await pressOn(page.getByRole('button', { name: '布局与轮巡' }))
  await typeInto(page.getByLabel('把当前布局保存为'), '夜班')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: '使用' }).waitFor()
  await page.context().close()

  const second = await operatorAt(scene, 1, [])
  await pressOn(second.page.getByRole('button', { name: '布局与轮巡' }))
  await pressOn(second.page.getByRole('button', { name: '使用' }))
  for (const tile of [1, 2, 3]) await tileIs(second.page, tile, 'live')
  t.same([...first.faults, ...second.faults], [])
})

test('an alarm slot shows what waits, for the reason of its case', async (t, scene) => {
  const { gateway } = scene
  const { page, faults } = await operatorAt(scene, 4, [{ kind: 'alarm-slot' }])
  await tileIs(page, 1, 'alarm-slot')
  const asked = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/views'))
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '前门求助' })
  t.match((await asked).postDataJSON(), { reason: { kind: 'case', caseId: String } })
  await tileIs(page, 1, 'live')
  t.equal((await namesOf(page))[0], '东街口')
  await page.keyboard.press('KeyN')
  await page.locator('.drawer').waitFor()
  await page.locator('.case-picture[data-picture=live]').waitFor({ timeout: 20_000 })
  t.same(await seriousFaults(page), [], 'a case with its picture')

  await page.getByRole('button', { name: '开始值班' }).click()
  const logged = page.waitForResponse((answer) => answer.url().endsWith('/wall/silences'))
  await page.getByRole('button', { name: '静音 60 秒' }).click()
  t.equal((await logged).status(), 201, 'the silence is on record')
  await page.getByText('已静音，紧急告警仍响').waitFor()

  await pressOn(page.getByRole('button', { name: '附近 4 路' }))
  await tileIs(page, 4, 'live')
  t.equal((await namesOf(page))[0], '东街口', 'the nearest first')
  await page.keyboard.press('KeyM')
  await pressOn(page.getByRole('button', { name: '返回（正在显示' }))
  await tileIs(page, 1, 'alarm-slot')

  for (const type of PANEL_ALARMS) await gateway.panel.raise({ type, priority: 3, text: '演练' })
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '激增中的求助' })
  await page.locator('.flood-banner').waitFor()
  await page.locator('.case-list > li > .case-row', { hasText: '激增中的求助' }).waitFor()
  t.same(await seriousFaults(page), [], 'in a flood')
  const excess = await page.evaluate<number>(
    `Math.max(...[...document.querySelectorAll('[data-tile]')].map((tile) => tile.getBoundingClientRect().bottom)) - innerHeight`,
  )
  t.ok(excess <= 0, 'a long queue does not push the tiles off the screen')
  t.same(faults, [])
})
