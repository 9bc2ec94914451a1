import type { ReadonlySignal, Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Calls } from './api/calls.ts'
import type { Client } from './api/client.ts'
import type { Language } from './i18n/language.ts'
import type { Router } from './router.ts'
import type { Shortcuts } from './shortcuts.ts'
import type { AlarmBoard } from './state/alarm-board.ts'
import type { CaseBoard } from './state/case-board.ts'
import type { Live } from './state/live.ts'
import type { Session } from './state/session.ts'
import type { Township } from './state/township.ts'

/** Cameras to be shown for a moment, and the case for whose sake. */
export interface WallWish {
  name: string
  cameraIds: readonly string[]
  caseId: string | undefined
}

/** What the screens are made of, built once in main.tsx. */
export interface Parts {
  readonly calls: Calls
  /** For rooms that have calls of their own, so that others need not fetch them. */
  readonly client: Client
  readonly language: Language
  readonly router: Router
  readonly session: Session
  readonly live: Live
  readonly township: Township
  readonly alarms: AlarmBoard
  readonly cases: CaseBoard
  readonly shortcuts: Shortcuts
  /** What another page wants the wall to show; the wall takes it away. */
  readonly wallWish: Signal<WallWish | undefined>
  /** This second, ms; drawn clocks and ages read it. */
  readonly nowMs: ReadonlySignal<number>
}

export const PartsContext = createContext<Parts | undefined>(undefined)

export function useParts(): Parts {
  const parts = useContext(PartsContext)
  if (parts === undefined) throw new Error('a screen was drawn outside main.tsx')
  return parts
}
