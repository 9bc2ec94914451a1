import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choice } from '../ui/field.tsx'

const REASONS = ['works', 'test', 'weather', 'known'] as const
type Reason = (typeof REASONS)[number]

/** Asks why a case is put on the shelf; it comes back by itself. */
export function ShelveDialog({ onGiven, onClose }: { onGiven: (text: string) => void; onClose: () => void }) {
  const { t } = useParts().language
  const reason = useSignal<Reason | undefined>(undefined)
  return (
    <Dialog title={t('shelve.title')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (reason.value !== undefined) onGiven(t(`shelve.${reason.value}`))
        }}
      >
        <Choice
          legend={t('shelve.reason')}
          options={REASONS.map((value) => ({ value, label: t(`shelve.${value}`) }))}
          value={reason}
        />
        <Answers act={t('shelve.submit')} isReady={reason.value !== undefined} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
