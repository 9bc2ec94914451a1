import { type ReadonlySignal, signal } from '@preact/signals'

export interface Awake {
  /** Whether the screen is held on now; undefined where the browser cannot. */
  readonly held: ReadonlySignal<boolean | undefined>
  hold(): void
  release(): void
}

/** Keeps the screen on while somebody is on duty: a locked phone hears no alarm. It is asked for anew when the page is shown. */
export function keepAwake(until: AbortSignal): Awake {
  const held = signal<boolean | undefined>('wakeLock' in navigator ? false : undefined)
  let isWanted = false
  let lock: WakeLockSentinel | undefined

  async function ask(): Promise<void> {
    if (!isWanted || lock !== undefined || document.hidden || held.value === undefined) return
    try {
      const given = await navigator.wakeLock.request('screen')
      lock = given
      held.value = true
      given.addEventListener('release', () => {
        if (lock === given) lock = undefined
        held.value = false
      })
    } catch {
      held.value = false // the phone saves power, and says so by refusing
    }
  }

  document.addEventListener('visibilitychange', () => void ask(), { signal: until })
  until.addEventListener('abort', () => void lock?.release())
  return {
    held,
    hold() {
      isWanted = true
      void ask()
    },
    release() {
      isWanted = false
      void lock?.release()
    },
  }
}
