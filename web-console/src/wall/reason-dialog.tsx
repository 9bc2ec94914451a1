import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import { AskedFor, MIN_REASON_CHARS, type ViewReason } from '../../../gateway/contracts/view.ts'
import { useParts } from '../parts.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choice, TextField } from '../ui/field.tsx'

const KINDS = [...AskedFor.options, 'maintenance'] as const

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
  const kind = useSignal<(typeof KINDS)[number] | undefined>(undefined)
  const text = useSignal('')
  const words = text.value.trim()
  const isComplete = kind.value !== undefined || [...words].length >= MIN_REASON_CHARS

  function submit(event: Event): void {
    event.preventDefault()
    if (!isComplete) return
    onGiven({ kind: kind.value ?? 'request', ...(words === '' ? {} : { text: words }) })
  }

  return (
    <Dialog title={t('reason.title', { name: camera.name })} onClose={onClose}>
      <form onSubmit={submit}>
        <p class="secondary">{t('reason.explain')}</p>
        <Choice
          legend={t('reason.kind')}
          options={KINDS.map((value) => ({ value, label: t(`reasonKind.${value}`) }))}
          value={kind}
        />
        <TextField label={t('reason.text')} hint={t('reason.textHint')} value={text} maxLength={500} />
        <Answers act={t('reason.open')} isReady={isComplete} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
