import { useSignal } from '@preact/signals'
import type { RegisterRow } from '../../../gateway/contracts/register.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { date } from '../time.ts'
import { Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'

interface EntryProps {
  row: RegisterRow
  onClose: () => void
  onSaved: (row: RegisterRow) => void
}

/** What the law wants known of a camera: first use, filing, notice sign, retention. */
export function EntryDialog({ row, onClose, onSaved }: EntryProps) {
  const { calls, language } = useParts()
  const { t } = language
  const isStreet = row.placeClass === 'article-7'
  const inUseOn = useSignal(row.faults.includes('in-use-date-missing') ? '' : row.inUseOn)
  const filingNumber = useSignal(row.filing?.number ?? '')
  const filingDate = useSignal(row.filing?.date ?? '')
  const signOn = useSignal(row.signOn ?? '')
  const retentionDays = useSignal(row.retentionDays?.toString() ?? '')
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)
  const today = date(Date.now())
  const isFilingWhole = (filingNumber.value.trim() === '') === (filingDate.value === '')

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    busy.value = true
    const answer = await calls.changeRegister(row.cameraId, {
      inUseOn: inUseOn.value || null,
      filing: filingDate.value === '' ? null : { number: filingNumber.value.trim(), date: filingDate.value },
      signOn: signOn.value || null,
      retentionDays: retentionDays.value === '' ? null : Number(retentionDays.value),
    })
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onSaved(answer.data)
  }

  return (
    <Dialog title={t('entry.title', { name: row.cameraName })} onClose={onClose}>
      <form onSubmit={submit}>
        <p class="hint">{t(isStreet ? 'entry.article7' : 'entry.others')}</p>
        <TextField label={t('entry.inUseOn')} value={inUseOn} type="date" max={today} />
        <TextField label={t('linkForm.filingNumber')} value={filingNumber} maxLength={200} />
        <TextField label={t('linkForm.filingDate')} value={filingDate} type="date" max={today} />
        {!isFilingWhole && <p class="hint">{t('entry.filingBoth')}</p>}
        <TextField label={t('entry.signOn')} value={signOn} type="date" max={today} />
        <TextField label={t('entry.retentionDays')} value={retentionDays} inputMode="numeric" maxLength={4} />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy.value || !isFilingWhole}>
            {t('action.save')}
          </button>
          <button type="button" onClick={onClose}>
            {t('action.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
