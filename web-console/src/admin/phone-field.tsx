import { useSignal } from '@preact/signals'
import { PhoneChange } from '../../../gateway/contracts/channel.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { TextField } from '../ui/field.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** The number that text messages go to; it is sealed, and shown with its middle hidden. */
export function PhoneField({ userId }: { userId: string }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const kept = useLoaded((signal) => calls.phone(userId, signal), [userId])
  const typed = useSignal('')
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const done = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)
  const number = typed.value.replaceAll(/[\s-]/g, '')
  const isNumber = PhoneChange.safeParse({ phone: number }).success
  const phone = kept.data.value?.phone

  async function set(next: string | null): Promise<void> {
    busy.value = true
    const answer = await calls.setPhone(userId, next)
    busy.value = false
    problem.value = failureOf(answer)
    done.value = answer.kind !== 'ok' ? undefined : t(next === null ? 'phone.removed' : 'phone.saved')
    if (answer.kind !== 'ok') return
    typed.value = ''
    kept.reload()
  }

  return (
    <section class="cut-off">
      <h3>{t('phone.title')}</h3>
      <p>
        {kept.data.value === undefined
          ? t('list.loading')
          : phone === undefined
            ? t('phone.none')
            : t('phone.kept', { phone })}
      </p>
      <TextField
        label={t(phone === undefined ? 'phone.label' : 'phone.another')}
        hint={t('phone.hint')}
        value={typed}
        autocomplete="off"
        inputMode="tel"
        maxLength={20}
      />
      {(problem.value ?? kept.problem.value) !== undefined && (
        <ProblemNote problem={problem.value ?? kept.problem.value ?? { status: 0, code: 'offline' }} />
      )}
      {done.value !== undefined && <p role="status">{done.value}</p>}
      <div class="actions">
        <button type="button" disabled={busy.value || !isNumber} onClick={() => void set(number)}>
          {t('phone.save')}
        </button>
        {phone !== undefined && (
          <button type="button" disabled={busy.value} onClick={() => void set(null)}>
            {t('phone.remove')}
          </button>
        )}
      </div>
    </section>
  )
}
