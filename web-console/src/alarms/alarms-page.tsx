import { pagesFor } from '../pages.ts'
import { useParts } from '../parts.ts'
import { AlarmList } from './alarm-list.tsx'
import { NoisySources } from './noisy-sources.tsx'

export function AlarmsPage() {
  const { language, router, session } = useParts()
  const { t } = language
  const state = session.state.value
  const mayReadFigures = state.kind === 'signed-in' && pagesFor(state.user.roles).includes('/figures')
  return (
    <main class="page alarms-page">
      <h1 class="sr-only">{t('page.alarms')}</h1>
      {mayReadFigures && (
        <a
          class="button"
          href="/figures"
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return
            event.preventDefault()
            router.go('/figures')
          }}
        >
          {t('page.figures')}
        </a>
      )}
      <AlarmList />
      <NoisySources />
    </main>
  )
}
