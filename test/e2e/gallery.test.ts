import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { ADMIN_PASSWORD, startTestGateway } from '../fakes/gateway.ts'
import { faultsInForcedColours, lacksBrowser, launch, openPage, seriousFaults, WALL } from './browser.ts'
import { contrast, deltaE, looksOf, shapeDifference } from './colours.ts'
import { buildConsole } from './gateway.ts'
import { signInAs } from './journeys.ts'

const skip = lacksBrowser

/** Animations that repeat: how long one turn takes, and all of them. */
const FLASHES = `document.getAnimations()
  .map((animation) => animation.effect.getComputedTiming())
  .filter(({ iterations }) => iterations > 1)
  .map(({ duration, endTime }) => ({ periodMs: duration, forMs: endTime }))`

/** console.md §2: least ΔE2000 between the fills of any two priorities, for each way of seeing. */
const LEAST_DELTA_E = {
  none: 20,
  protanopia: 17,
  deuteranopia: 15,
  tritanopia: 23,
  achromatopsia: 9.7,
} as const

/** Looks at the four badges as people see them who see colours otherwise, and in the colours of a forced palette. */
async function badgesAreToldApart(t: Test, page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const badges = (theme: string) => {
    const list = page.locator(`[data-theme=${theme}] .gallery-list`).first()
    return looksOf(
      list,
      [1, 2, 3, 4].map((priority) => list.locator(`.alarm:not(.alarm-cleared) .priority-${priority}`)),
    )
  }
  const pairs = <T>(of: readonly T[]): [T, T][] =>
    of.flatMap((one, at) => of.slice(at + 1).map((other): [T, T] => [one, other]))
  const check = async (theme: string, how: string, leastDeltaE: number, digitContrast: number): Promise<void> => {
    const looks = await badges(theme)
    const least = Math.min(...pairs(looks).map(([one, other]) => deltaE(one.fill, other.fill)))
    t.ok(least >= leastDeltaE, `${how}, ${theme}: ΔE ${least.toFixed(1)}`)
    const shapes = Math.min(...pairs(looks).map(([one, other]) => shapeDifference(one, other)))
    t.ok(shapes > 0.03, `${how}, ${theme}: shapes differ in ${(100 * shapes).toFixed(0)} % of the pixels`)
    const digits = Math.min(...looks.map(({ fill, glyph }) => contrast(fill, glyph)))
    t.ok(digits >= digitContrast, `${how}, ${theme}: digits ${digits.toFixed(1)}:1`)
  }
  for (const [type, least] of Object.entries(LEAST_DELTA_E)) {
    // Cast: the keys above are those of the protocol.
    await devtools.send('Emulation.setEmulatedVisionDeficiency', { type: type as keyof typeof LEAST_DELTA_E })
    // The digit is a part of a picture there (WCAG 1.4.11).
    for (const theme of ['dark', 'light']) await check(theme, type, least, type === 'none' ? 6.1 : 3)
  }
  await devtools.send('Emulation.setEmulatedVisionDeficiency', { type: 'none' })
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ forcedColors: 'active', colorScheme })
    for (const theme of ['dark', 'light']) await check(theme, `forced colours, ${colorScheme}`, 0, 4.5)
  }
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'no-preference' })
}

t.test('every component in every state, both themes, both languages', { skip }, async (t) => {
  const [gateway, browser] = await Promise.all([startTestGateway(t), launch(), buildConsole()])
  t.teardown(() => browser.close())
  const { page, faults } = await openPage(browser, WALL)
  await signInAs(page, gateway.url, 'admin', ADMIN_PASSWORD)
  t.equal(await page.locator('a[href="/gallery"]').count(), 0, 'nobody meets it at work')
  await page.goto(`${gateway.url}/gallery`)
  await page.locator('[data-sample]').first().waitFor()
  const kinds = await page.evaluate<string[]>(
    `[...new Set([...document.querySelectorAll('[data-sample]')].map(({ dataset }) => dataset.sample))]`,
  )
  t.equal(kinds.length, 14, kinds.join(' '))
  const flashes = await page.evaluate<{ periodMs: number; forMs: number }[]>(FLASHES)
  t.ok(flashes.length > 0, 'what is urgent and new flashes')
  t.same(
    flashes.filter(({ periodMs, forMs }) => periodMs < 1_000 || forMs > 10_000),
    [],
    'at most once a second, ten seconds long',
  )
  for (const language of ['zh', 'en']) {
    t.same(await seriousFaults(page), [], language)
    for (const scheme of ['dark', 'light'] as const) {
      t.same(await faultsInForcedColours(page, scheme), [], `${language}, forced colours, ${scheme}`)
    }
    const unsaid = await page.evaluate<string[]>(`[...document.querySelectorAll('[data-sample]')]
      .filter((tile) => tile.querySelector('.icon') === null || tile.textContent.trim().length < 8)
      .map(({ dataset }) => dataset.sample)`)
    t.same(unsaid, [], `${language}: every tile has its icon and its words`)
    // Steps of opening are what comes next by themselves.
    const silent = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll('[data-sample]:not([data-sample^=empty])')]
      .filter((tile) => !/\\d:\\d\\d|\\d ?s\\b/.test(tile.textContent) ||
        tile.querySelector('button:not(.tile-remove), .tile-steps') === null)
      .map(({ dataset }) => dataset.sample)`)
    t.same(silent, [], `${language}: since when, and what can be done`)
    const cut = await page.evaluate<string[]>(`[...document.querySelectorAll('[data-sample]')]
      .filter((tile) => tile.scrollHeight > tile.clientHeight || tile.scrollWidth > tile.clientWidth)
      .map(({ dataset }) => dataset.sample)`)
    t.same(cut, [], `${language}: nothing is cut off, in large tiles and in small ones`)
    await page.locator('header button[lang]').click()
  }
  await badgesAreToldApart(t, page)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const moving = await page.evaluate<string[]>(`[...document.querySelectorAll('*')]
    .filter((element) => getComputedStyle(element).animationName !== 'none').map(({ className }) => String(className))`)
  t.same(moving, [], 'nothing moves for who wants it still')
  t.same(faults, [])
  await page.context().close()
})
