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

/** What axe finds wrong with the page as it stands, of serious impact or worse. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  return await page.evaluate<string[]>(`axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`)
}
