import { useEffect, useRef } from 'preact/hooks'

/**
 * Opens a dialog over the page while it is drawn. However it goes, by Escape, by a button or because what it asked about
 * is gone, the focus goes back to where it was: a dialog that is merely taken out of the page leaves it nowhere.
 */
export function useModal(onClose: () => void) {
  const element = useRef<HTMLDialogElement>(null)
  const closed = useRef(onClose)
  closed.current = onClose
  useEffect(() => {
    const dialog = element.current
    if (dialog === null) return
    const drawn = new AbortController()
    dialog.addEventListener('close', () => closed.current(), { signal: drawn.signal })
    dialog.showModal()
    return () => {
      drawn.abort()
      dialog.close()
    }
  }, [])
  return element
}
