import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { z } from 'zod'
import { LAYOUTS } from '../../gateway/contracts/wall.ts'
import { inpMs, PHONE, scriptBytes, slowDown, VITALS, type Vitals } from './vitals.ts'
import { SAMPLER, type WallSample } from './wall-sampler.ts'
import { PASSWORD, startGateway } from './whole-gateway.ts'

/**
 * A wall in Chromium for so many minutes: LCP, CLS, INP and JavaScript of the page, first frame of each tile cold and warm, age of the
 * pictures, dropped frames, time without a moving picture, and whether the page's heap grows; then LCP and JavaScript of the
 * patrol's page on a slow phone. The console must be built. One camera stands on several tiles, each with a view and a
 * decoder of its own.
 *
 * usage: npm run bench:wall -- [MINUTES] [--tiles 16] [--browser /usr/bin/chromium]
 */
const PUBLIC_DEVICES = ['cam-dongjie', 'cam-qiaotou', 'cam-guangchang', 'cam-weishengyuan']
const PUBLIC_CAMERAS = ['dongjiekou', 'qiaotou', 'zhenguangchang', 'weishengyuan']
const ALL_LIVE_MS = 60_000
/** The heap of the first minute fills with what a wall keeps. */
const WARM_UP_MS = 60_000
const HEAP_EVERY_MS = 15_000
const KEYS_EVERY_MS = 5_000
/** Nothing bigger is painted after so long. */
const PAINTED_AFTER_MS = 3_000

const Seeded = z.looseObject({ event: z.string(), cameraIds: z.record(z.string(), z.string()).optional() })

await main()

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback)
}

async function main(): Promise<void> {
  const minutes = Number(process.argv.slice(2).find((argument) => /^[\d.]+$/.test(argument)) ?? 1)
  const layout = LAYOUTS.find((one) => one === Number(option('tiles', '16')))
  if (layout === undefined) throw new Error(`--tiles: one of ${LAYOUTS.join(' ')}`)
  const gateway = await startGateway()
  const { township, cameraIds } = await startSeededTownship(gateway.url)
  const browser = await chromium.launch({
    executablePath: option('browser', '/usr/bin/chromium'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  try {
    const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } })
    const page = await context.newPage()
    const tiles = Array.from({ length: layout }, (_, at) => ({
      kind: 'camera',
      cameraId: cameraIds[PUBLIC_CAMERAS[at % PUBLIC_CAMERAS.length] ?? ''],
    }))
    await page.addInitScript(`localStorage['gridlight.wall'] = '${JSON.stringify({ layout, tiles })}'`)
    await page.addInitScript(SAMPLER)
    await signIn(page, gateway.url, 'operator')
    const last = page.locator('[data-state=live]').nth(layout - 1)
    const allLive = (): Promise<void> =>
      last.waitFor({ timeout: ALL_LIVE_MS }).catch(() => console.log('not all tiles were live at once'))
    // Nobody watched these cameras before: their next key frames are waited for, all of them in step.
    await allLive()
    const { firstFrameMs: cold } = await page.evaluate<WallSample>('window.wallSample()')
    await page.addInitScript(VITALS)
    await page.reload()
    await allLive()
    const scripts = await scriptBytes(page)
    const typing = typeOnAndOff(page, minutes * 60_000)
    const heaps = await watchHeap(page, minutes * 60_000)
    const keys = await typing
    const vitals = await page.evaluate<Vitals>('window.vitals()')
    const sample = await page.evaluate<WallSample>('window.wallSample()')
    await context.close()
    report(layout, minutes, { ...sample, cold }, heaps)
    reportPage({ vitals, keys, scripts, phone: await onPhone(browser, gateway.url) })
  } finally {
    await browser.close()
    township.kill('SIGTERM')
    gateway.child.kill('SIGTERM')
  }
}

async function signIn(page: Page, url: string, username: string): Promise<void> {
  await page.goto(url)
  await page.locator('input[name=username]').fill(username)
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('button[type=submit]').click()
  await page.locator('header.header').waitFor()
}

/** An operator who chooses tiles, searches and lets it be, over and over. @returns how many keys were pressed */
async function typeOnAndOff(page: Page, forMs: number): Promise<number> {
  const startedAt = performance.now()
  for (let keys = 0; ; ) {
    for (const key of ['Digit2', 'ArrowRight', 'Slash', 'KeyD', 'Backspace', 'Escape']) {
      await page.keyboard.press(key)
      keys += 1
    }
    if (performance.now() - startedAt + KEYS_EVERY_MS >= forMs) return keys
    await delay(KEYS_EVERY_MS)
  }
}

async function onPhone(browser: Browser, url: string): Promise<{ lcpMs: number; scripts: number }> {
  const context = await browser.newContext(PHONE)
  const page = await context.newPage()
  await signIn(page, url, 'patrol-dongjie')
  await page.addInitScript(VITALS)
  await slowDown(context, page)
  await page.reload()
  await page.locator('.duty').waitFor()
  await delay(PAINTED_AFTER_MS)
  const { lcpMs } = await page.evaluate<Vitals>('window.vitals()')
  const scripts = await scriptBytes(page)
  await context.close()
  return { lcpMs, scripts }
}

