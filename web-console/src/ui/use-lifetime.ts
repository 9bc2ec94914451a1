import { useEffect, useLayoutEffect } from 'preact/hooks'

/**
 * Runs something while a component is on the screen and `keys` stay the same; the signal ends it.
 * It sees the values of its first run: what changes without ending it is read from a signal.
 */
export function useLifetime(run: (until: AbortSignal) => void, keys: readonly unknown[] = []): void {
  useEffect(() => {
    const over = new AbortController()
    run(over.signal)
    return () => over.abort()
    // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what starts it anew
  }, keys)
}

/**
 * The same for what listens to the person: it is there with the first drawing. `useLifetime` begins after the browser
 * has painted, and a busy one lets a key come before that.
 */
export function useListening(listen: (until: AbortSignal) => void, keys: readonly unknown[] = []): void {
  useLayoutEffect(() => {
    const over = new AbortController()
    listen(over.signal)
    return () => over.abort()
    // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what starts it anew
  }, keys)
}
