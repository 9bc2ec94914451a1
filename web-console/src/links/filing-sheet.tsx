import type { RegisterRow } from '../../../gateway/contracts/register.ts'
import { useParts } from '../parts.ts'
import { date } from '../time.ts'
import { PrintSheet } from './print-sheet.tsx'

const NONE = '—'

/** One camera as the county police file it: who, where, what for, since when, kept how long. */
export function FilingSheet({ row, onClose }: { row: RegisterRow; onClose: () => void }) {
  const { township, language } = useParts()
  const { t } = language
  const { link } = row
  const lines: readonly (readonly [string, string])[] = [
    [t('column.camera'), row.cameraName],
    [t('sheet.cameraId'), row.cameraId],
    [t('column.cell'), `${township.cellName(row.cellCode)} ${row.cellCode}`],
    [t('column.placeClass'), t(`placeClass.${row.placeClass}`)],
    [t('links.ownership'), t(`ownership.${row.ownership}`)],
    [t('column.party'), link === undefined ? NONE : `${link.party.name} · ${t(`party.${link.party.kind}`)}`],
    [t('linkForm.contact'), link?.party.contact ?? NONE],
    [t('column.basis'), link?.basis ?? NONE],
    [t('column.purpose'), link?.purpose ?? NONE],
    [t('entry.inUseOn'), row.inUseOn],
    [t('sheet.dueOn'), row.filingDueOn ?? NONE],
    [t('entry.signOn'), row.signOn ?? NONE],
    [t('entry.retentionDays'), row.retentionDays?.toString() ?? NONE],
    [t('linkForm.filingNumber'), row.filing?.number ?? ''],
    [t('linkForm.filingDate'), row.filing?.date ?? ''],
  ]
  return (
    <PrintSheet title={t('sheet.filingTitle')} onClose={onClose}>
      <p>{t('sheet.filingLaw')}</p>
      <table>
        <tbody>
          {lines.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="print-signatures">
        <p>{t('sheet.filedBy')}</p>
        <p>{t('sheet.takenBy')}</p>
      </div>
    </PrintSheet>
  )
}

/** The register as a list on paper. */
export function RegisterSheet({ rows, onClose }: { rows: readonly RegisterRow[]; onClose: () => void }) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <PrintSheet title={t('sheet.registerTitle', { n: rows.length })} onClose={onClose}>
      <table class="print-list">
        <thead>
          <tr>
            <th scope="col">{t('column.camera')}</th>
            <th scope="col">{t('column.cell')}</th>
            <th scope="col">{t('links.ownership')}</th>
            <th scope="col">{t('column.party')}</th>
            <th scope="col">{t('column.state')}</th>
            <th scope="col">{t('column.until')}</th>
            <th scope="col">{t('column.filing')}</th>
            <th scope="col">{t('entry.signOn')}</th>
            <th scope="col">{t('entry.retentionDays')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const until = row.link?.consent?.validUntil ?? row.link?.validUntil
            return (
              <tr key={row.cameraId}>
                <th scope="row">{row.cameraName}</th>
                <td data-label={t('column.cell')}>{township.cellName(row.cellCode)}</td>
                <td data-label={t('links.ownership')}>{t(`ownership.${row.ownership}`)}</td>
                <td data-label={t('column.party')}>{row.link?.party.name ?? NONE}</td>
                <td data-label={t('column.state')}>
                  <span class="unbroken">
                    {row.link === undefined ? t('register.unlinked') : t(`linkState.${row.link.state}`)}
                  </span>
                  {row.link?.consent?.paper !== undefined && ` · ${t('paper.mark')}`}
                </td>
                <td data-label={t('column.until')} class="unbroken">
                  {until === undefined ? t('column.noEnd') : date(until)}
                </td>
                <td data-label={t('column.filing')}>{row.filing?.number ?? t(`filing.${row.filingState}`)}</td>
                <td data-label={t('entry.signOn')}>{row.signOn ?? NONE}</td>
                <td data-label={t('entry.retentionDays')}>{row.retentionDays ?? NONE}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </PrintSheet>
  )
}
