import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useParts } from '../parts.ts'
import { useModal } from './use-modal.ts'

interface DialogProps {
  title: string
  onClose: () => void
  children: ComponentChildren
}

/** A modal question; Escape and the back gesture close it, as the browser does for every dialog. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useModal(onClose)
  return (
    <dialog ref={element} class="dialog" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}

interface AnswersProps {
  /** What the form does. */
  act: string
  isDangerous?: boolean
  isReady: boolean
  onCancel: () => void
}

/** The two ends of a form in a dialog: do it, or leave all as it is. */
export function Answers({ act, isDangerous = false, isReady, onCancel }: AnswersProps) {
  const { t } = useParts().language
  const submit = useRef<HTMLButtonElement>(null)
  const held = useRef(false)
  const wasReady = useRef(isReady)
  // While its answer is awaited it cannot be pressed, and loses the focus: it has it again when it was refused. Some
  // browsers take the focus in the moment of drawing, so who has it is asked before.
  if (wasReady.current && !isReady) held.current = document.activeElement === submit.current
  wasReady.current = isReady
  useLayoutEffect(() => {
    if (isReady && held.current && document.activeElement === document.body) submit.current?.focus()
  }, [isReady])
  return (
    <div class="actions">
      <button ref={submit} type="submit" class={isDangerous ? 'danger' : 'primary'} disabled={!isReady}>
        {act}
      </button>
      <button type="button" onClick={onCancel}>
        {t('action.cancel')}
      </button>
    </div>
  )
}
