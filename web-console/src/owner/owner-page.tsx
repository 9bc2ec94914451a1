import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import type { Link } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { LanguageSwitch } from '../shell.tsx'
import { Empty } from '../ui/empty.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { OwnerLink } from './owner-link.tsx'
import './owner.css'

const REFRESH_MS = 3_000

/** The feed owner's page: opened by the invitation, whose token leaves the address bar at once. */
export function OwnerPage() {
  const { session, calls, language } = useParts()
  const { t } = language
  const links = useSignal<readonly Link[] | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const opened = useRef(false)

  async function refresh(): Promise<void> {
    const answer = await calls.ownerLinks()
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') links.value = answer.data.items
  }

  async function open(): Promise<void> {
    const token = location.hash.slice(1)
    if (token !== '') {
      history.replaceState(null, '', location.pathname)
      const answer = await session.signInOwner(token)
      problem.value = failureOf(answer)
      if (answer.kind !== 'ok') return
    } else await session.ask()
    opened.current = true
    await refresh()
  }

  useLifetime((until) => {
    void open()
    const timer = setInterval(() => {
      if (opened.current && !document.hidden) void refresh()
    }, REFRESH_MS)
    until.addEventListener('abort', () => clearInterval(timer))
  })

  return (
    <main class="page owner">
      <div class="links-head">
        <h1>{t('owner.title')}</h1>
        <LanguageSwitch />
      </div>
      <p class="secondary">{t('owner.intro')}</p>
      {problem.value?.code === 'not-signed-in' && <Empty text={t('owner.openByInvitation')} />}
      {problem.value !== undefined && problem.value.code !== 'not-signed-in' && <ProblemNote problem={problem.value} />}
      {links.value === undefined && problem.value === undefined && <Empty text={t('list.loading')} />}
      {links.value?.length === 0 && <Empty text={t('owner.none')} />}
      {links.value?.map((link) => (
        <OwnerLink
          key={link.id}
          link={link}
          onChange={(changed) => {
            links.value = links.value?.map((other) => (other.id === changed.id ? changed : other))
          }}
        />
      ))}
    </main>
  )
}
