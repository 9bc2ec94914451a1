import { useParts } from '../parts.ts'
import { Icon } from '../ui/icon.tsx'
import './first-steps.css'

/** What the administrator of a township without a camera does, in the order in which each needs the one before. */
export function FirstSteps() {
  const { township, router, language } = useParts()
  const { t } = language
  const hasCells = township.cells.value.length > 0
  return (
    <section class="first-steps panel">
      <h2>{t('firstSteps.title')}</h2>
      <ol>
        <li>
          <strong>{t('firstSteps.cells')}</strong>
          {hasCells ? (
            <p>
              <Icon name="ok" /> {t('firstSteps.cellsDone', { n: township.cells.value.length })}
            </p>
          ) : (
            <>
              <p class="secondary">{t('firstSteps.cellsHow')}</p>
              <code>./scripts/gridlight grid import cells.geojson</code>
            </>
          )}
        </li>
        <li>
          <strong>{t('firstSteps.people')}</strong>
          <p class="secondary">{t('firstSteps.peopleHow')}</p>
          <button type="button" onClick={() => router.go('/users')}>
            {t('page.users')}
          </button>
        </li>
        <li>
          <strong>{t('firstSteps.cameras')}</strong>
          <p class="secondary">{t('firstSteps.camerasHow')}</p>
          <button type="button" onClick={() => router.go('/install')}>
            {t('page.install')}
          </button>
        </li>
      </ol>
    </section>
  )
}
