import { LAYOUTS } from '../../../gateway/contracts/wall.ts'
import { useParts } from '../parts.ts'
import type { WallState } from './wall-state.ts'

interface StageBarProps {
  wall: WallState
  /** Pictures that are decoded now. */
  decoders: number
  /** Pixels a second of those. */
  load: number
  note: string | undefined
  onSaved: () => void
  onKeys: () => void
}

/** Layouts, what is saved, what the decoder does, and the way back from what is shown for a moment. */
export function StageBar({ wall, decoders, load, note, onSaved, onKeys }: StageBarProps) {
  const { t } = useParts().language
  const excursion = wall.excursion.value
  return (
    <div class="stage-bar">
      <fieldset aria-label={t('wall.layout')} class="segmented">
        {LAYOUTS.map((layout) => (
          <button
            key={layout}
            type="button"
            aria-label={t('wall.layoutOf', { n: layout })}
            aria-pressed={wall.layout.value === layout && !wall.zoomed.value}
            onClick={() => wall.setLayout(layout)}
          >
            {layout}
          </button>
        ))}
      </fieldset>
      <button type="button" onClick={onSaved}>
        {t('saved.title')}
      </button>
      {excursion !== undefined && (
        <button type="button" class="primary" onClick={() => wall.comeBack()}>
          {t('wall.comeBack', { name: excursion.name })}
        </button>
      )}
      <span class="secondary wall-load">{t('wall.load', { n: decoders, mega: Math.round(load / 1_000_000) })}</span>
      <span class="secondary" role="status">
        {note}
      </span>
      <button type="button" class="quiet wall-keys" onClick={onKeys}>
        <kbd>?</kbd> {t('keys.title')}
      </button>
    </div>
  )
}
