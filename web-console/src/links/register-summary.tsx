import type { RegisterSummary } from '../../../gateway/contracts/register.ts'
import { FilingState, RegisterFault } from '../../../gateway/contracts/register.ts'
import { useParts } from '../parts.ts'

type Sums = { public: { cameras: number; active: number }; private: { cameras: number; active: number } }

/** Nothing is to be done about these. */
const DONE = new Set<FilingState>(['not-required', 'filed'])

/** Counts by cell and kind of owner, and what is due. */
export function Summary({ summary }: { summary: RegisterSummary }) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <div class="summary">
      <dl class="panel">
        <dt>{t('register.due')}</dt>
        <dd>
          <strong>{summary.expiring}</strong> {t('register.expiring')}
        </dd>
        {FilingState.options
          .filter((state) => !DONE.has(state) && (summary.filing[state] ?? 0) > 0)
          .map((state) => (
            <dd key={state}>
              <strong>{summary.filing[state]}</strong> {t(`filing.${state}`)}
            </dd>
          ))}
        {RegisterFault.options
          .filter((fault) => (summary.faults[fault] ?? 0) > 0)
          .map((fault) => (
            <dd key={fault}>
              <strong>{summary.faults[fault]}</strong> {t(`registerFault.${fault}`)}
            </dd>
          ))}
        <dt>{t('register.done')}</dt>
        <dd>
          <strong>{summary.filing.filed ?? 0}</strong> {t('filing.filed')}
        </dd>
        <dd>
          <strong>{summary.strippedFields}</strong> {t('register.stripped')}
        </dd>
      </dl>
      <Counts
        title={t('column.cell')}
        rows={summary.byCell.map(({ cellCode, ...sums }) => ({ name: township.cellName(cellCode), ...sums }))}
      />
      <Counts
        title={t('linkForm.partyKind')}
        rows={summary.byParty.map(({ party, ...sums }) => ({ name: t(`party.${party}`), ...sums }))}
      />
    </div>
  )
}

function Counts({ title, rows }: { title: string; rows: readonly (Sums & { name: string })[] }) {
  const { t } = useParts().language
  if (rows.length === 0) return null
  return (
    <table class="panel counts">
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">{t('ownership.public')}</th>
          <th scope="col">{t('ownership.private')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            {(['public', 'private'] as const).map((ownership) => (
              <td key={ownership} data-label={t(`ownership.${ownership}`)}>
                {t('register.activeOf', { active: row[ownership].active, cameras: row[ownership].cameras })}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
