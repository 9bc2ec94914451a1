import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { lacksFfmpeg } from '../virtual-township/running.ts'

/** Debian's: unlike the bundled ones it plays H.264. */
const CHROMIUM = '/usr/bin/chromium'

/** A reason to skip the journeys, or false. */
export const lacksBrowser: string | false = existsSync(CHROMIUM) ? lacksFfmpeg : `${CHROMIUM} is not installed`

export const launch = (more: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', ...more],
  })

export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
export const WALL: BrowserContextOptions = { viewport: { width: 1920, height: 1080 } }
export const DESK: BrowserContextOptions = { viewport: { width: 1366, height: 768 } }

/** For `locator.evaluate`: the page's own names are not known on this side. @param body reads `element` */
export const onElement = <T>(body: string): ((element: unknown) => T) =>
  // Cast: whoever writes the body says what it returns.
  new Function('element', body) as (element: unknown) => T

/** A page of a person of their own, and what its console complained of. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions,
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ locale: 'zh-CN', ...options })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('response', (response) => {
    if (response.status() === 400) faults.push(`asked what the gateway does not take: ${response.url()}`)
  })
  page.on('console', (message) => {
    // Chromium reports each refused request too; what they mean is on the screen.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  return { page, faults }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** console.md §3: what a mouse must hit, and what a finger must, CSS pixels. */
export const MOUSE_TARGET_PX = 24
export const FINGER_TARGET_PX = 48
/** WCAG 1.4.10: as narrow as a page may get; and a desk's window at 200 %. */
const REFLOW_WIDTHS_PX = [320, 683]

/**
 * Controls that are smaller than `px` in one direction. A control's label belongs to it; a link amid words has the height
 * of its line (WCAG 2.5.8, inline).
 */
const SMALL_TARGETS = `(px) => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((control) => control.checkVisibility({ visibilityProperty: true }) && control.closest('.sr-only') === null)
  .map((control) => control.closest('label') ?? control)
  .filter((place) => !(place.localName === 'a' && getComputedStyle(place).display === 'inline'))
  .flatMap((place) => {
    const { width, height } = place.getBoundingClientRect()
    if (width === 0 || (width >= px - 0.5 && height >= px - 0.5)) return []
    return [Math.round(width) + ' x ' + Math.round(height) + ': ' + (place.ariaLabel ?? place.textContent.trim())]
  })`

const EXCESS_WIDTH = 'document.documentElement.scrollWidth - innerWidth'

/**
 * What would keep somebody from using this page: what axe finds, targets that are too small, and sideways scrolling, as it
 * stands and, in English, whose words are the longer ones, as narrow as it may get.
 */
export async function pageFaults(page: Page, targetPx: number): Promise<string[]> {
  const faults = await seriousFaults(page)
  faults.push(...(await page.evaluate<string[]>(`(${SMALL_TARGETS})(${targetPx})`)))
  const size = page.viewportSize() ?? { width: 0, height: 0 }
  const isEnglish = await page.evaluate<boolean>(`document.documentElement.lang === 'en'`)
  for (const width of isEnglish ? [size.width, ...REFLOW_WIDTHS_PX] : [size.width]) {
    if (width !== size.width) await page.setViewportSize({ ...size, width })
    const excess = await page.evaluate<number>(EXCESS_WIDTH)
    if (excess > 0) faults.push(`${excess} px too wide at ${width}`)
  }
  if (isEnglish) await page.setViewportSize(size)
  return faults
}

/** The same axe in a palette of a person's own. */
export async function faultsInForcedColours(page: Page, colorScheme: 'dark' | 'light'): Promise<string[]> {
  await page.emulateMedia({ forcedColors: 'active', colorScheme })
  const faults = await seriousFaults(page)
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'no-preference' })
  return faults
}

/** What axe finds wrong with the page as it stands, of serious impact or worse. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return await page.evaluate<string[]>(`axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`)
}
