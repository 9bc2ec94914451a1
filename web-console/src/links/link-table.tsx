import type { Link } from '../../../gateway/contracts/link.ts'
import type { RegisterRow } from '../../../gateway/contracts/register.ts'
import type { Key } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'
import { date, dateTime } from '../time.ts'
import { Table } from '../ui/table.tsx'
import { useKeptFocus } from '../ui/use-kept-focus.ts'

const REVOCABLE = new Set<Link['state']>(['draft', 'awaiting-consent', 'active', 'paused', 'suspended'])
/** Filing that is about to be late, or is. */
const PRESSING = new Set<RegisterRow['filingState']>(['due-in-10', 'due-in-3', 'overdue'])

export interface RegisterActs {
  onRevoke(link: Link): void
  onPaper(link: Link): void
  onInvite(link: Link): void
  onEntry(row: RegisterRow): void
}

interface TableProps {
  rows: readonly RegisterRow[]
  /** What this person may do; undefined for those who only read. */
  acts: RegisterActs | undefined
  onSheet(row: RegisterRow): void
}

/** The register by camera: whose, on which word, until when, and what the law still wants. */
export function LinkTable({ rows, acts, onSheet }: TableProps) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <Table
      columns={[
        'column.camera',
        'column.cell',
        'links.ownership',
        'column.state',
        'column.party',
        'column.scopes',
        'column.until',
        'column.filing',
        'column.acts',
      ]}
    >
      {rows.map((row) => (
        <tr key={row.cameraId}>
          <th scope="row">{row.cameraName}</th>
          <td data-label={t('column.cell')}>{township.cellName(row.cellCode)}</td>
          <td data-label={t('links.ownership')}>{t(`ownership.${row.ownership}`)}</td>
          <LinkCells link={row.link} />
          <td data-label={t('column.until')}>
            <Until row={row} />
          </td>
          <td data-label={t('column.filing')}>
            <Filing row={row} />
          </td>
          <Acts row={row} acts={acts} onSheet={onSheet} />
        </tr>
      ))}
    </Table>
  )
}

function LinkCells({ link }: { link: Link | undefined }) {
  const { t } = useParts().language
  if (link === undefined) {
    return (
      <>
        <td data-label={t('column.state')}>{t('register.unlinked')}</td>
        <td data-label={t('column.party')}>—</td>
        <td data-label={t('column.scopes')}>—</td>
      </>
    )
  }
  return (
    <>
      <td data-label={t('column.state')}>
        {t(`linkState.${link.state}`)}
        <span class="secondary unbroken" title={dateTime(link.stateSince)}>
          {link.state === 'paused' && link.pausedUntil !== undefined
            ? t('time.until', { time: dateTime(link.pausedUntil) })
            : t('time.since', { time: date(link.stateSince) })}
        </span>
        {link.stateReason !== undefined && <span class="secondary">{link.stateReason}</span>}
        {link.waitingPaper !== undefined && <span class="mark">{t('paper.waiting')}</span>}
      </td>
      <td data-label={t('column.party')}>
        {link.party.name}
        <span class="secondary">{t(`party.${link.party.kind}`)}</span>
      </td>
      <td data-label={t('column.scopes')}>
        {(link.consent?.scopes ?? link.scopes).map((scope) => t(`scope.${scope}`)).join(t('list.separator'))}
        {link.consent !== undefined && (
          <span class="secondary">{t('links.consentVersion', { n: link.consent.version })}</span>
        )}
        {link.consent?.paper !== undefined && <span class="mark">{t('paper.mark')}</span>}
      </td>
    </>
  )
}

function Until({ row: { link, expiresInDays } }: { row: RegisterRow }) {
  const { t } = useParts().language
  if (link === undefined) return <>—</>
  const until = link.consent?.validUntil ?? link.validUntil
  return (
    <>
      {until === undefined ? t('column.noEnd') : date(until)}
      {expiresInDays !== undefined && expiresInDays <= 30 && (
        <span class="mark">{t('register.expiresIn', { n: expiresInDays })}</span>
      )}
    </>
  )
}

function Filing({ row }: { row: RegisterRow }) {
  const { t } = useParts().language
  const { filing, filingState, filingDaysLeft = 0, filingDueOn } = row
  return (
    <>
      {filing === undefined ? (
        <span class={PRESSING.has(filingState) ? 'mark' : ''}>{t(`filing.${filingState}`)}</span>
      ) : (
        <>
          {filing.number}
          <span class="secondary">{filing.date}</span>
        </>
      )}
      {filingDueOn !== undefined && (
        <span class="secondary">
          {filingDaysLeft < 0
            ? t('filing.late', { n: -filingDaysLeft, day: filingDueOn })
            : t('filing.left', { n: filingDaysLeft, day: filingDueOn })}
        </span>
      )}
      {row.faults.map((fault) => (
        <span key={fault} class="secondary">
          {t(`registerFault.${fault}`)}
        </span>
      ))}
    </>
  )
}

function Acts({ row, acts, onSheet }: Pick<TableProps, 'acts' | 'onSheet'> & { row: RegisterRow }) {
  const place = useKeptFocus<HTMLTableCellElement>()
  const { link, cameraName } = row
  const isAwaited = link?.state === 'awaiting-consent'
  return (
    <td ref={place} tabIndex={-1} class="register-acts">
      {acts !== undefined && (
        <>
          <Act act="entry.edit" of={cameraName} onClick={() => acts.onEntry(row)} />
          {isAwaited && (
            <>
              <Act act="invitation.again" of={cameraName} onClick={() => acts.onInvite(link)} />
              <Act
                act={link.waitingPaper === undefined ? 'paper.record' : 'paper.check'}
                of={cameraName}
                onClick={() => acts.onPaper(link)}
              />
            </>
          )}
          {link !== undefined && REVOCABLE.has(link.state) && (
            <Act act="action.revoke" of={cameraName} isDangerous onClick={() => acts.onRevoke(link)} />
          )}
        </>
      )}
      <Act act="sheet.filing" of={cameraName} onClick={() => onSheet(row)} />
    </td>
  )
}

interface ActProps {
  act: Key
  /** Every row has these acts: who hears one of them alone hears whose it is. */
  of: string
  isDangerous?: boolean
  onClick: () => void
}

function Act({ act, of, isDangerous = false, onClick }: ActProps) {
  const { t } = useParts().language
  return (
    <button
      type="button"
      class={isDangerous ? 'danger' : undefined}
      aria-label={t('action.of', { act: t(act), name: of })}
      onClick={onClick}
    >
      {t(act)}
    </button>
  )
}
