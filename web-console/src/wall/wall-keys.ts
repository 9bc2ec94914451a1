import { useRef } from 'preact/hooks'
import { useListening } from '../ui/use-lifetime.ts'
import type { WallState } from './wall-state.ts'

/** A second digit so soon after the first belongs to it: 1 2 is tile 12. */
const SECOND_DIGIT_MS = 800

export interface WallActs {
  focusSearch(): void
  /** Saves a still of the selected tile. */
  snapshot(): void
  /** Sound of the picture that stands alone, on or off. */
  sound(): void
  help(): void
  /** People may switch the keys off (WCAG 2.1.4). */
  areOn(): boolean
}

/** What the wall's keys do; keys are matched by their place on the keyboard, whatever the input method. */
export function useWallKeys(wall: WallState, acts: WallActs): void {
  const latest = useRef(acts)
  latest.current = acts
  useListening((signal) => {
    const digits = { typed: '', atMs: 0 }
    addEventListener('keydown', (event) => onKey(event, wall, latest.current, digits), { signal })
  })
}

/** Where the wall's keys are the wall's, and no field's. */
export function focusTile(index: number): void {
  document.querySelector<HTMLElement>(`[data-tile="${index + 1}"]`)?.focus()
}

interface Digits {
  typed: string
  atMs: number
}

function onKey(event: KeyboardEvent, wall: WallState, acts: WallActs, digits: Digits): void {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !acts.areOn()) return
  const target = event.target instanceof HTMLElement ? event.target : undefined
  if (document.querySelector('dialog[open]') !== null) return
  if (target?.closest('input, textarea, select') != null) {
    if (event.code === 'Escape') target.blur()
    return
  }
  // Enter and the arrows on a control are the control's own; a tile is none.
  if (target?.closest('button, a, summary, svg') != null && /^(?:Numpad)?Enter$|^Arrow|^Delete$/.test(event.code))
    return
  if (act(event, wall, acts, digits)) event.preventDefault()
}

const ARROWS: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

function act(event: KeyboardEvent, wall: WallState, acts: WallActs, digits: Digits): boolean {
  const { code, shiftKey } = event
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1]
  const arrow = ARROWS[code]
  if (digit !== undefined) chooseTile(digit, event.timeStamp, wall, digits)
  else if (arrow !== undefined) {
    const next = wall.zoomed.value ? undefined : wall.beside(...arrow)
    if (next === undefined) return false
    if (shiftKey) wall.swap(wall.selected.value, next)
    else wall.selected.value = next
    focusTile(next)
  } else if (code === 'Slash' && shiftKey) acts.help()
  else if (code === 'Slash') acts.focusSearch()
  else if (shiftKey) return false
  else if (code === 'Enter' || code === 'NumpadEnter') wall.zoomed.value = wall.layout.value > 1
  else if (code === 'Escape') {
    if (wall.zoomed.value) wall.zoomed.value = false
    else wall.comeBack()
  } else if (code === 'Delete') wall.setTile(wall.selected.value, { kind: 'empty' })
  else if (code === 'KeyL') wall.nextLayout()
  else if (code === 'KeyP') acts.snapshot()
  else if (code === 'KeyV' && !event.repeat) acts.sound()
  else return false
  return true
}

function chooseTile(digit: string, atMs: number, wall: WallState, digits: Digits): void {
  const both = atMs - digits.atMs < SECOND_DIGIT_MS ? `${digits.typed}${digit}` : digit
  const typed = Number(both) <= wall.layout.value ? both : digit
  digits.typed = typed
  digits.atMs = atMs
  const index = Number(typed) - 1
  if (index < 0 || index >= wall.layout.value) return
  // A zoomed wall goes from picture to picture.
  wall.selected.value = index
}
