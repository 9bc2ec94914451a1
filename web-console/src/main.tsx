import { effect, signal } from '@preact/signals'
import { render } from 'preact'
import { createCalls } from './api/calls.ts'
import { createClient } from './api/client.ts'
import { App } from './app.tsx'
import { fetchWords } from './i18n/areas.ts'
import { createLanguage } from './i18n/language.ts'
import { FIRST_WORDS } from './i18n/page-words.ts'
import { type Parts, PartsContext } from './parts.ts'
import { createRouter } from './router.ts'
import { createShortcuts } from './shortcuts.ts'
import { createAlarmBoard } from './state/alarm-board.ts'
import { createCaseBoard } from './state/case-board.ts'
import { createLive } from './state/live.ts'
import { createSession } from './state/session.ts'
import { createTownship } from './state/township.ts'
import './style/tokens.css'
import './style/base.css'
import './style/controls.css'
import './style/shell.css'
import './style/table.css'
import './style/forced-colors.css'

/** A page has been drawn by then, and its first pictures are here. */
const SETTLED_MS = 3_000

const root = document.getElementById('console')
if (root === null) throw new Error('index.html has no element #console')

const language = createLanguage({
  storage: localStorage,
  root: document.documentElement,
  fetch: fetchWords,
  later: (work) => setTimeout(work, SETTLED_MS),
})
const client = createClient({ language: () => language.code.value, onSignedOut: () => session.end() })
const calls = createCalls(client)
const session = createSession(client, calls)
const live = createLive('/api/v1/events', () => void session.ask())
// These live as long as the page.
const page = new AbortController().signal
const nowMs = signal(Date.now())
setInterval(() => {
  nowMs.value = Date.now()
}, 1000)

const parts: Parts = {
  calls,
  client,
  language,
  router: createRouter(window),
  session,
  live,
  township: createTownship(calls, live, page),
  alarms: createAlarmBoard(calls, live, page),
  cases: createCaseBoard(calls, live, page),
  shortcuts: createShortcuts(localStorage),
  wallWish: signal(undefined),
  nowMs,
}

await language.need(FIRST_WORDS)
effect(() => {
  document.title = language.t('app.title')
})
render(
  <PartsContext.Provider value={parts}>
    <App />
  </PartsContext.Provider>,
  root,
)
