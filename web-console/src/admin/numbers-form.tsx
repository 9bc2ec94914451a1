import { signal, useSignal } from '@preact/signals'
import { useState } from 'preact/hooks'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { TextField } from '../ui/field.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'

interface NumberField {
  label: string
  hint: string
  text: string
}

interface NumbersProps<Decided> {
  ask: (signal: AbortSignal) => Promise<Answer<Decided>>
  save: (decided: Decided) => Promise<Answer<Decided>>
  fieldsOf: (decided: Decided) => NumberField[]
  /** @param numbers in the order of the fields, 0 for an empty one. @returns undefined where they are out of range */
  read: (before: Decided, numbers: readonly number[]) => Decided | undefined
  inputMode: 'numeric' | 'decimal'
  maxLength: number
  /** What may stand in the fields. */
  range: string
  /** From when on it counts. */
  saved: string
}

/** Numbers that an administrator decides, saved all together. */
export function NumbersForm<Decided>({ ask, ...form }: NumbersProps<Decided>) {
  const { data, problem } = useLoaded(ask, [])
  return (
    <>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {data.value !== undefined && <Form decided={data.value} {...form} />}
    </>
  )
}

function Form<Decided>({ decided, ...form }: Omit<NumbersProps<Decided>, 'ask'> & { decided: Decided }) {
  const { t } = useParts().language
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const before = useSignal(decided)
  const justSaved = useSignal(false)
  // Its labels change with the language, what was typed does not.
  const [values] = useState(() => form.fieldsOf(decided).map(({ text }) => signal(text)))
  const typed = form.read(
    decided,
    values.map(({ value }) => Number(value)),
  )
  const isChanged = JSON.stringify(typed) !== JSON.stringify(before.value)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (typed === undefined) return
    const answer = await form.save(typed)
    problem.value = failureOf(answer)
    justSaved.value = answer.kind === 'ok'
    if (answer.kind === 'ok') before.value = answer.data
  }

  return (
    <form onSubmit={submit} onInput={() => (justSaved.value = false)}>
      <div class="short-fields">
        {form.fieldsOf(decided).map(({ label, hint }, at) => {
          const value = values[at]
          return (
            value && (
              <TextField
                key={label}
                label={label}
                hint={hint}
                value={value}
                inputMode={form.inputMode}
                maxLength={form.maxLength}
                required
              />
            )
          )
        })}
      </div>
      {typed === undefined && <p class="hint">{form.range}</p>}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={typed === undefined || !isChanged}>
          {t('action.save')}
        </button>
        {justSaved.value && <p role="status">{form.saved}</p>}
      </div>
    </form>
  )
}
