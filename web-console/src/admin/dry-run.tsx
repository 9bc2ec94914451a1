import { useSignal } from '@preact/signals'
import type { AlarmSource, DryRunAnswer } from '../../../gateway/contracts/alarm.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Field, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** Tries a message of a source: which alarm it would be, or why it is none. Nothing is stored. */
export function DryRunForm({ sources }: { sources: readonly AlarmSource[] }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const sourceId = useSignal('')
  const topic = useSignal('')
  const payload = useSignal('')
  const answer = useSignal<DryRunAnswer | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const tried = await calls.dryRun({
      ...(sourceId.value === '' ? {} : { sourceId: sourceId.value }),
      ...(topic.value.trim() === '' ? {} : { topic: topic.value.trim() }),
      payload: payload.value,
    })
    problem.value = failureOf(tried)
    answer.value = tried.kind === 'ok' ? tried.data : undefined
  }

  const found = answer.value
  return (
    <details class="panel">
      <summary>{t('dryRun.title')}</summary>
      <form onSubmit={submit}>
        <Field label={t('dryRun.source')}>
          {(id) => (
            <select
              id={id}
              value={sourceId.value}
              onChange={(event) => {
                sourceId.value = event.currentTarget.value
              }}
            >
              <option value="">{t('mapping.own')}</option>
              {sources.map(({ id: value, name }) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <TextField label={t('dryRun.topic')} value={topic} autocapitalize="none" spellcheck={false} />
        <Field label={t('dryRun.payload')}>
          {(id) => (
            <textarea
              id={id}
              rows={5}
              spellcheck={false}
              value={payload.value}
              onInput={(event) => {
                payload.value = event.currentTarget.value
              }}
            />
          )}
        </Field>
        <div class="actions">
          <button type="submit" disabled={payload.value.trim() === ''}>
            {t('dryRun.submit')}
          </button>
        </div>
      </form>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {found !== undefined && (
        <div role="status">
          <p>
            <strong>{t(`dryRun.${found.outcome}`)}</strong> {found.why}
          </p>
          <ul>
            {found.alarms.map((alarm) => (
              <li key={`${alarm.type} ${alarm.text} ${alarm.state}`}>
                {t(`priority.${alarm.priority}`)} · {t(`alarmType.${alarm.type}`)} · {alarm.text}
                {alarm.state === 'cleared' && ` · ${t('alarm.cleared')}`}
                {alarm.strippedFields > 0 && ` · ${t('dryRun.stripped', { n: alarm.strippedFields })}`}
              </li>
            ))}
          </ul>
        </div>
      )}
    </details>
  )
}
