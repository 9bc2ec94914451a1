import type { Link, OwnerView } from '../../../gateway/contracts/link.ts'
import { PrintSheet } from '../links/print-sheet.tsx'
import { useParts } from '../parts.ts'
import { date, dateTime } from '../time.ts'
import { lengthWords, unitWords, whyWords } from './view-words.ts'

interface ViewSheetProps {
  link: Link
  views: readonly OwnerView[]
  /** There are older ones, which the export has. */
  hasMore: boolean
  onClose: () => void
}

/** The record of one camera on paper: for whoever was not there when it was printed. */
export function ViewSheet({ link, views, hasMore, onClose }: ViewSheetProps) {
  const { t } = useParts().language
  const { consent } = link
  return (
    <PrintSheet title={t('owner.printTitle', { name: link.cameraName })} onClose={onClose}>
      <p>
        {link.party.name} · {t(`ownerState.${link.state}`)}
        {consent !== undefined && ` · ${t('owner.untilDay', { day: date(consent.validUntil) })}`}
      </p>
      <p>{t(hasMore ? 'owner.watchedNewest' : 'owner.watched', { n: views.length })}</p>
      {views.length > 0 && (
        <table class="print-list">
          <thead>
            <tr>
              <th scope="col">{t('owner.when')}</th>
              <th scope="col">{t('owner.viewer')}</th>
              <th scope="col">{t('owner.unit')}</th>
              <th scope="col">{t('owner.why')}</th>
              <th scope="col">{t('owner.howLong')}</th>
            </tr>
          </thead>
          <tbody>
            {views.map((view) => (
              <tr key={view.id}>
                <th scope="row" class="unbroken">
                  {dateTime(view.startedAt)}
                </th>
                <td data-label={t('owner.viewer')}>{view.viewer}</td>
                <td data-label={t('owner.unit')}>{unitWords(t, view.unit)}</td>
                <td data-label={t('owner.why')}>{whyWords(t, view)}</td>
                <td data-label={t('owner.howLong')}>{lengthWords(t, view)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </PrintSheet>
  )
}
