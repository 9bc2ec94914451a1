import { useSignal } from '@preact/signals'
import type { DeadLetter, OutboxState } from '../../../gateway/contracts/outbox.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** How far the brokers are behind what happened here, and what they refused for good. */
export function OutboxPanel() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const states = useLoaded(calls.outbox, [])
  const isOpen = useSignal(false)
  return (
    <section class="panel">
      <h2>{t('outbox.title')}</h2>
      <p class="secondary">{t('outbox.hint')}</p>
      <LoadedList<OutboxState> of={states} empty={t('outbox.none')}>
        {(items) => (
          <Table columns={['outbox.destination', 'outbox.waiting', 'outbox.refused']}>
            {items.map(({ destination, waiting, waitingSince, deadLetters, lastFault }) => (
              <tr key={destination}>
                <th scope="row">{destination}</th>
                <td data-label={t('outbox.waiting')}>
                  {waiting}
                  {waitingSince !== undefined && (
                    <span class="secondary">{t('time.since', { time: dateTime(waitingSince) })}</span>
                  )}
                  {lastFault !== undefined && (
                    <span class="secondary">
                      {dateTime(lastFault.at)} {lastFault.reason}
                    </span>
                  )}
                </td>
                <td data-label={t('outbox.refused')}>{deadLetters}</td>
              </tr>
            ))}
          </Table>
        )}
      </LoadedList>
      <details
        onToggle={({ currentTarget }) => {
          isOpen.value = currentTarget.open
        }}
      >
        <summary>{t('outbox.letters')}</summary>
        {isOpen.value && <Letters />}
      </details>
    </section>
  )
}

function Letters() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const letters = useLoaded(calls.outboxDeadLetters, [])
  return (
    <LoadedList<DeadLetter> of={letters} empty={t('outbox.noLetters')}>
      {(items) => (
        <ul class="rejected">
          {items.map(({ id, at, destination, topic, reason, payload }) => (
            <li key={id} class="panel">
              <strong>{reason}</strong>
              <p class="secondary">
                {dateTime(at)} · {destination} {topic !== '' && `· ${topic}`}
              </p>
              {payload !== '' && <code>{payload}</code>}
            </li>
          ))}
        </ul>
      )}
    </LoadedList>
  )
}
