import { useSignal } from '@preact/signals'
import type { RegisterRow } from '../../../gateway/contracts/register.ts'
import { useParts } from '../parts.ts'
import { date } from '../time.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useSending } from '../ui/use-sending.ts'

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
  const { busy, problem, send } = useSending()
  const today = date(Date.now())
  const areDaysReadable = /^\d*$/.test(retentionDays.value)
  const isFilingWhole = (filingNumber.value.trim() === '') === (filingDate.value === '')

  function submit(event: Event): void {
    event.preventDefault()
    const entry = {
      inUseOn: inUseOn.value || null,
      filing: filingDate.value === '' ? null : { number: filingNumber.value.trim(), date: filingDate.value },
      signOn: signOn.value || null,
      retentionDays: retentionDays.value === '' ? null : Number(retentionDays.value),
    }
    void send(calls.changeRegister(row.cameraId, entry), onSaved)
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
        <Answers act={t('action.save')} isReady={!busy.value && isFilingWhole && areDaysReadable} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
