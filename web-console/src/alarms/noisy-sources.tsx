import { useSignal } from '@preact/signals'
import type { NoisiestSources } from '../../../gateway/contracts/alarm.ts'
import { useParts } from '../parts.ts'
import { date } from '../time.ts'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'

/** Who makes the work: the noisiest sources of the last seven days; asked for when it is looked at. */
export function NoisySources() {
  const { t } = useParts().language
  const isOpen = useSignal(false)
  return (
    <details
      class="panel"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open
      }}
    >
      <summary class="noisy-title">{t('noisy.title')}</summary>
      {isOpen.value && <NoisyTable />}
    </details>
  )
}

function NoisyTable() {
  const { calls, language, township } = useParts()
  const { t } = language
  const span = useSignal<Pick<NoisiestSources, 'from' | 'to' | 'total'> | undefined>(undefined)
  const sources = useLoaded(async (signal) => {
    const answer = await calls.noisiest(signal)
    if (answer.kind !== 'ok') return answer
    span.value = answer.data
    return { kind: 'ok', data: answer.data.items }
  }, [])
  return (
    <>
      {span.value !== undefined && (
        <p class="secondary">
          {t('noisy.span', { from: date(span.value.from), to: date(span.value.to), n: span.value.total })}
        </p>
      )}
      <LoadedList of={sources} empty={t('noisy.none')}>
        {(items) => (
          <Table columns={['noisy.source', 'noisy.type', 'noisy.count', 'noisy.share', 'noisy.chatter', 'noisy.stale']}>
            {items.map(({ sourceId, sourceName, type, cellCode, count, share, chatterMinutes, stale }) => (
              <tr key={`${sourceId} ${type} ${cellCode}`}>
                <th scope="row">
                  {sourceName === '' ? (township.cameras.value.get(sourceId)?.name ?? sourceId) : sourceName}
                  <span class="secondary">{township.cellName(cellCode)}</span>
                </th>
                <td data-label={t('noisy.type')}>{t(`alarmType.${type}`)}</td>
                <td data-label={t('noisy.count')}>{count}</td>
                <td data-label={t('noisy.share')}>{Math.round(share * 100)} %</td>
                <td data-label={t('noisy.chatter')}>{t('noisy.minutes', { n: chatterMinutes })}</td>
                <td data-label={t('noisy.stale')}>{stale}</td>
              </tr>
            ))}
          </Table>
        )}
      </LoadedList>
      <p class="hint">{t('noisy.hint')}</p>
    </>
  )
}
