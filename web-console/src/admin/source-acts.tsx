import { useSignal } from '@preact/signals'
import type { AlarmSource, NewAlarmSourceAnswer } from '../../../gateway/contracts/alarm.ts'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { SelectField, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

const HOUR_MS = 3_600_000
const PAUSE_HOURS = [1, 4, 24, 72, 168] as const

interface ActsProps {
  source: AlarmSource
  onRenewed: (source: NewAlarmSourceAnswer) => void
  /** The source is paused, back, or retired. */
  onDone: () => void
}

/** What interrupts a source or ends it: each is in the trail with who did it. */
export function SourceActs({ source, onRenewed, onDone }: ActsProps) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const hours = useSignal<string>('4')
  const reason = useSignal('')
  const isSure = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const { pause } = source

  async function act(call: Promise<Answer<unknown>>): Promise<void> {
    const answer = await call
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onDone()
  }
  async function renew(): Promise<void> {
    const answer = await calls.renewSource(source.id)
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onRenewed(answer.data)
  }
  const pauseUntil = (): Promise<Answer<AlarmSource>> => {
    const until = new Date(Date.now() + Number(hours.value) * HOUR_MS).toISOString()
    return calls.changeSource(source.id, { pause: { until, reason: reason.value.trim() } })
  }

  return (
    <section class="cut-off">
      <h3>{t('sources.acts')}</h3>
      {pause === undefined ? (
        <>
          <SelectField
            label={t('sources.pauseFor')}
            hint={t('sources.pauseHint')}
            options={PAUSE_HOURS.map((n) => ({ value: String(n), label: t('sources.hours', { n }) }))}
            value={hours}
          />
          <TextField label={t('sources.pauseReason')} value={reason} maxLength={200} />
        </>
      ) : (
        <p>{t('sources.pausedUntil', { time: dateTime(pause.until), reason: pause.reason })}</p>
      )}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        {pause === undefined ? (
          <button type="button" disabled={reason.value.trim() === ''} onClick={() => void act(pauseUntil())}>
            {t('sources.pause')}
          </button>
        ) : (
          <button type="button" onClick={() => void act(calls.changeSource(source.id, { pause: null }))}>
            {t('sources.resume')}
          </button>
        )}
        <button type="button" onClick={() => void renew()}>
          {t('sources.renew')}
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            if (isSure.value) void act(calls.retireSource(source.id))
            isSure.value = true
          }}
        >
          {t(isSure.value ? 'sources.retireSure' : 'sources.retire')}
        </button>
      </div>
      <p class="hint">{t('sources.actsHint')}</p>
    </section>
  )
}
