import { useSignal } from '@preact/signals'
import type { Link, OwnerView } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { date, dateTime, hourMinute } from '../time.ts'
import { CsvLink } from '../ui/csv-link.tsx'
import { Empty } from '../ui/empty.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import type { OwnerViewing } from './owner-views.ts'
import { ViewSheet } from './view-sheet.tsx'
import { lengthWords, unitWords, whyWords } from './view-words.ts'

/** Who is watching now, and who watched: when, of which unit, why and how long. */
export function ViewRecord({ link, viewing }: { link: Link; viewing: OwnerViewing }) {
  const { calls, language } = useParts()
  const { t } = language
  const { views, hasMore, problem } = viewing
  const isPrinting = useSignal(false)

  if (problem.value !== undefined) return <ProblemNote problem={problem.value} />
  if (views.value === undefined) return <Empty text={t('list.loading')} />
  const now = views.value.filter((view) => view.watchingNow)
  const past = views.value.filter((view) => !view.watchingNow)
  const today = date(Date.now())
  const first = views.value.findLast((view) => date(view.startedAt) === today)
  return (
    <section class="views">
      {link.tellsFirstView === true && first !== undefined && (
        <p class="owner-mark" role="status">
          {t('owner.firstToday', { time: hourMinute(first.startedAt), unit: unitWords(t, first.unit) })}
        </p>
      )}
      <h3 aria-live="polite">
        {now.length > 0 && <Icon name="live" />} {t('owner.watchingNow', { n: now.length })}
      </h3>
      <ul class="view-list">
        {now.map((view) => (
          <ViewRow key={view.id} view={view} />
        ))}
      </ul>
      {(past.length > 0 || now.length === 0) && (
        <h3>{t(hasMore.value ? 'owner.watchedNewest' : 'owner.watched', { n: past.length })}</h3>
      )}
      {views.value.length === 0 && <Empty text={t('owner.neverWatched')} />}
      <ul class="view-list">
        {past.map((view) => (
          <ViewRow key={view.id} view={view} />
        ))}
      </ul>
      <div class="actions">
        <CsvLink href={calls.ownerViewsCsv(link.id)} name="views" label={t('owner.csv')} />
        <button
          type="button"
          onClick={() => {
            isPrinting.value = true
          }}
        >
          {t('owner.print')}
        </button>
      </div>
      {isPrinting.value && (
        <ViewSheet
          link={link}
          views={views.value}
          hasMore={hasMore.value}
          onClose={() => {
            isPrinting.value = false
          }}
        />
      )}
    </section>
  )
}

function ViewRow({ view }: { view: OwnerView }) {
  const { t } = useParts().language
  return (
    <li>
      <strong>{view.viewer}</strong> {unitWords(t, view.unit)}
      <span class="secondary">
        {dateTime(view.startedAt)} · {lengthWords(t, view)}
      </span>
      <span>{whyWords(t, view)}</span>
    </li>
  )
}