/** The heap after a collection, again and again, by minutes since the beginning. */
async function watchHeap(page: Page, forMs: number): Promise<{ minute: number; bytes: number }[]> {
  const devtools = await page.context().newCDPSession(page)
  const heaps: { minute: number; bytes: number }[] = []
  const startedAt = performance.now()
  for (;;) {
    const elapsedMs = performance.now() - startedAt
    await devtools.send('HeapProfiler.collectGarbage')
    const { usedSize } = await devtools.send('Runtime.getHeapUsage')
    if (elapsedMs >= Math.min(WARM_UP_MS, forMs / 4)) heaps.push({ minute: elapsedMs / 60_000, bytes: usedSize })
    if (elapsedMs >= forMs) return heaps
    await delay(Math.min(HEAP_EVERY_MS, forMs - elapsedMs))
  }
}

async function startSeededTownship(baseUrl: string) {
  const root = join(import.meta.dirname, '../..')
  const township: ChildProcess = spawn(
    process.execPath,
    [
      join(root, 'scripts/virtual-township/main.ts'),
      '--quiet',
      ...['--media', join(root, 'node_modules/.cache/virtual-township')],
      ...['--address', '127.0.63.0', '--ports', 'free'],
      ...PUBLIC_DEVICES.flatMap((device) => ['--only', device]),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  if (township.stdout === null) throw new Error('the township has no output')
  for await (const line of createInterface({ input: township.stdout })) {
    const event = Seeded.parse(JSON.parse(line))
    if (event.event === 'ready') {
      const command = { do: 'seed', baseUrl, adminPassword: PASSWORD, peoplePassword: PASSWORD }
      township.stdin?.write(`${JSON.stringify(command)}\n`)
    } else if (event.event === 'seeded' && event.cameraIds !== undefined) {
      township.stdout.resume()
      return { township, cameraIds: event.cameraIds }
    } else if (event.event === 'failed' || event.event === 'error') throw new Error(line)
  }
  await once(township, 'exit')
  throw new Error('the township has ended')
}

interface PageFigures {
  vitals: Vitals
  keys: number
  scripts: number
  phone: { lcpMs: number; scripts: number }
}

/** console.md §3: what the page itself is held to. */
function reportPage({ vitals, keys, scripts, phone }: PageFigures): void {
  const kilo = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
  const lines: [string, string, string][] = [
    ['LCP, wall', `${vitals.lcpMs.toFixed(0)} ms`, '1500 ms'],
    ['CLS, wall', vitals.cls.toFixed(3), '0.05'],
    [`INP, wall, ${keys} keys`, `${inpMs(vitals.interactionsMs, keys)} ms`, '200 ms'],
    ['JavaScript, wall, gzip', kilo(scripts), '250 kB'],
    ['LCP, patrol page on a slow phone', `${phone.lcpMs.toFixed(0)} ms`, '2500 ms'],
    ['JavaScript, patrol page, gzip', kilo(phone.scripts), '120 kB'],
  ]
  for (const [what, value, most] of lines) console.log(`${what.padEnd(42)}${value.padEnd(12)}at most ${most}`)
}

function report(
  tiles: number,
  minutes: number,
  sample: WallSample & { cold: number[] },
  heaps: { minute: number; bytes: number }[],
): void {
  const at = (values: number[], share: number): number =>
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
  const mega = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`
  const [first, last] = [heaps[0], heaps.at(-1)]
  const lines: [string, string][] = [
    ['tiles, minutes', `${tiles}, ${minutes}`],
    ...Object.entries({ cold: sample.cold, warm: sample.firstFrameMs }).map(([how, ms]): [string, string] => [
      `first frame ${how}, p50 / p95 / all`,
      [0.5, 0.95, 1].map((share) => `${at(ms, share).toFixed(0)} ms`).join(' / '),
    ]),
    ['frame age p50 / p95', [0.5, 0.95].map((share) => `${at(sample.agesS, share).toFixed(2)} s`).join(' / ')],
    ['frames painted a second and tile', (sample.painted / sample.seconds / tiles).toFixed(1)],
    ['frames dropped', `${((100 * sample.dropped) / Math.max(1, sample.decoded)).toFixed(2)} %`],
    ['time without a moving picture, said so', `${((100 * sample.saidSeconds) / sample.seconds / tiles).toFixed(2)} %`],
    ['time without one, called live', `${((100 * sample.unsaidSeconds) / sample.seconds / tiles).toFixed(2)} %`],
    ['heap after collection, first / last', `${mega(first?.bytes ?? 0)} / ${mega(last?.bytes ?? 0)}`],
    ['heap slope', `${mega(slope(heaps))} a minute`],
  ]
  for (const [what, value] of lines) console.log(`${what.padEnd(42)}${value}`)
}

/** Least squares, bytes a minute. */
function slope(points: readonly { minute: number; bytes: number }[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [middle, level] = [mean(points.map(({ minute }) => minute)), mean(points.map(({ bytes }) => bytes))]
  const spread = points.reduce((sum, { minute }) => sum + (minute - middle) ** 2, 0)
  return spread === 0
    ? 0
    : points.reduce((sum, { minute, bytes }) => sum + (minute - middle) * (bytes - level), 0) / spread
}
