import type { Locator, Page } from 'playwright-core'
import { LAYOUTS, type Layout, type WallTile } from '../../gateway/contracts/wall.ts'
import type { Device } from '../../scripts/virtual-township/township-data.ts'
import { choose, pressOn, tabTo } from './keyboard.ts'

/** What a journey needs of whoever runs it. */
interface Traveller {
  page: Page
  signIn(username: string): Promise<void>
}

/** Fills in the sign-in page, in the language it is in. */
export async function signInAs(page: Page, baseUrl: string, username: string, password: string): Promise<void> {
  await page.goto(baseUrl)
  await page.locator('input[name=username]').fill(username)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.locator('header.header').waitFor()
}

/** As the button of the header does; the next page is in it. */
export const setLanguage = (page: Page, language: 'zh-CN' | 'en'): Promise<void> =>
  page.evaluate(`localStorage['gridlight.language'] = '${language}'`)

export const textOf = async (place: Locator): Promise<string> => (await place.textContent()) ?? ''

/** A computer whose clock is ten minutes ahead. */
export const CLOCK_AHEAD = `{
  const AHEAD_MS = 600_000
  const { now } = Date
  const Real = Date
  Date = class extends Real {
    constructor(...given) {
      if (given.length === 0) super(now() + AHEAD_MS)
      else super(...given)
    }
    static now() {
      return now() + AHEAD_MS
    }
  }
}`

/** Signs in and switches the language. @returns the name of the first page in Chinese, then in English */
export async function signInInBothLanguages({ page, signIn }: Traveller): Promise<string[]> {
  await signIn('operator')
  const current = page.locator('nav a[aria-current=page]')
  const chinese = await textOf(current)
  await page.getByRole('button', { name: 'English' }).click()
  await page.locator('html[lang=en]').waitFor()
  const english = await textOf(current)
  await page.reload()
  const kept = await textOf(current)
  return [chinese, english, kept]
}

/** Waits for an expression; the console's content security policy lets none be evaluated in the page again and again. */
export async function becomes(page: Page, expression: string): Promise<void> {
  for (const limit = performance.now() + 15_000; performance.now() < limit; await page.waitForTimeout(50)) {
    if (await page.evaluate<boolean>(expression)) return
  }
  throw new Error(`never: ${expression}`)
}

/** Frames painted by each tile since this was first called for it. */
const COUNT_FRAMES = `(() => {
  const counts = (window.journeyFrames ??= new Map())
  return [...document.querySelectorAll('[data-tile] video')].map((video) => {
    if (!counts.has(video)) {
      counts.set(video, 0)
      const count = () => {
        counts.set(video, counts.get(video) + 1)
        video.requestVideoFrameCallback(count)
      }
      video.requestVideoFrameCallback(count)
    }
    return counts.get(video)
  })
})()`

export const framesOf = (page: Page): Promise<number[]> => page.evaluate<number[]>(COUNT_FRAMES)

/** Somebody has arranged the wall so on an earlier day, or emptied it, so that nothing is put on it by itself. */
export async function arrangeWall(page: Page, layout: Layout, tiles: readonly WallTile[] = []): Promise<void> {
  const stored = JSON.stringify({ layout, tiles })
  await page.addInitScript(`localStorage['gridlight.wall'] ??= '${stored}'`)
}

/** Places cameras by their names, one after another. @returns ms until all of them were live */
export async function fillWall({ page, signIn }: Traveller, cameras: readonly string[]): Promise<number> {
  await arrangeWall(page, LAYOUTS.find((layout) => layout >= Math.max(4, cameras.length)) ?? 36)
  await signIn('operator')
  await page.locator('.tree-camera').first().waitFor()
  const startedAt = performance.now()
  for (const name of cameras) await page.locator('.tree-camera', { hasText: name }).click()
  for (const [index] of cameras.entries()) await tileIs(page, index + 1, 'live')
  return performance.now() - startedAt
}

/** A newcomer does nothing but sign in. @returns ms until four pictures were live, and what stands on the tiles */
export async function newcomersWall({ page, signIn }: Traveller): Promise<{ liveAfterMs: number; names: string[] }> {
  await signIn('operator')
  const startedAt = performance.now()
  for (const tile of [1, 2, 3, 4]) await tileIs(page, tile, 'live')
  return { liveAfterMs: performance.now() - startedAt, names: await page.locator('.tile-name').allTextContents() }
}

