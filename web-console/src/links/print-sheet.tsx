import type { ComponentChildren } from 'preact'
import { createPortal } from 'preact/compat'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { useModal } from '../ui/use-modal.ts'
import './print-sheet.css'

interface SheetProps {
  title: string
  onClose: () => void
  children: ComponentChildren
}

/** A page of paper over the screen, black on white; the browser's print makes paper or PDF of it and of nothing else. */
export function PrintSheet({ title, onClose, children }: SheetProps) {
  const { nowMs, language } = useParts()
  const { t } = language
  const element = useModal(onClose)
  return createPortal(
    <dialog ref={element} class="print-sheet" aria-label={title}>
      <div class="print-acts">
        <button type="button" class="primary" onClick={() => window.print()}>
          {t('print.print')}
        </button>
        <button type="button" onClick={onClose}>
          {t('action.close')}
        </button>
      </div>
      <h1>{title}</h1>
      {children}
      <footer>
        {t('app.name')} · {t('print.madeAt', { time: dateTime(nowMs.value) })}
      </footer>
    </dialog>,
    document.body,
  )
}
