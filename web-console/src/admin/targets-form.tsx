import { type Signal, signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { CaseTargets, DEFAULT_TARGETS } from '../../../gateway/contracts/case-figures.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { TextField } from '../ui/field.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

const minutesOf = (seconds: number): string => String(Math.round(seconds / 6) / 10)

/** By when somebody is to be there, for each priority. */
export function TargetsForm() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const { data, problem } = useLoaded(calls.targets, [])
  return (
    <section class="panel">
      <h2>{t('targets.title')}</h2>
      <p class="secondary">{t('targets.effect')}</p>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {data.value !== undefined && <Form targets={data.value} />}
    </section>
  )
}

function Form({ targets }: { targets: CaseTargets }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const saved = useSignal(targets)
  const justSaved = useSignal(false)
  const fields = useMemo(
    () =>
      targets.items.map(({ priority, respondSeconds }) => ({ priority, minutes: signal(minutesOf(respondSeconds)) })),
    [targets],
  )
  const typed = CaseTargets.safeParse({
    items: fields.map(({ priority, minutes }) => ({ priority, respondSeconds: secondsOf(minutes) })),
  }).data
  const isChanged = JSON.stringify(typed) !== JSON.stringify(saved.value)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (typed === undefined) return
    const answer = await calls.setTargets(typed)
    problem.value = failureOf(answer)
    justSaved.value = answer.kind === 'ok'
    if (answer.kind === 'ok') saved.value = answer.data
  }

  return (
    <form onSubmit={submit} onInput={() => (justSaved.value = false)}>
      <div class="short-fields">
        {fields.map(({ priority, minutes }) => (
          <TextField
            key={priority}
            label={t('targets.minutes', { priority: t(`priority.${priority}`) })}
            hint={t('targets.usual', { n: minutesOf(usualSeconds(priority)) })}
            value={minutes}
            inputMode="decimal"
            maxLength={6}
            required
          />
        ))}
      </div>
      {typed === undefined && <p class="hint">{t('targets.range')}</p>}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={typed === undefined || !isChanged}>
          {t('action.save')}
        </button>
        {justSaved.value && <p role="status">{t('targets.saved')}</p>}
      </div>
    </form>
  )
}

const usualSeconds = (priority: number): number =>
  DEFAULT_TARGETS.items.find((item) => item.priority === priority)?.respondSeconds ?? 0

const secondsOf = ({ value }: Signal<string>): number => (value.trim() === '' ? 0 : Math.round(Number(value) * 60))