export const statesOf = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll('[data-tile]')].map(({ dataset }) => dataset.state)`)

/** How old the first pictures are, seconds: what their tiles say, but not less than what is buffered ahead. */
export const agesOf = (page: Page, tiles: number): Promise<number[]> =>
  page.evaluate<number[]>(`[...document.querySelectorAll('[data-tile]')].slice(0, ${tiles}).map((tile) => {
    const video = tile.querySelector('video')
    const ahead = video.buffered.end(video.buffered.length - 1) - video.currentTime
    const said = Number(/[\\d.]+/.exec(tile.querySelector('.tile-live-words')?.textContent ?? '')?.[0] ?? NaN)
    return Math.max(ahead, said)
  })`)

export const tileIs = (page: Page, tile: number, state: string, timeout = 20_000): Promise<void> =>
  page.locator(`[data-tile="${tile}"][data-state="${state}"]`).waitFor({ timeout })

/** @returns ms from the start of the publishing until the words stood in the list */
export async function alarmAppears(page: Page, text: string, publish: () => Promise<unknown>): Promise<number> {
  const shown = page.locator('.alarm', { hasText: text }).waitFor({ timeout: 10_000 })
  const startedAt = performance.now()
  await publish()
  await shown
  return performance.now() - startedAt
}

/** The installer's four screens, from the search to the owner's invitation. @returns the invitation's address */
export async function registerPrivateCamera(
  { page, signIn }: Traveller,
  { device, address }: { device: Device; address: string },
): Promise<string> {
  const [channel] = device.channels
  if (channel === undefined) throw new Error(`${device.id} has no channel`)
  await signIn('installer')
  await page.getByLabel('所属网格').selectOption(channel.cellCode)
  await page.getByRole('button', { name: '开始搜索' }).click()
  await page.locator('.found button', { hasText: address }).click({ timeout: 60_000 })

  await page.getByLabel('设备用户名').fill(device.username)
  await page.getByLabel('设备密码').fill(device.password)
  await page.getByRole('button', { name: '测试' }).click()
  await page.getByRole('button', { name: '登记这台摄像头' }).first().click({ timeout: 60_000 })

  await page.getByLabel('名称').fill(channel.name)
  await page.getByText('不是', { exact: true }).click()
  await page.getByText('条例第九条其他公共场所').click()
  await page.getByText('社会', { exact: true }).click()
  await page.getByRole('button', { name: '登记', exact: true }).click()

  await page.getByLabel('权属单位或业主名称').fill(channel.link.party.name, { timeout: 60_000 })
  await page.getByLabel('联系人及电话').fill(channel.link.party.contact)
  await page.getByLabel('接入依据').fill(channel.link.basis)
  await page.getByLabel('使用目的').fill(channel.link.purpose)
  await page.getByLabel('有效期至').fill(dayAfter(90))
  await page.getByRole('button', { name: '生成业主邀请' }).click()
  return await textOf(page.locator('.invitation output'))
}

const dayAfter = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

/** The owner agrees to all that was asked, without a mouse or a finger. */
export async function ownerAgrees(page: Page, invitationUrl: string): Promise<void> {
  await page.goto(invitationUrl)
  await pressOn(page.getByRole('button', { name: '同意授权' }))
  await page.locator('.owner-active').waitFor()
}

/** The operator gives a reason and sees the private picture on the first tile. */
export async function watchPrivate({ page, signIn }: Traveller, camera: string): Promise<void> {
  await arrangeWall(page, 4)
  await signIn('operator')
  await page.locator('.tree-camera').first().waitFor()
  await page.keyboard.press('Slash')
  await page.keyboard.type(camera)
  await page.keyboard.press('Enter')
  await choose(page.getByLabel('告警处置'))
  await pressOn(page.getByRole('button', { name: '记录并打开' }))
  await tileIs(page, 1, 'live')
}

/** Enlarges the first tile, which asks for the main stream, and goes back; it must be live both times. */
export async function zoomAndBack(page: Page): Promise<void> {
  await page.keyboard.press('Digit1')
  await page.keyboard.press('Enter')
  await page.locator('.tiles-1').waitFor()
  await tileIs(page, 1, 'live')
  await page.keyboard.press('Escape')
  await page.locator('.tiles-4').waitFor()
  await tileIs(page, 1, 'live')
}

/** The owner revokes, by keys as by three taps. @returns ms from the last of them until the operator's tile was dark, and its words */
export async function ownerRevokes(owner: Page, operator: Page): Promise<{ darkAfterMs: number; words: string }> {
  await pressOn(owner.getByRole('button', { name: '撤销授权' }))
  const dark = tileIs(operator, 1, 'ended')
  await tabTo(owner.getByRole('button', { name: '撤销', exact: true }))
  const startedAt = performance.now()
  await owner.keyboard.press('Enter')
  await dark
  const darkAfterMs = performance.now() - startedAt
  return { darkAfterMs, words: await textOf(operator.locator('[data-tile="1"] .tile-card')) }
}

/** True when the tile's video holds no picture that could still be painted. */
export const isBlack = (page: Page, tile: number): Promise<boolean> =>
  page.evaluate(`(() => {
    const video = document.querySelector('[data-tile="${tile}"] video')
    return video.readyState === 0 && getComputedStyle(video).visibility === 'hidden'
  })()`)

/** Which part of each tile its picture has, beside its bar; little is a picture that nobody sees. */
export const pictureShares = (page: Page): Promise<number[]> =>
  page.evaluate<number[]>(`[...document.querySelectorAll('.tile-live')].map((tile) => {
    const [whole, bar, video] = [tile, tile.querySelector('.tile-bar'), tile.querySelector('video')]
      .map((part) => part.getBoundingClientRect())
    return (video.width * video.height) / (whole.width * (whole.height - bar.height))
  })`)

/** Tiles whose bar lies over the picture, into whose upper edge cameras write their name and time. */
export const coveredPictures = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll('.tile')].flatMap((tile) => {
    const [bar, video] = ['.tile-bar', 'video'].map((part) => tile.querySelector(part)?.getBoundingClientRect())
    if (bar === undefined || bar.bottom <= video.top + 0.5) return []
    return [tile.ariaLabel + ': ' + Math.round(bar.bottom - video.top) + ' px of ' + Math.round(video.height)]
  })`)
