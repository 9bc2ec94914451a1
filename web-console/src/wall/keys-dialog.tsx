import type { Key } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'

const KEYS: readonly (readonly [keys: string, does: Key])[] = [
  ['1 … 36', 'keys.digits'],
  ['← → ↑ ↓', 'keys.arrows'],
  ['Shift + ←→↑↓', 'keys.move'],
  ['Enter', 'keys.enter'],
  ['Esc', 'keys.escape'],
  ['Delete', 'keys.delete'],
  ['L', 'keys.layout'],
  ['P', 'keys.snapshot'],
  ['V', 'keys.sound'],
  ['/', 'keys.search'],
  ['Shift + Enter', 'keys.again'],
  ['N', 'keys.next'],
  ['A', 'caseAction.acknowledge'],
  ['D', 'caseAction.dispatch'],
  ['E', 'caseAction.escalate'],
  ['S', 'caseAction.shelve'],
  ['M', 'caseAction.false-alarm'],
  ['?', 'keys.help'],
]

/** What the keys do, and the switch that turns them off. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  const { language, shortcuts } = useParts()
  const { t } = language
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <label class="chip">
        <input
          type="checkbox"
          checked={shortcuts.areOn.value}
          onChange={(event) => shortcuts.set(event.currentTarget.checked)}
        />
        <span>{t('keys.on')}</span>
      </label>
      <dl class="key-list">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{t(does)}</dd>
          </div>
        ))}
      </dl>
      <div class="actions">
        <button type="button" onClick={onClose}>
          {t('action.close')}
        </button>
      </div>
    </Dialog>
  )
}
