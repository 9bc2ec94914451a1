import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { Icon } from '../ui/icon.tsx'
import { Table } from '../ui/table.tsx'
import type { Entry } from './admin-calls.ts'
import { actorWords, auditActionWords, auditReasonWords } from './audit-csv.ts'

/** Entries as they stand in the chain, newest first. */
export function AuditTable({ entries }: { entries: readonly Entry[] }) {
  const { language, township } = useParts()
  const { t } = language
  const cameraOf = ({ object, detail }: Entry): string | undefined =>
    township.cameras.value.get(String(detail?.cameraId ?? object.slice('camera:'.length)))?.name
  return (
    <Table
      class="audit-table"
      columns={['audit.number', 'audit.time', 'audit.actor', 'audit.action', 'audit.object', 'audit.result']}
    >
      {entries.map((entry) => (
        <tr key={entry.sequence}>
          <th scope="row">{entry.sequence}</th>
          <td data-label={t('audit.time')}>{dateTime(entry.at)}</td>
          <td data-label={t('audit.actor')}>{actorWords(language, entry)}</td>
          <td data-label={t('audit.action')}>{auditActionWords(language, entry.action)}</td>
          <td data-label={t('audit.object')} class="audit-object">
            {entry.objectName ?? cameraOf(entry)} <code>{entry.object}</code>
            {entry.detail !== undefined && (
              <details>
                <summary>{t('audit.detail')}</summary>
                <code>{JSON.stringify(entry.detail)}</code>
              </details>
            )}
          </td>
          <td data-label={t('audit.result')}>
            <Icon name={entry.result === 'done' ? 'ok' : 'refused'} /> {t(`auditResult.${entry.result}`)}
            {entry.why !== undefined && <span class="secondary">{auditReasonWords(language, entry)}</span>}
          </td>
        </tr>
      ))}
    </Table>
  )
}
