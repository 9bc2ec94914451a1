import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import type { SessionAnswer } from '../../gateway/contracts/identity.ts'
import type { Key } from './i18n/areas.ts'
import { listedPages, type PagePath } from './pages.ts'
import { useParts } from './parts.ts'
import { MAX_CLOCK_SKEW_MS } from './state/live.ts'
import { dateTime, duration, timeOfDay } from './time.ts'
import { Icon } from './ui/icon.tsx'
import { useLifetime } from './ui/use-lifetime.ts'

const PAGE_NAMES: Readonly<Record<PagePath, Key>> = {
  '/wall': 'page.wall',
  '/map': 'page.map',
  '/alarms': 'page.alarms',
  '/patrol': 'page.patrol',
  '/install': 'page.install',
  '/handover': 'page.handover',
  '/figures': 'page.figures',
  '/health': 'page.health',
  '/links': 'page.links',
  '/audit': 'page.audit',
  '/sources': 'page.sources',
  '/channels': 'page.channels',
  '/users': 'page.users',
  '/settings': 'page.settings',
  '/gallery': 'page.gallery',
  '/owner': 'page.owner',
}

export function Header({ user }: { user: SessionAnswer['user'] }) {
  const { language, session, nowMs } = useParts()
  const { t } = language
  return (
    <header class="header">
      <span class="brand">{t('app.name')}</span>
      <PageMenu pages={listedPages(user.roles)} />
      <time class="clock" dateTime={new Date(nowMs.value).toISOString()}>
        {dateTime(nowMs.value)}
      </time>
      <LinkState />
      <LanguageSwitch />
      <span class="user">{user.displayName}</span>
      <button type="button" class="quiet" onClick={() => void session.signOut()}>
        {t('signIn.out')}
      </button>
    </header>
  )
}

/** More than these stand in a menu unless the screen is a wall. */
const MANY_PAGES = 6

/** The pages of a person in a row; on a phone, and where there are many, behind a button that names the present one. */
function PageMenu({ pages }: { pages: readonly PagePath[] }) {
  const { language, router, alarms } = useParts()
  const { t } = language
  const isOpen = useSignal(false)
  const nav = useRef<HTMLElement>(null)
  const urgent = alarms.active.value.length
  const current = pages.find((page) => page === router.path.value)
  // Cast: a path that is no page has no name; one that the menu leaves out has.
  const name: Key | undefined = PAGE_NAMES[router.path.value as PagePath]
  useLifetime((until) => {
    const leave = ({ target }: Event): void => {
      if (!(target instanceof Node) || !nav.current?.contains(target)) isOpen.value = false
    }
    addEventListener('pointerdown', leave, { signal: until })
    addEventListener('focusin', leave, { signal: until })
  })
  return (
    <nav
      ref={nav}
      aria-label={t('page.navigation')}
      class={pages.length > MANY_PAGES ? 'nav nav-many' : 'nav'}
      onKeyDown={(event) => {
        if (event.key === 'Escape') isOpen.value = false
      }}
    >
      <button
        type="button"
        class="nav-button quiet"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        <Icon name="menu" /> {t(name ?? 'page.navigation')}
      </button>
      <div class="nav-pages" data-open={isOpen.value}>
        {pages.map((page) => (
          <a
            key={page}
            href={page}
            aria-current={page === current ? 'page' : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return
              event.preventDefault()
              isOpen.value = false
              router.go(page)
            }}
          >
            {t(PAGE_NAMES[page])}
            {page === '/alarms' && urgent > 0 && <span class="count">{urgent}</span>}
          </a>
        ))}
      </div>
    </nav>
  )
}

function LinkState() {
  const { live, language } = useParts()
  const { t } = language
  const { kind } = live.link.value
  return (
    <span class={`link-state link-${kind}`} role="status">
      <Icon name={kind === 'open' ? 'live' : kind === 'lost' ? 'offline' : 'stalled'} />
      {t(`link.${kind}`)}
    </span>
  )
}

/** Full-width words while what is on the screen may be old, or its times wrong. */
export function LinkBanner() {
  const { live, language, nowMs } = useParts()
  const { t } = language
  const link = live.link.value
  const skewMs = live.clockSkewMs.value ?? 0
  if (link.kind === 'lost') {
    const values = { time: timeOfDay(link.sinceMs), duration: duration((nowMs.value - link.sinceMs) / 1000) }
    return (
      <div class="banner banner-fault" role="alert">
        {t('link.lostBanner', values)}
      </div>
    )
  }
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return null
  return (
    <div class="banner" role="status">
      {t('link.clockSkew', { seconds: Math.round(Math.abs(skewMs) / 1000) })}
    </div>
  )
}

export function LanguageSwitch() {
  const { code, choose, t } = useParts().language
  const hasFailed = useSignal(false)
  const other = code.value === 'en' ? 'zh-CN' : 'en'
  return (
    <>
      <button
        type="button"
        class="quiet"
        lang={other}
        onClick={async () => {
          hasFailed.value = !(await choose(other))
        }}
      >
        {t('language.other')}
      </button>
      {hasFailed.value && <span role="alert">{t('link.unreachable')}</span>}
    </>
  )
}
