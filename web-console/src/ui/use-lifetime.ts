import { useEffect } from 'preact/hooks'

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
