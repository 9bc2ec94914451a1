import { gzipSync } from 'node:zlib'
import { CameraHealth } from '../../gateway/contracts/camera-health.ts'
import { page as pageOf } from '../../gateway/contracts/common.ts'
import { DESK, PHONE, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { coveredPictures, textOf } from './journeys.ts'
import { browserTests } from './scene.ts'

/** console.md §3: JavaScript that a page fetches before anybody taps, gzip. */
const PHONE_JS_BYTES = 120_000
const DESK_JS_BYTES = 250_000
/** What a phone's network is asked to carry. */
const LIVE_BITS_PER_SECOND = 500_000
const LEAD = 'patrol-dongjie'
/** Where the panel of the journeys hangs. */
const PLACE = '东街口'

const test = browserTests(() => startGateway('127.0.78.0'))

test('a patrol lead sees the place, answers in a dead zone, and opens the page there', async (t, {
  gateway,
  person,
}) => {
  const centre = await person('operator', DESK)
  const { page, faults } = await person(LEAD, PHONE)
  await page.getByRole('button', { name: '上班' }).tap()
  const check = page.locator('.self-test')
  await check.getByText('与网关连接正常').waitFor({ state: 'attached' })
  await check.getByText('声音已打开').waitFor({ state: 'attached' })
  await check.getByText('无信号时也能打开本页').waitFor({ state: 'attached', timeout: 20_000 })

  const text = '仓库求助'
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text })
  await centre.page.locator('.case-row', { hasText: text }).click()
  await centre.page.keyboard.press('KeyA')
  await centre.page.locator('.drawer[data-step="opened"]').waitFor()
  await centre.page.keyboard.press('KeyD')
  const card = page.locator('.patrol-card', { hasText: text })
  await card.waitFor()
  t.match(await card.getByRole('link', { name: '导航' }).getAttribute('href'), /^geo:29\.\d+,119\.\d+$/)
  const step = card.getByRole('button', { name: '签收', exact: true })
  const stepAt = await step.boundingBox()
  await card.getByRole('button', { name: '看现场' }).tap()
  await card.locator('.one-picture[data-state=live]').waitFor({ timeout: 20_000 })
  t.same(await step.boundingBox(), stepAt, 'the next step stays under the thumb')
  await card.locator('.tile-live-words', { hasText: '实时' }).waitFor()
  t.same(await coveredPictures(page), [], 'and what the camera wrote into its picture can be read')
  await card.getByRole('button', { name: '留一张静图' }).tap()
  await card.locator('.still').waitFor()
  await page.evaluate('document.querySelector(".still img").decode()')
  t.match(await textOf(card.locator('.still')), /静图，\d{2}:\d{2}:\d{2}/, 'a still says of when it is')
  const health = await centre.page.request.get(`${gateway.baseUrl}/api/v1/health/cameras?limit=200`)
  const seen = pageOf(CameraHealth)
    .parse(await health.json())
    .items.find(({ name }) => name === PLACE)
  const sub = seen?.streams.find(({ role }) => role === 'sub')
  t.comment(`live picture of ${Math.round((sub?.bitrateBps ?? 0) / 1000)} kbit/s`)
  t.equal(sub?.state, 'live', 'it is the sub stream')
  t.ok((sub?.bitrateBps ?? 0) <= LIVE_BITS_PER_SECOND)
  t.same(await seriousFaults(page), [])

  await page.context().setOffline(true)
  for (const button of ['签收', '前往']) await card.getByRole('button', { name: button, exact: true }).tap()
  await page.getByText('2 条已保存').waitFor()
  await page.reload()
  await page.getByText('无法连接网关').waitFor()
  await page.getByText('2 条已保存').waitFor()
  t.same(await seriousFaults(page), [], 'without a network')
  await page.context().setOffline(false)
  await page.locator('.patrol-card[data-phase="en-route"]').waitFor({ timeout: 20_000 })
  await centre.page.locator('.drawer', { hasText: '前往' }).waitFor({ timeout: 20_000 })

  const kept = await page.evaluate<string[]>(`(async () => {
    const kept = []
    for (const name of await caches.keys())
      for (const { url } of await (await caches.open(name)).keys()) kept.push(new URL(url).pathname)
    return kept
  })()`)
  t.ok(kept.includes('/patrol'))
  t.same(
    kept.filter(
      (path) => path !== '/patrol' && !path.startsWith('/assets/') && !/^\/[\w.-]+\.(svg|png|webmanifest)$/.test(path),
    ),
    [],
    'no answer of the API and no picture stays on the phone',
  )
  t.equal(
    await page.evaluate(`navigator.serviceWorker.getRegistrations().then(([one]) => new URL(one.scope).pathname)`),
    '/patrol',
  )
  t.same(faults, [])
})

test('what a page fetches before anybody taps', async (t, { gateway, person, somebody }) => {
  const budgets = [
    { username: LEAD, path: '/patrol', options: PHONE, limit: PHONE_JS_BYTES },
    { username: 'installer', path: '/install', options: PHONE, limit: PHONE_JS_BYTES },
    { username: 'operator', path: '/wall', options: DESK, limit: DESK_JS_BYTES },
  ]
  for (const { username, path, options, limit } of budgets) {
    const { page } = await person(username, options)
    await page.goto(`${gateway.baseUrl}${path}`)
    await page.locator('main').waitFor()
    await page.waitForLoadState('load')
    const files = await page.evaluate<string[]>(
      `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.js'))`,
    )
    let bytes = 0
    for (const file of new Set(files)) bytes += gzipSync(await (await fetch(file)).bytes()).length
    t.comment(`${path}: ${(bytes / 1000).toFixed(1)} kB of ${files.length} files`)
    t.ok(bytes > 20_000 && bytes <= limit, path)
    t.ok(
      files.every((file) => file.startsWith(gateway.baseUrl)),
      'from nowhere else',
    )
    await page.context().close()
  }
  const { page } = await somebody(PHONE)
  await page.goto(`${gateway.baseUrl}/owner`)
  t.match(await textOf(page.locator('main')), /./)
})
