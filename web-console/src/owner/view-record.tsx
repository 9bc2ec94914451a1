import { useSignal } from '@preact/signals'
import { Role } from '../../../gateway/contracts/identity.ts'
import type { Link, OwnerView } from '../../../gateway/contracts/link.ts'
import { ViewEnd, ViewReason } from '../../../gateway/contracts/view.ts'
import type { Translate } from '../i18n/language.ts'
import { PrintSheet } from '../links/print-sheet.tsx'
import { useParts } from '../parts.ts'
import { date, dateTime, hourMinute, lengthOf } from '../time.ts'
import { CsvLink } from '../ui/csv-link.tsx'
import { Empty } from '../ui/empty.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import type { OwnerViewing } from './owner-views.ts'

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
      <h3>{t(hasMore.value ? 'owner.watchedNewest' : 'owner.watched', { n: past.length })}</h3>
      {past.length === 0 && <Empty text={t('owner.neverWatched')} />}
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
        <PrintSheet
          title={t('owner.printTitle', { name: link.cameraName })}
          onClose={() => {
            isPrinting.value = false
          }}
        >
          <ul class="view-list">
            {views.value.map((view) => (
              <ViewRow key={view.id} view={view} />
            ))}
          </ul>
        </PrintSheet>
      )}
    </section>
  )
}

function ViewRow({ view }: { view: OwnerView }) {
  const { t } = useParts().language
  const ended = ViewEnd.safeParse(view.endedWhy)
  return (
    <li>
      <strong>{view.viewer}</strong> {unitWords(t, view.unit)}
      <span class="secondary">
        {dateTime(view.startedAt)} · {lengthOf(t, view.durationSeconds)}
        {ended.success && ` · ${t(`viewEnd.${ended.data}`)}`}
      </span>
      <span>
        {view.kind === 'recording' && `${t('owner.recording')}${t('list.separator')}`}
        {view.heardAt !== undefined && `${t('owner.heard')}${t('list.separator')}`}
        {reasonWords(t, view.reason)}
      </span>
    </li>
  )
}

/** The viewer's roles where no unit is known. */
function unitWords(t: Translate, unit: string): string {
  const words = unit.split(', ').map((name) => {
    const role = Role.safeParse(name)
    return role.success ? t(`role.${role.data}`) : name
  })
  return words.join(t('list.separator'))
}

function reasonWords(t: Translate, reason: OwnerView['reason']): string {
  const kind = ViewReason.shape.kind.safeParse(reason.kind)
  const name = kind.success ? t(`reasonKind.${kind.data}`) : reason.kind
  return reason.text === undefined ? name : `${name}${t('list.colon')}${reason.text}`
}
