import { DESK, faultsInForcedColours } from './browser.ts'
import { borderShare, looksOf } from './colours.ts'
import { startGateway } from './gateway.ts'
import { browserTests } from './scene.ts'

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
      t.same(await faultsInForcedColours(page, 'light'), [], path)
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
