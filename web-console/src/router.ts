import { type ReadonlySignal, signal } from '@preact/signals'

export interface Router {
  readonly path: ReadonlySignal<string>
  go(path: string): void
  /** Shows another path without an entry in the history. */
  replace(path: string): void
}

export function createRouter(window: Window): Router {
  const path = signal(window.location.pathname)
  window.addEventListener('popstate', () => {
    path.value = window.location.pathname
  })
  return {
    path,
    go: (next) => {
      if (next !== path.value) window.history.pushState(null, '', next)
      path.value = next
    },
    replace: (next) => {
      window.history.replaceState(null, '', next)
      path.value = next
    },
  }
}
