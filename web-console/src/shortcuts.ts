import { type ReadonlySignal, signal } from '@preact/signals'

const STORAGE_KEY = 'gridlight.shortcuts'

/** Whether single keys do something here; whoever talks to their computer switches them off (WCAG 2.1.4). */
export interface Shortcuts {
  readonly areOn: ReadonlySignal<boolean>
  set(on: boolean): void
}

export function createShortcuts(storage: Pick<Storage, 'getItem' | 'setItem'>): Shortcuts {
  const areOn = signal(storage.getItem(STORAGE_KEY) !== 'off')
  return {
    areOn,
    set(on) {
      areOn.value = on
      storage.setItem(STORAGE_KEY, on ? 'on' : 'off')
    },
  }
}
