import type { Page } from 'playwright-core'
import { DESK, onElement, PHONE } from './browser.ts'
import { PANEL_ALARMS, startGateway } from './gateway.ts'
import { coveredPictures, pictureShares, tileIs } from './journeys.ts'
import { browserTests } from './scene.ts'

/** Ten Chinese characters; narrower and a sentence is a column of words. */
const LEAST_WORDS_PX = 150

const test = browserTests(() => startGateway('127.0.97.0'))

/** What is said of cases in columns too narrow to be read. */
const crampedRows = (page: Page): Promise<string[]> =>
  page.locator('.case-words > .secondary').evaluateAll(
    onElement<string[]>(`return element
      .map((words) => [words.textContent, Math.round(words.getBoundingClientRect().width)])
      .filter(([, width]) => width < ${LEAST_WORDS_PX})
      .map(([text, width]) => width + ' px: ' + text)`),
  )

/** How far a control goes beyond the lower edge of what is shown of its case, px. */
const belowView = onElement<number>(`
  const { bottom } = element.closest('.chosen-case').getBoundingClientRect()
  return element.getBoundingClientRect().bottom - bottom
`)

test('cases and pictures can be read on narrow screens', async (t, { gateway, person }) => {
  for (const type of PANEL_ALARMS) {
    for (const priority of [3, 4] as const) await gateway.panel.raise({ type, priority, text: '后门被打开，无人应答' })
  }
  for (const text of ['收银台求助', '后门求助', '仓库求助']) {
    await gateway.panel.raise({ type: 'panic-button', priority: 1, text })
  }
  for (const options of [DESK, PHONE]) {
    const { page, faults } = await person('operator', options)
    await page.getByRole('button', { name: 'English' }).click()
    await page.locator('.flood-banner').waitFor()
    const width = page.viewportSize()?.width
    const rows = await page.locator('.case-row').count()
    t.ok(rows > 5, `${rows} rows at ${width} px`)
    t.same(await crampedRows(page), [], `${width} px`)
    await tileIs(page, 1, 'live')
    const shares = await pictureShares(page)
    t.ok(
      shares.length > 0 && Math.min(...shares) > 0.9,
      `pictures have ${shares.map((one) => one.toFixed(2))} of their tiles`,
    )
    if (options === PHONE) t.same(await coveredPictures(page), [], 'nothing lies over what the camera wrote')
    await page.locator('.case-row').first().click()
    await page.locator('.case-picture[data-picture=live]').waitFor({ timeout: 20_000 })
    t.ok((await page.locator('.drawer .primary').evaluate(belowView)) <= 0, 'the next act is in sight')
    t.same(faults, [])
  }
})

test('on a phone what happens comes before what could be chosen', async (t, { person }) => {
  const { page } = await person('operator', PHONE)
  await page.locator('.case-row').first().waitFor()
  t.equal(await page.locator('.tree-camera').count(), 0)
  const layouts = page.locator('.stage-bar .segmented button')
  const tops = await layouts.evaluateAll(onElement<number[]>('return element.map((one) => one.offsetTop)'))
  t.equal(tops.length, 6)
  t.equal(new Set(tops).size, 1, 'the layouts stand side by side')
  await page.getByRole('button', { name: '列表', exact: true }).tap()
  await page.locator('.tree-camera').first().waitFor()
})
