import { gzipSync } from 'node:zlib'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

/** What a page counted of itself, milliseconds; names as web.dev has them. */
export interface Vitals {
  lcpMs: number
  cls: number
  /** The longest event of each interaction, those of at least 16 ms. */
  interactionsMs: number[]
}

/** For `addInitScript`. */
export const VITALS = `(() => {
  const vitals = { lcpMs: 0, cls: 0 }
  const longest = new Map()
  const watch = (type, more, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more })
  // Of the shell: when each camera's picture came is a figure of its own.
  watch('largest-contentful-paint', {}, ({ startTime, element }) => {
    if (element?.localName !== 'video') vitals.lcpMs = startTime
  })
  watch('layout-shift', {}, ({ value, hadRecentInput }) => { if (!hadRecentInput) vitals.cls += value })
  watch('event', { durationThreshold: 16 }, ({ interactionId, duration }) => {
    if (interactionId > 0) longest.set(interactionId, Math.max(longest.get(interactionId) ?? 0, duration))
  })
  window.vitals = () => ({ ...vitals, interactionsMs: [...longest.values()] })
})()`

/** A middling phone on 4G: CPU four times slower than this machine's, 9 Mbit/s, 85 ms there and back. */
export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
export async function slowDown(context: BrowserContext, page: Page): Promise<void> {
  const devtools = await context.newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await devtools.send('Network.enable')
  const bytesPerSecond = (9 * 1_000_000) / 8
  await devtools.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: 85, downloadThroughput: bytesPerSecond, uploadThroughput: bytesPerSecond },
  })
}

/** JavaScript that the page has fetched, gzip. */
export async function scriptBytes(page: Page): Promise<number> {
  const files = await page.evaluate<string[]>(
    `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js'))`,
  )
  let bytes = 0
  for (const file of new Set(files)) bytes += gzipSync(await (await fetch(file)).bytes()).length
  return bytes
}

/** The page's INP: the slowest interaction but one in fifty. @param count of all interactions, also the quick ones */
export const inpMs = (interactionsMs: readonly number[], count: number): number =>
  interactionsMs.toSorted((a, b) => b - a)[Math.floor(count / 50)] ?? 0
