import { useRef } from 'preact/hooks'
import { useLifetime } from './use-lifetime.ts'

/**
 * Where a control is taken away with the focus on it, by what it did or by what came, the focus stays in its place: on
 * the element that is given this reference and `tabIndex={-1}`. Browsers leave it nowhere, and whoever listens to the
 * page with it. It goes to no other control: who presses twice must not do two things.
 */
export function useKeptFocus<T extends HTMLElement>() {
  const place = useRef<T>(null)
  useLifetime((until) => {
    const element = place.current
    if (element === null) return
    let last: Element | null = null
    element.addEventListener(
      'focusin',
      ({ target }) => {
        // A dialog gives the focus back by itself.
        if (target instanceof Element && target.closest('dialog') === null) last = target
      },
      { signal: until },
    )
    const observer = new MutationObserver(() => {
      if (last === null || last.isConnected) return
      last = null
      if (document.activeElement === document.body) element.focus({ preventScroll: true })
    })
    observer.observe(element, { childList: true, subtree: true })
    until.addEventListener('abort', () => observer.disconnect())
  })
  return place
}
