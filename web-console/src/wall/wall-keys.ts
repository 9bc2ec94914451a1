import { useLifetime } from '../ui/use-lifetime.ts'
import type { WallState } from './wall-state.ts'

/** What the wall's keys do; keys are matched by their place on the keyboard, whatever the input method. */
export function useWallKeys(wall: WallState, focusSearch: () => void): void {
  useLifetime((signal) => {
    addEventListener('keydown', (event) => onKey(event, wall, focusSearch), { signal })
  })
}

function onKey(event: KeyboardEvent, wall: WallState, focusSearch: () => void): void {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return
  const target = event.target instanceof HTMLElement ? event.target : undefined
  if (document.querySelector('dialog[open]') !== null) return
  if (target?.closest('input, textarea, select') != null) {
    if (event.code === 'Escape') target.blur()
    return
  }
  // Enter on a button presses the button.
  if (event.code === 'Enter' && target?.closest('button, a, summary') != null) return
  if (act(event.code, wall, focusSearch)) event.preventDefault()
}

function act(code: string, wall: WallState, focusSearch: () => void): boolean {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1]
  if (digit !== undefined) {
    const index = Number(digit) - 1
    if (wall.zoomed.value && index < wall.layout.value) wall.selected.value = index
    else wall.select(index)
  } else if (code === 'Enter' || code === 'NumpadEnter') wall.zoomed.value = wall.layout.value > 1
  else if (code === 'Escape') wall.zoomed.value = false
  else if (code === 'KeyL') wall.nextLayout()
  else if (code === 'Slash') focusSearch()
  else return false
  return true
}
