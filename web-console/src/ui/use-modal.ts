import { useEffect, useRef } from 'preact/hooks'

/**
 * Opens a dialog over the page while it is drawn. However it goes, by Escape, by a button or because what it asked about
 * is gone, the focus goes back to where it was: browsers see to that where a dialog closes, not where it is taken away.
 * Where what opened it is gone by then, it goes to the place that was around it.
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
    const before = document.activeElement
    const around = before?.closest('[tabindex="-1"]')
    dialog.showModal()
    return () => {
      drawn.abort()
      dialog.close()
      const back = before?.isConnected ? before : around
      if (document.activeElement === document.body && back instanceof HTMLElement) back.focus()
    }
  }, [])
  return element
}
