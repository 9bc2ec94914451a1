import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'
import './copied-secret.css'

/** Something the gateway shows this once, with a button that copies it. */
export function CopiedSecret({ label, text }: { label: string; text: string }) {
  const { t } = useParts().language
  const copied = useSignal(false)
  return (
    <div class="secret">
      <span class="secondary">{label}</span>
      <output>{text}</output>
      <button
        type="button"
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => {
            copied.value = true
          })
        }}
      >
        {copied.value ? t('action.copied') : t('action.copy')}
      </button>
    </div>
  )
}
