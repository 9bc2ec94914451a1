import type { Page } from 'playwright-core'
import { seedTownship } from '../../scripts/virtual-township/seed.ts'
import { FINGER_TARGET_PX, PHONE, pageFaults } from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { arrangeWall, setLanguage } from './journeys.ts'
import { browserTests } from './scene.ts'

const test = browserTests(async () => {
  const gateway = await startGateway('127.0.94.0')
  await linkPrivate(gateway)
  return gateway
})

/** The camera that nobody has registered, with the consent of its owner. */
async function linkPrivate({ baseUrl, adminPassword, password, township, unregistered }: JourneyGateway) {
  await seedTownship({
    ...{ baseUrl, adminPassword, peoplePassword: password },
    data: { ...township.data, devices: [unregistered.device], panels: [] },
    found: township.cameras.map(({ found }) => found),
    signal: new AbortController().signal,
  })
}

/** Phones held upright; the last one is what a keyboard leaves of the first. */
const SIZES = [
  [390, 844],
  [360, 640],
  [390, 400],
] as const

/**
 * What is wrong with the open dialog: it lies within the screen, nothing in it is wider, and each control can be brought
 * into sight, is in no other's way and is as large as a finger.
 */
const DIALOG_FAULTS = `(px) => {
  const dialog = document.querySelector('dialog[open]')
  const faults = []
  const frame = dialog.getBoundingClientRect()
  if (frame.left < 0 || frame.top < 0 || frame.right > innerWidth || frame.bottom > innerHeight)
    faults.push('lies beyond the screen: ' + [frame.left, frame.top, frame.right, frame.bottom].map(Math.round))
  if (dialog.scrollWidth > dialog.clientWidth) faults.push(dialog.scrollWidth - dialog.clientWidth + ' px too wide')
  const controls = [...dialog.querySelectorAll('button, input, select, textarea, summary, a[href]')]
    .filter((control) => control.checkVisibility()).map((control) => control.closest('label') ?? control)
  if (controls.length === 0) faults.push('has no controls')
  for (const control of controls) {
    const name = (control.ariaLabel ?? control.textContent.trim()) || control.id
    control.scrollIntoView({ block: 'nearest' })
    const { left, top, right, bottom, width, height } = control.getBoundingClientRect()
    if (width < px - 0.5 || height < px - 0.5) faults.push(name + ' is ' + Math.round(width) + ' x ' + Math.round(height))
    if (left < frame.left || right > frame.right || top < frame.top - 0.5 || bottom > frame.bottom + 0.5)
      faults.push(name + ' cannot be brought into sight')
    const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)
    if (!control.contains(above) && !above?.contains(control)) faults.push(name + ' lies under ' + above?.className)
  }
  dialog.scrollTop = 0
  return faults
}`

/** Opens it and looks at it on each phone, and leaves it. */
async function dialogFaults(page: Page, opener: string): Promise<string[]> {
  const [first] = SIZES
  await page.setViewportSize({ width: first[0], height: first[1] })
  await page.locator(opener).first().tap()
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  const faults: string[] = []
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    const found = await page.evaluate<string[]>(`(${DIALOG_FAULTS})(${FINGER_TARGET_PX})`)
    faults.push(...found.map((fault) => `${width} x ${height}: ${fault}`))
  }
  await page.setViewportSize({ width: first[0], height: first[1] })
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  return faults
}

const LANGUAGES = ['zh-CN', 'en'] as const

test('dialogs of whoever is on duty, on phones', async (t, { gateway, somebody, visit }) => {
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '店内求助' })
  const { page, faults, signIn } = await somebody(PHONE)
  await arrangeWall(page, 1)
  await signIn('operator')
  for (const language of LANGUAGES) {
    await setLanguage(page, language)
    await visit(page, '/map')
    await page.locator('.map-alarm').waitFor()
    t.same(await pageFaults(page, FINGER_TARGET_PX), [], `${language} map`)
    await visit(page, '/handover')
    await page.locator('.matters li').first().waitFor()
    t.same(await pageFaults(page, FINGER_TARGET_PX), [], `${language} handover`)
    await visit(page, '/wall')
    await page.locator('.tree button').first().tap()
    await page.locator('.tree-camera', { hasText: '粮站' }).waitFor()
    t.same(await dialogFaults(page, '.tree-camera:has-text("粮站")'), [], `${language} reason`)
    t.same(await dialogFaults(page, '.stage-bar > button'), [], `${language} layouts and rounds`)
    await page.locator('.case-row').tap()
    await page.locator('.drawer').waitFor()
    t.same(await pageFaults(page, FINGER_TARGET_PX), [], `${language} case`)
    t.same(await dialogFaults(page, '.drawer > .actions button:has(kbd:text("S"))'), [], `${language} shelve`)
    await page.locator('.clips figure button').waitFor({ timeout: 60_000 })
    t.same(await dialogFaults(page, '.clips figure button'), [], `${language} clip`)
  }
  t.same(faults, [])
})

test('dialogs of whoever runs the gateway, on phones', async (t, { person, visit }) => {
  const { page, faults } = await person('admin', PHONE)
  const dialogs: [path: string, openers: Record<string, string>][] = [
    [
      '/links',
      {
        entry: '.register-acts button:nth-of-type(1)',
        revoke: '.register-acts .danger',
        filing: '.register-acts button:last-of-type',
        print: '.links-exports button',
      },
    ],
    ['/users', { person: '.page-head button' }],
    ['/sources', { source: '.page-head button' }],
    ['/channels', { channel: '.page-head button' }],
  ]
  for (const language of LANGUAGES) {
    await setLanguage(page, language)
    for (const [path, openers] of dialogs) {
      await visit(page, path)
      for (const [what, opener] of Object.entries(openers)) {
        t.same(await dialogFaults(page, opener), [], `${language} ${what}`)
      }
    }
  }
  t.same(faults, [])
})
