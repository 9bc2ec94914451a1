import type { SessionAnswer } from '../../gateway/contracts/identity.ts'
import { PAGE_WORDS } from './i18n/page-words.ts'
import { type PagePath, pageFor, pagesFor } from './pages.ts'
import { useParts } from './parts.ts'
import { keptAnswers } from './patrol/answers.ts'
import { Header, LinkBanner } from './shell.tsx'
import { SignInPage } from './sign-in.tsx'
import { Empty } from './ui/empty.tsx'
import { LazyPage } from './ui/lazy-page.tsx'
import { useLifetime } from './ui/use-lifetime.ts'

/** For everybody, without sign-in. */
const TRANSPARENCY = '/transparency'

/** Screens for bright rooms and the street; all others are dark, for the centre. */
const LIGHT_PAGES = new Set<string>(['/install', '/patrol', '/owner', TRANSPARENCY])

const ASK_AGAIN_MS = 5_000

const PAGE_CODE: Readonly<Record<PagePath, Parameters<typeof LazyPage>[0]['load']>> = {
  '/wall': () => import('./wall/wall-page.tsx').then((code) => code.WallPage),
  '/map': () => import('./map/map-page.tsx').then((code) => code.MapPage),
  '/alarms': () => import('./alarms/alarms-page.tsx').then((code) => code.AlarmsPage),
  '/patrol': () => import('./patrol/patrol-page.tsx').then((code) => code.PatrolPage),
  '/install': () => import('./install/install-page.tsx').then((code) => code.InstallPage),
  '/handover': () => import('./handover/handover-page.tsx').then((code) => code.HandoverPage),
  '/figures': () => import('./admin/figures-page.tsx').then((code) => code.FiguresPage),
  '/health': () => import('./admin/health-page.tsx').then((code) => code.HealthPage),
  '/links': () => import('./links/links-page.tsx').then((code) => code.LinksPage),
  '/audit': () => import('./admin/audit-page.tsx').then((code) => code.AuditPage),
  '/channels': () => import('./admin/channels-page.tsx').then((code) => code.ChannelsPage),
  '/sources': () => import('./admin/sources-page.tsx').then((code) => code.SourcesPage),
  '/users': () => import('./admin/users-page.tsx').then((code) => code.UsersPage),
  '/settings': () => import('./admin/settings-page.tsx').then((code) => code.SettingsPage),
  '/gallery': () => import('./gallery/gallery-page.tsx').then((code) => code.GalleryPage),
  '/owner': () => import('./owner/owner-page.tsx').then((code) => code.OwnerPage),
}

export function App() {
  const { router, session, language } = useParts()
  const { t } = language
  const isOwnerPage = router.path.value === '/owner'
  const isOpenToAll = router.path.value === TRANSPARENCY
  useLifetime(() => {
    document.documentElement.dataset.theme = LIGHT_PAGES.has(router.path.value) ? 'light' : 'dark'
  }, [router.path.value])
  useLifetime(() => {
    if (!isOwnerPage && !isOpenToAll) void session.ask()
  }, [isOwnerPage, isOpenToAll])

  if (isOwnerPage) return <LazyPage key="/owner" load={PAGE_CODE['/owner']} words={PAGE_WORDS['/owner']} />
  if (isOpenToAll) {
    return (
      <LazyPage
        key={TRANSPARENCY}
        load={() => import('./links/transparency-page.tsx').then((code) => code.TransparencyPage)}
        words={PAGE_WORDS[TRANSPARENCY]}
      />
    )
  }
  const state = session.state.value
  if (state.kind === 'asking') return <Empty text={t('app.opening')} />
  if (state.kind === 'unreachable') return <Unreachable />
  if (state.kind === 'signed-out') return <SignInPage ended={state.ended} />
  return <SignedIn user={state.user} />
}

/** The gateway cannot be asked: says so, what the phone keeps meanwhile, and asks again once there is a network. */
function Unreachable() {
  const { session, language, router } = useParts()
  const { t } = language
  const kept = router.path.value === '/patrol' ? keptAnswers(localStorage) : 0
  useLifetime((until) => {
    const ask = (): void => void session.ask()
    addEventListener('online', ask, { signal: until })
    // A phone that has a network may still be out of the gateway's reach, and is not told when that ends.
    const timer = setInterval(ask, ASK_AGAIN_MS)
    until.addEventListener('abort', () => clearInterval(timer))
  })
  return (
    <Empty text={t('link.unreachable')}>
      {kept > 0 && <p>{t('link.answersWaiting', { n: kept })}</p>}
      <button type="button" onClick={() => void session.ask()}>
        {t('action.retry')}
      </button>
    </Empty>
  )
}

function SignedIn({ user }: { user: SessionAnswer['user'] }) {
  const { router, live, township, alarms, cases, language } = useParts()
  const page = pageFor(router.path.value, user.roles)
  useLifetime(() => {
    if (page !== undefined && page !== router.path.value) router.replace(page)
  }, [page, router.path.value])
  useLifetime(
    (until) => {
      const load = (): void => {
        void township.load()
        if (!pagesFor(user.roles).includes('/alarms')) return
        void alarms.load()
        void cases.load()
      }
      load()
      live.onOpen(load, until)
      live.start()
      until.addEventListener('abort', () => live.close())
    },
    [user.id],
  )

  return (
    <>
      <Header user={user} />
      <LinkBanner />
      {page === undefined ? (
        <Empty text={language.t('app.noPage')} />
      ) : (
        <LazyPage key={page} load={PAGE_CODE[page]} words={PAGE_WORDS[page]} />
      )}
    </>
  )
}
