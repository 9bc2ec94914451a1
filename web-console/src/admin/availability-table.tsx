import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'
import { lengthOf } from '../time.ts'
import { Choice } from '../ui/field.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

const SPANS = ['1', '7', '30'] as const

/** How much of the time the cameras of each cell could be reached. */
export function AvailabilityTable() {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const days = useSignal<(typeof SPANS)[number] | undefined>('7')
  const loaded = useLoaded(
    async (signal) => {
      const answer = await calls.availability(Number(days.value), signal)
      return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
    },
    [days.value],
  )
  return (
    <section class="panel">
      <h2>{t('health.availability')}</h2>
      <Choice
        legend={t('time.span')}
        options={SPANS.map((value) => ({ value, label: t('time.lastDays', { n: value }) }))}
        value={days}
      />
      <LoadedList of={loaded} empty={t('list.noCameras')}>
        {(items) => (
          <Table
            columns={[
              'column.cell',
              'health.cameras',
              'health.availability',
              'health.offlineTime',
              'health.stalledTime',
            ]}
          >
            {items.map((item) => (
              <tr key={item.key}>
                <th scope="row">{township.cellName(item.key)}</th>
                <td data-label={t('health.cameras')}>{item.cameras}</td>
                <td data-label={t('health.availability')}>{(item.availability * 100).toFixed(1)} %</td>
                <td data-label={t('health.offlineTime')}>{lengthOf(t, item.offlineSeconds)}</td>
                <td data-label={t('health.stalledTime')}>{lengthOf(t, item.stalledSeconds)}</td>
              </tr>
            ))}
          </Table>
        )}
      </LoadedList>
    </section>
  )
}
