import { useSignal } from '@preact/signals'
import type { Link, LinkScope } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { date, endOfDay } from '../time.ts'
import { Choice, Choices, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'

const DEFAULT_DAYS = 90
const DAY_MS = 86_400_000

interface ConsentFormProps {
  link: Link
  onChange: (link: Link) => void
  /** Where there is a consent that may stay as it is. */
  onCancel?: () => void
}

/** The owner's own act: never wider than what was asked, narrower as the owner likes. */
export function ConsentForm({ link, onChange, onCancel }: ConsentFormProps) {
  const { calls, language } = useParts()
  const { t } = language
  // Sound is agreed to by a tick of its own or not at all.
  const scopes = useSignal<readonly LinkScope[]>(link.scopes.filter((scope) => scope !== 'audio'))
  const hoursKind = useSignal<'all' | 'some' | undefined>(link.hours === undefined ? 'all' : 'some')
  const from = useSignal(link.hours?.from ?? '22:00')
  const to = useSignal(link.hours?.to ?? '06:00')
  const lastDay = link.validUntil === undefined ? undefined : date(link.validUntil)
  const agreedDay = link.consent === undefined ? undefined : date(link.consent.validUntil)
  const until = useSignal(agreedDay ?? lastDay ?? date(Date.now() + DEFAULT_DAYS * DAY_MS))
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    busy.value = true
    const answer = await calls.ownerConsent(link.id, {
      scopes: [...scopes.value],
      // The last day asked for may end before midnight; the consent must not go beyond it.
      validUntil: until.value === lastDay && link.validUntil !== undefined ? link.validUntil : endOfDay(until.value),
      ...(hoursKind.value === 'some' ? { hours: { from: from.value, to: to.value } } : {}),
    })
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onChange(answer.data)
  }

  return (
    <form onSubmit={submit}>
      <p class="owner-ask">{t('owner.ask', { party: link.party.name })}</p>
      <Choices
        legend={t('owner.chooseScopes')}
        options={link.scopes.map((value) => ({ value, label: t(`scope.${value}`) }))}
        values={scopes}
      />
      {link.hours === undefined && (
        <Choice
          legend={t('owner.chooseHours')}
          options={[
            { value: 'all', label: t('owner.allDay') },
            { value: 'some', label: t('owner.someHours') },
          ]}
          value={hoursKind}
        />
      )}
      {hoursKind.value === 'some' && (
        <div class="hours">
          <TextField label={t('owner.from')} value={from} type="time" required />
          <TextField label={t('owner.to')} value={to} type="time" required />
        </div>
      )}
      <TextField
        label={t('owner.until')}
        value={until}
        type="date"
        min={date(Date.now())}
        {...(lastDay === undefined ? {} : { max: lastDay })}
        required
      />
      <p class="hint">{t('invitation.rights')}</p>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        <button type="submit" class="primary wide" disabled={busy.value || scopes.value.length === 0}>
          {t('owner.agree')}
        </button>
        {onCancel !== undefined && (
          <button type="button" class="wide" onClick={onCancel}>
            {t('action.cancel')}
          </button>
        )}
      </div>
    </form>
  )
}
