import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { z } from 'zod'

/**
 * Takes the pictures of the guides anew from a running demo, in both languages:
 * `./scripts/up --demo`, and beside it `node scripts/guide-pictures.ts`.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    data: { type: 'string', default: 'data/demo' },
    out: { type: 'string', default: 'docs/guide/images' },
  },
})
const read = (file: string): unknown => JSON.parse(readFileSync(join(resolve(values.data), file), 'utf8'))
const { adminPassword, peoplePassword } = z
  .object({ adminPassword: z.string(), peoplePassword: z.string() })
  .parse(read('sign-in.json'))
const { invitations } = z
  .object({ invitations: z.record(z.string(), z.looseObject({ url: z.url() })) })
  .parse(read('township.json'))

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const DESK: BrowserContextOptions = { viewport: { width: 1366, height: 768 } }
/** 东街口网格: of patrol-dongjie. */
const LEADS_CELL = '990123101001001'
/** 粮站, whose owner has agreed. */
const OWNED = 'liangzhan'

/** A demo that has just begun raises its first alarm in the lead's cell within this time. */
const FIRST_ALARM_MS = 180_000

interface Picture {
  name: string
  /** Undefined: comes by an invitation. */
  username: string | undefined
  path: string
  options: BrowserContextOptions
  /** Until there is something to see. */
  ready(page: Page): Promise<unknown>
}

const PICTURES: readonly Picture[] = [
  {
    name: 'operator',
    username: 'operator',
    path: '/wall',
    options: DESK,
    ready: async (page) => {
      await page.locator('.case-row').first().click({ timeout: FIRST_ALARM_MS })
      // Not every case has a picture; the first of a fresh demo does.
      const picture = page.locator('.duty-column .one-picture')
      if ((await picture.count()) > 0) await page.locator('.one-picture[data-state="live"]').waitFor()
      for (const tile of [1, 2, 3, 4]) await page.locator(`[data-tile="${tile}"][data-state="live"]`).waitFor()
    },
  },
  {
    name: 'installer',
    username: 'installer',
    path: '/install',
    options: PHONE,
    ready: (page) => page.locator('.found li').nth(2).waitFor(),
  },
  {
    name: 'patrol-lead',
    username: 'patrol-dongjie',
    path: '/patrol',
    options: PHONE,
    ready: async (page) => {
      const duty = page.locator('.duty')
      await page.locator('.duty:enabled').waitFor()
      if ((await duty.getAttribute('aria-pressed')) === 'false') await duty.tap()
      const sound = page.getByRole('button', { name: /点按开启|tap to turn it on/ })
      if (await sound.isVisible()) await sound.tap()
      await page.getByText(/无信号时也能打开|opens without a signal/).waitFor({ state: 'attached' })
      await dispatchOne(page)
      await page.locator('.patrol-card').first().waitFor()
    },
  },
  {
    name: 'feed-owner',
    username: undefined,
    path: `/owner${new URL(invitations[OWNED]?.url ?? values.url).hash}`,
    options: PHONE,
    ready: (page) => page.locator('.owner-active ~ .owner-still img:not([hidden])').first().waitFor(),
  },
  {
    name: 'auditor',
    username: 'auditor',
    path: '/audit',
    options: DESK,
    ready: async (page) => {
      await page.locator('.verification button').click()
      await page.locator('.verification .icon-ok').waitFor()
      await page.locator('tbody tr').first().waitFor()
    },
  },
  {
    name: 'administrator',
    username: 'admin',
    path: '/health',
    options: DESK,
    ready: (page) => page.locator('.health-row').first().waitFor(),
  },
]

const ASK_EVERY_MS = 1_000

const Waiting = z.looseObject({ id: z.string(), legal: z.array(z.string()) })

/** The centre sends the lead a case of the lead's cell, unless one is there already. */
async function dispatchOne(leadsPage: Page): Promise<void> {
  if ((await leadsPage.locator('.patrol-card').count()) > 0) return
  const { origin } = new URL(values.url)
  const body = JSON.stringify({ username: 'operator', password: peoplePassword })
  const json = { 'content-type': 'application/json' }
  const session = await fetch(`${origin}/api/v1/session`, { method: 'POST', headers: json, body })
  const { csrfToken } = z.looseObject({ csrfToken: z.string() }).parse(await session.json())
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
  const headers = { ...json, cookie, 'x-csrf-token': csrfToken }
  const next = async (): Promise<z.infer<typeof Waiting> | undefined> => {
    const list = await fetch(`${origin}/api/v1/cases?state=open&cell=${LEADS_CELL}`, { headers })
    const { items } = z.looseObject({ items: z.array(Waiting) }).parse(await list.json())
    // Also one that came back to the centre, since nobody accepts what is on a picture.
    return items.find(({ legal }) => legal.includes('acknowledge') || legal.includes('dispatch'))
  }
  const giveUpAt = performance.now() + FIRST_ALARM_MS
  let waiting = await next()
  while (waiting === undefined && performance.now() < giveUpAt) {
    await setTimeout(ASK_EVERY_MS)
    waiting = await next()
  }
  if (waiting === undefined) throw new Error(`no alarm came in ${LEADS_CELL} within ${FIRST_ALARM_MS / 1000} s`)
  for (const action of waiting.legal.includes('acknowledge') ? ['acknowledge', 'dispatch'] : ['dispatch']) {
    const act = JSON.stringify({ action, idempotencyKey: randomUUID() })
    const answer = await fetch(`${origin}/api/v1/cases/${waiting.id}/actions`, { method: 'POST', headers, body: act })
    if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`)
  }
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
for (const { name, username, path, options, ready } of PICTURES) {
  for (const [suffix, language] of [
    ['zh', 'zh-CN'],
    ['en', 'en'],
  ] as const) {
    const context = await browser.newContext({ locale: language, ...options })
    await context.addInitScript(`localStorage['gridlight.language'] = '${language}'`)
    const page = await context.newPage()
    if (username !== undefined) {
      await page.goto(values.url)
      await page.locator('input[name=username]').fill(username)
      await page.locator('input[name=password]').fill(username === 'admin' ? adminPassword : peoplePassword)
      await page.locator('button[type=submit]').click()
      await page.locator('header.header').waitFor()
    }
    await page.goto(`${values.url}${path}`)
    await ready(page)
    const file = join(resolve(values.out), `${name}-${suffix}.jpg`)
    await page.screenshot({ path: file, type: 'jpeg', quality: 80 })
    process.stdout.write(`${file}\n`)
    await context.close()
  }
}
await browser.close()
