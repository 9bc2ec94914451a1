import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { DESK, lacksBrowser, launch, openPage } from './browser.ts'
import type { JourneyGateway } from './gateway.ts'
import { signInAs } from './journeys.ts'

/** Somebody before a browser of their own. */
export interface Visitor {
  page: Page
  /** What the console of the browser complained of. */
  faults: string[]
  /** The password is the one this person has in the township, unless another is given. */
  signIn(username: string, password?: string): Promise<void>
}

/** What the tests of a file have before them, all of them the same. */
export interface Scene {
  gateway: JourneyGateway
  /** Gone with the test. */
  somebody(options?: BrowserContextOptions): Promise<Visitor>
  /** Somebody who has signed in. */
  person(username: string, options?: BrowserContextOptions, password?: string): Promise<Visitor>
  /** Resolves when the page has its heading. */
  visit(page: Page, path: string): Promise<void>
}

/**
 * Starts the gateway and a browser before the first test of a file and ends them after the last.
 * @returns a `t.test` whose body is given both, and is passed over where no browser can run
 */
export function browserTests(
  start: () => Promise<JourneyGateway>,
): (name: string, body: (t: Test, scene: Scene) => Promise<void>) => void {
  let started: [JourneyGateway, Browser] | undefined
  t.before(async () => {
    if (!lacksBrowser) started = await Promise.all([start(), launch()])
  })
  t.teardown(async () => {
    const [gateway, browser] = started ?? []
    await browser?.close()
    await gateway?.close()
  })
  return (name, body) => {
    t.test(name, { skip: lacksBrowser }, async (t) => {
      if (started === undefined) throw new Error('the gateway has not started')
      await body(t, sceneFor(t, ...started))
    })
  }
}

function sceneFor(t: Test, gateway: JourneyGateway, browser: Browser): Scene {
  const somebody = async (options: BrowserContextOptions = DESK): Promise<Visitor> => {
    const { page, faults } = await openPage(browser, options)
    t.teardown(() => page.context().close())
    const passwordOf = (username: string) => (username === 'admin' ? gateway.adminPassword : gateway.password)
    const signIn: Visitor['signIn'] = (username, password = passwordOf(username)) =>
      signInAs(page, gateway.baseUrl, username, password)
    return { page, faults, signIn }
  }
  return {
    gateway,
    somebody,
    async person(username, options, password) {
      const visitor = await somebody(options)
      await visitor.signIn(username, password)
      return visitor
    },
    async visit(page, path) {
      await page.goto(`${gateway.baseUrl}${path}`)
      await page.locator('h1').waitFor({ state: 'attached' })
    },
  }
}
