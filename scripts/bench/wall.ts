import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium, type Page } from 'playwright-core'
import { z } from 'zod'
import { LAYOUTS } from '../../gateway/contracts/wall.ts'
import { SAMPLER, type WallSample } from './wall-sampler.ts'
import { PASSWORD, startGateway } from './whole-gateway.ts'

/**
 * A wall in Chromium for so many minutes: first frame of each tile, age of the pictures, dropped frames, time without a
 * moving picture, and whether the page's heap grows. The console must be built. One camera stands on several tiles, each
 * with a view and a decoder of its own.
 *
 * usage: npm run bench:wall -- [MINUTES] [--tiles 16] [--browser /usr/bin/chromium]
 */
const PUBLIC_DEVICES = ['cam-dongjie', 'cam-qiaotou', 'cam-guangchang', 'cam-weishengyuan']
const PUBLIC_CAMERAS = ['dongjiekou', 'qiaotou', 'zhenguangchang', 'weishengyuan']
const ALL_LIVE_MS = 60_000
/** The heap of the first minute fills with what a wall keeps. */
const WARM_UP_MS = 60_000
const HEAP_EVERY_MS = 15_000

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
    await signIn(page, gateway.url)
    const last = page.locator('[data-state=live]').nth(layout - 1)
    await last.waitFor({ timeout: ALL_LIVE_MS }).catch(() => console.log('not all tiles were live at once'))
    const heaps = await watchHeap(page, minutes * 60_000)
    report(layout, minutes, await page.evaluate<WallSample>('window.wallSample()'), heaps)
  } finally {
    await browser.close()
    township.kill('SIGTERM')
    gateway.child.kill('SIGTERM')
  }
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.locator('input[name=username]').fill('operator')
  await page.locator('input[name=password]').fill(PASSWORD)
  await page.locator('button[type=submit]').click()
  await page.locator('[data-tile]').first().waitFor()
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

function report(tiles: number, minutes: number, sample: WallSample, heaps: { minute: number; bytes: number }[]): void {
  const at = (values: number[], share: number): number =>
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
  const mega = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`
  const [first, last] = [heaps[0], heaps.at(-1)]
  const lines: [string, string][] = [
    ['tiles, minutes', `${tiles}, ${minutes}`],
    [
      'first frame p50 / p95 / all',
      [0.5, 0.95, 1].map((share) => `${at(sample.firstFrameMs, share).toFixed(0)} ms`).join(' / '),
    ],
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
