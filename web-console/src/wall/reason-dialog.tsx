import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { ViewReason } from '../../../gateway/contracts/view.ts'
import type { Key } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choice, TextField } from '../ui/field.tsx'

const REASONS = ['alarm', 'help', 'police', 'lost', 'maintenance'] as const
type Chip = (typeof REASONS)[number]

/** Asks why a private feed is watched; the answer is what its owner will read. */
export function ReasonDialog({
  camera,
  onGiven,
  onClose,
}: {
  camera: Camera
  onGiven: (reason: ViewReason) => void
  onClose: () => void
}) {
  const { t } = useParts().language
  const chip = useSignal<Chip | undefined>(undefined)
  const text = useSignal('')
  const isComplete = chip.value !== undefined || text.value.trim() !== ''

  function submit(event: Event): void {
    event.preventDefault()
    if (!isComplete) return
    const words = [chip.value === undefined ? '' : t(`reason.${chip.value}` satisfies Key), text.value.trim()]
    onGiven({
      kind: chip.value === 'maintenance' ? 'maintenance' : 'request',
      text: words.filter((word) => word !== '').join(t('list.colon')),
    })
  }

  return (
    <Dialog title={t('reason.title', { name: camera.name })} onClose={onClose}>
      <form onSubmit={submit}>
        <p class="secondary">{t('reason.explain')}</p>
        <Choice
          legend={t('reason.kind')}
          options={REASONS.map((value) => ({ value, label: t(`reason.${value}`) }))}
          value={chip}
        />
        <TextField label={t('reason.text')} value={text} maxLength={500} />
        <Answers act={t('reason.open')} isReady={isComplete} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
