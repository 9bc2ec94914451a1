import { useSignal } from '@preact/signals'
import type { Channel, ChannelTest, Delivery } from '../../../gateway/contracts/channel.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { type Loaded, LoadedList, useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Table } from '../ui/table.tsx'
import { ChannelDialog } from './channel-dialog.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

/** How cases reach people whose page stays silent, in the order in which they are asked, and what was given up. */
export function ChannelsPage() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const channels = useLoaded(calls.channels, [])
  const isMaking = useSignal(false)
  return (
    <main class="page admin">
      <div class="page-head">
        <h1>{t('channels.title')}</h1>
        <button
          type="button"
          class="primary"
          onClick={() => {
            isMaking.value = true
          }}
        >
          {t('channels.add')}
        </button>
      </div>
      <p class="secondary">{t('channels.order')}</p>
      <LoadedList of={channels} empty={t('channels.none')}>
        {(items) => <ChannelTable channels={items} onChanged={channels.reload} />}
      </LoadedList>
      <DeadLetters onChanged={channels.reload} />
      {isMaking.value && (
        <ChannelDialog
          channel={undefined}
          onChanged={channels.reload}
          onClose={() => {
            isMaking.value = false
          }}
        />
      )}
    </main>
  )
}

function ChannelTable({ channels, onChanged }: { channels: readonly Channel[]; onChanged: () => void }) {
  return (
    <Table columns={['channels.name', 'channels.kind', 'channels.host', 'channels.queue', 'channels.acts']}>
      {channels.map((channel) => (
        <ChannelRow key={channel.id} channel={channel} onChanged={onChanged} />
      ))}
    </Table>
  )
}

function ChannelRow({ channel, onChanged }: { channel: Channel; onChanged: () => void }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const phone = useSignal('')
  const tested = useSignal<ChannelTest | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const isBusy = useSignal(false)
  const isManaged = useSignal(false)
  const { id, name, kind, host, ratePerMinute, enabled, waiting, dead } = channel
  const turnWords = t(enabled ? 'channels.turnOff' : 'channels.turnOn')

  async function test(): Promise<void> {
    isBusy.value = true
    const answer = await calls.testChannel(id, kind === 'sms' ? phone.value.trim() : undefined)
    isBusy.value = false
    problem.value = failureOf(answer)
    tested.value = answer.kind === 'ok' ? answer.data : undefined
  }
  async function turn(): Promise<void> {
    const answer = await calls.changeChannel(id, { enabled: !enabled })
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onChanged()
  }

  return (
    <tr>
      <th scope="row">
        {name}
        {!enabled && <span class="secondary">{t('channels.off')}</span>}
      </th>
      <td data-label={t('channels.kind')}>
        {t(`channelKind.${kind}`)}
        <span class="secondary">{t('channels.rate', { n: ratePerMinute })}</span>
      </td>
      <td data-label={t('channels.host')}>{host}</td>
      <td data-label={t('channels.queue')}>
        {t('channels.waiting', { n: waiting })}
        {dead > 0 && <strong class="fault">{t('channels.dead', { n: dead })}</strong>}
      </td>
      <td data-label={t('channels.acts')} class="channel-acts">
        {kind === 'sms' && (
          <input
            type="text"
            inputMode="tel"
            aria-label={t('channels.phone')}
            placeholder={t('channels.phone')}
            value={phone.value}
            onInput={(event) => {
              phone.value = event.currentTarget.value
            }}
          />
        )}
        <button
          type="button"
          aria-label={t('action.of', { act: t('channels.test'), name })}
          disabled={isBusy.value}
          onClick={() => void test()}
        >
          {t('channels.test')}
        </button>
        <button type="button" aria-label={t('action.of', { act: turnWords, name })} onClick={() => void turn()}>
          {turnWords}
        </button>
        <button
          type="button"
          aria-label={t('action.manageOf', { name })}
          onClick={() => {
            isManaged.value = true
          }}
        >
          {t('action.manage')}
        </button>
        {isManaged.value && (
          <ChannelDialog
            channel={channel}
            onChanged={onChanged}
            onClose={() => {
              isManaged.value = false
            }}
          />
        )}
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        {tested.value !== undefined && <TestNote result={tested.value} />}
      </td>
    </tr>
  )
}

function TestNote({ result: { ok, fault, detail, nextStep, tookMs } }: { result: ChannelTest }) {
  const { t } = useParts().language
  if (ok) return <p role="status">{t('channels.tested', { n: tookMs })}</p>
  return (
    <div role="status">
      <p class="fault">{fault === undefined ? t('channels.notTested') : t(`channelFault.${fault}`)}</p>
      <p class="secondary">{detail}</p>
      {nextStep !== undefined && <p>{nextStep}</p>}
    </div>
  )
}

function DeadLetters({ onChanged }: { onChanged: () => void }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const dead: Loaded<Delivery[]> = useLoaded(calls.deadLetters, [])
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  async function retry(id: string): Promise<void> {
    const answer = await calls.retryDelivery(id)
    problem.value = failureOf(answer)
    dead.reload()
    onChanged()
  }
  return (
    <section>
      <h2>{t('channels.deadLetters')}</h2>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <LoadedList of={dead} empty={t('channels.noDead')}>
        {(items) => (
          <ul class="rejected">
            {items.map(({ id, caseNumber, to, channelName, at, attempts, fault }) => (
              <li key={id} class="panel">
                <p>
                  <strong>{caseNumber}</strong> {to} · {channelName} · {dateTime(at)}
                </p>
                <p class="fault">
                  {fault !== undefined && t(`channelFault.${fault}`)} {t('channels.attempts', { n: attempts })}
                </p>
                <button
                  type="button"
                  aria-label={t('action.of', { act: t('channels.retry'), name: `${caseNumber} ${to}` })}
                  onClick={() => void retry(id)}
                >
                  {t('channels.retry')}
                </button>
              </li>
            ))}
          </ul>
        )}
      </LoadedList>
    </section>
  )
}
