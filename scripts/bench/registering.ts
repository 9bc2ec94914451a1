import { resolve } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { launch, openPage, PHONE } from '../../test/e2e/browser.ts'
import { signInAs } from '../../test/e2e/journeys.ts'
import { seedTownship } from '../virtual-township/seed.ts'
import { startTownship, type Township } from '../virtual-township/township.ts'
import type { VirtualCamera } from '../virtual-township/virtual-camera/virtual-camera.ts'
import { PASSWORD, post, startGateway } from './whole-gateway.ts'

/**
 * A camera of every make of the virtual township, registered by the API and then by the console on a phone: taps and
 * seconds. A field that is typed in counts as a tap unless it has the focus already; the seconds are the product's, for
 * the fingers are a program's. The console must be built. Best in a network of its own.
 *
 * usage: npm run bench:registering
 */
const STEP_MS = 60_000
const FOCUS_MS = 300

/** Counts what an installer does. */
class Hand {
  taps = 0
  /** Taps of these that only put the finger into a field. */
  fields = 0

  async tap(place: Locator): Promise<void> {
    this.taps += 1
    await place.first().tap({ timeout: STEP_MS })
  }

  async type(place: Locator, text: string): Promise<void> {
    await place.waitFor({ timeout: STEP_MS })
    // A page that gives a field the focus does so just after it is there.
    const focused = place.and(place.page().locator(':focus'))
    const hasFocus = await focused.waitFor({ timeout: FOCUS_MS }).then(
      () => true,
      () => false,
    )
    if (!hasFocus) {
      this.fields += 1
      await this.tap(place)
    }
    await place.fill(text)
  }
}

const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true })
const choice = (page: Page, text: string): Locator => page.getByText(text, { exact: true })

/** From the open page to the details: a device that was found, or its streams where it has no ONVIF. */
async function chooseDevice(page: Page, hand: Hand, { device, found }: VirtualCamera): Promise<void> {
  const { username, password } = device
  await hand.tap(button(page, '按当前位置选网格'))
  await page.locator('select:has(option:checked:not([value=""]))').first().waitFor()
  if (found.onvif !== null) {
    await hand.tap(page.locator('.found button', { hasText: found.onvif }))
    await hand.type(page.getByLabel('设备用户名'), username)
    await hand.type(page.getByLabel('设备密码'), password)
    await hand.tap(button(page, '测试'))
    await hand.tap(button(page, /^登记“/))
    return
  }
  await hand.tap(page.getByText('没有 ONVIF'))
  await hand.type(page.getByLabel('主码流地址'), found.channels[0]?.mainUri ?? '')
  const form = page.locator('details form')
  await hand.type(form.getByLabel('设备用户名'), username)
  await hand.type(form.getByLabel('设备密码'), password)
  await hand.tap(form.getByRole('button', { name: '下一步' }))
}

interface Row {
  make: string
  apiSeconds: number
  taps: number
  fields: number
  registeredSeconds: number
  liveSeconds: number
}

async function byConsole(
  browser: Browser,
  url: string,
  camera: VirtualCamera,
): Promise<Omit<Row, 'make' | 'apiSeconds'>> {
  const [channel] = camera.device.channels
  if (channel === undefined) throw new Error(`${camera.device.id} has no channel`)
  const { lon: longitude, lat: latitude } = channel.position
  const { page } = await openPage(browser, {
    ...PHONE,
    permissions: ['geolocation'],
    geolocation: { longitude, latitude },
  })
  await signInAs(page, url, 'installer', PASSWORD)
  const hand = new Hand()
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1000
  await chooseDevice(page, hand, camera)
  await hand.type(page.getByLabel('名称'), channel.name)
  await hand.tap(choice(page, '不是'))
  await hand.tap(choice(page, '条例第七条公共场所'))
  await hand.tap(choice(page, '公共'))
  await hand.tap(button(page, '使用当前位置'))
  await page.getByText('经度').first().waitFor()
  await hand.tap(button(page, '登记'))
  const party = page.getByLabel('权属单位或业主名称')
  await party.waitFor({ timeout: STEP_MS })
  const registeredSeconds = seconds()
  await hand.type(party, '镇政府')
  await hand.type(page.getByLabel('联系人及电话'), '办公室')
  await hand.tap(button(page, '接入'))
  await page.locator('.one-picture[data-state=live]').waitFor({ timeout: STEP_MS })
  const row = { taps: hand.taps, fields: hand.fields, registeredSeconds, liveSeconds: seconds() }
  await page.context().close()
  return row
}

/** Registers a camera and takes it away again, so that the console finds it new. @returns seconds of the registration */
async function byApi(url: string, headers: Record<string, string>, { device, found }: VirtualCamera): Promise<number> {
  const [channel] = device.channels
  const { username, password } = device
  const login = { username, password }
  const source =
    found.onvif === null
      ? { kind: 'rtsp', mainUri: found.channels[0]?.mainUri, ...login }
      : { kind: 'onvif', address: found.onvif, ...login }
  const request = { name: device.id, cellCode: channel?.cellCode, placeClass: 'article-7', ownership: 'public', source }
  const startedAt = performance.now()
  const { id } = await post<{ id: string }>(`${url}/api/v1/cameras`, headers, request)
  const seconds = (performance.now() - startedAt) / 1000
  const removed = await fetch(`${url}/api/v1/cameras/${id}`, { method: 'DELETE', headers })
  if (!removed.ok) throw new Error(`DELETE: ${await removed.text()}`)
  return seconds
}

async function signInByApi(url: string): Promise<Record<string, string>> {
  const answer = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  })
  const { csrfToken } = (await answer.json()) as { csrfToken: string } // the bench's own gateway
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', 'x-csrf-token': csrfToken }
}

async function registerAll(url: string, township: Township, signal: AbortSignal): Promise<Row[]> {
  const data = { ...township.data, devices: [], panels: [] }
  await seedTownship({ baseUrl: url, adminPassword: PASSWORD, peoplePassword: PASSWORD, data, found: [], signal })
  const headers = await signInByApi(url)
  const browser = await launch()
  const rows: Row[] = []
  try {
    for (const camera of township.cameras) {
      const apiSeconds = await byApi(url, headers, camera)
      rows.push({ make: camera.device.make, apiSeconds, ...(await byConsole(browser, url, camera)) })
    }
  } finally {
    await browser.close()
  }
  return rows
}

const stop = new AbortController()
const gateway = await startGateway()
const township = await startTownship({
  mediaDir: resolve(import.meta.dirname, '../../node_modules/.cache/virtual-township'),
  signal: stop.signal,
  addressBase: '127.0.67.0',
  ports: 'free',
  loopSeconds: 4,
})
try {
  const rows = await registerAll(gateway.url, township, stop.signal)
  console.log(
    '| make | API, s | console, taps | of these into fields | registered after, s | picture after, s |\n|---|---|---|---|---|---|',
  )
  for (const { make, apiSeconds, taps, fields, registeredSeconds, liveSeconds } of rows) {
    const figures = [apiSeconds.toFixed(1), taps, fields, registeredSeconds.toFixed(1), liveSeconds.toFixed(1)]
    console.log(`| ${make} | ${figures.join(' | ')} |`)
  }
} finally {
  stop.abort()
  await township.close()
  gateway.child.kill()
}
