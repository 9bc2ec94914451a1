import { DESK, faultsInForcedColours, onElement } from './browser.ts'
import { borderPx, borderShare, looksOf } from './colours.ts'
import { startGateway } from './gateway.ts'
import { browserTests } from './scene.ts'

/** For each control. */
const pressed = onElement<string[]>('return element.map(({ ariaPressed }) => ariaPressed)')

const test = browserTests(() => startGateway('127.0.90.0'))

test('every page in a palette of a person’s own', async (t, { gateway, person, visit }) => {
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '店内求助' })
  const visits = [
    { username: 'admin', pages: ['/users', '/sources', '/channels', '/settings', '/install', '/links', '/audit'] },
    { username: 'operator', pages: ['/wall', '/map', '/alarms', '/handover', '/health', '/figures'] },
    { username: 'patrol-dongjie', pages: ['/patrol'] },
  ]
  for (const { username, pages } of visits) {
    const { page, faults } = await person(username, DESK)
    for (const path of pages) {
      await visit(page, path)
      if (path === '/map') await page.locator('.map-alarm').waitFor()
      for (const scheme of ['dark', 'light'] as const) {
        t.same(await faultsInForcedColours(page, scheme), [], `${path}, ${scheme}`)
      }
    }
    t.same(faults, [])
    await page.context().close()
  }
})

test('what is chosen is told from what is not in a palette of a person’s own', async (t, { person, visit }) => {
  const { page } = await person('admin', DESK)
  const chosen: [path: string, one: string, others: string][] = [
    ['/wall', '.tile-selected', '.tile:not(.tile-selected)'],
    ['/install', '.install-steps [aria-current]', '.install-steps li:not([aria-current])'],
  ]
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' })
  for (const [path, one, others] of chosen) {
    await visit(page, path)
    const places = [page.locator(one).first(), page.locator(others).first()]
    await Promise.all(places.map((place) => place.waitFor()))
    const looks = await looksOf(page.locator('body'), places)
    const [borderOfOne = 0, borderOfOther = 1] = looks.map((look) => borderShare(look, 6))
    const words = `${one}: ${borderOfOne.toFixed(2)} and ${borderOfOther.toFixed(2)} of the border`
    t.ok(borderOfOne > 1.5 * borderOfOther && borderOfOne > 0.05, words)
  }
})

test('the chosen layout is told from the others in a palette of a person’s own', async (t, { person }) => {
  const { page } = await person('operator', DESK)
  const layouts = page.locator('.stage-bar [aria-pressed]')
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ forcedColors: 'active', colorScheme })
    for (const name of ['1 分屏', '9 分屏', '36 分屏']) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.mouse.move(0, 0)
      const borders = await Promise.all((await layouts.all()).map((one) => borderPx(one, 10)))
      const chosen = (await layouts.evaluateAll(pressed)).indexOf('true')
      t.equal(borders[chosen], 3, `${colorScheme}, ${name}: ${borders.join(' ')} px`)
      t.equal(borders.filter((px) => px > 2).length, 1, 'and no other')
    }
  }
})
