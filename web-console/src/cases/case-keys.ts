import type { Case } from '../../../gateway/contracts/case.ts'
import type { Shortcuts } from '../shortcuts.ts'
import type { CaseBoard } from '../state/case-board.ts'
import { useListening } from '../ui/use-lifetime.ts'

/** One-key actions on the chosen case; keys are matched by their place, and never while somebody types. */
const ACTION_KEYS = {
  KeyA: 'acknowledge',
  KeyD: 'dispatch',
  KeyE: 'escalate',
  KeyM: 'false-alarm',
  KeyS: 'shelve',
} as const

const isActionKey = (code: string): code is keyof typeof ACTION_KEYS => Object.hasOwn(ACTION_KEYS, code)

export function useCaseKeys(
  cases: CaseBoard,
  shortcuts: Shortcuts,
  mayAct: boolean,
  onShelve: (one: Case) => void,
): void {
  useListening(
    (signal) => {
      addEventListener(
        'keydown',
        (event) => {
          if (event.isComposing || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return
          if (!shortcuts.areOn.peek() || event.shiftKey) return
          if (document.querySelector('dialog[open]') !== null) return
          if (event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null) return
          if (event.code === 'KeyN') cases.chooseNext()
          if (!mayAct || !isActionKey(event.code)) return
          const [action, chosen] = [ACTION_KEYS[event.code], cases.chosen.peek()]
          if (chosen === undefined || !chosen.legal.includes(action)) return
          event.preventDefault()
          if (action === 'shelve') onShelve(chosen)
          else void cases.act(chosen.id, { action })
        },
        { signal },
      )
    },
    [mayAct],
  )
}
