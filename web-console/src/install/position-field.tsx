import { useSignal } from '@preact/signals'
import type { Position } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { Field } from '../ui/field.tsx'
import { CellMap } from './cell-map.tsx'
import type { Draft } from './draft.ts'
import { locate } from './position.ts'

const HEADINGS = [0, 45, 90, 135, 180, 225, 270, 315] as const

/** Where the camera stands, by the phone's position or a tap on the cell, and which way it looks. */
export function PositionField({ draft: { position, fields } }: { draft: Draft }) {
  const { township, language } = useParts()
  const { t } = language
  const note = useSignal<string | undefined>(undefined)
  const isMapOpen = useSignal(false)
  const cell = township.cells.value.find(({ properties }) => properties.code === fields.cellCode.value)

  async function ask(): Promise<void> {
    note.value = t('position.asking')
    const found = await locate()
    if (found.kind === 'failed') {
      note.value = t(`position.${found.why}`)
      isMapOpen.value = true
      return
    }
    place({ ...position.value, ...found.position })
    const { lon, lat } = found.position
    note.value = t('position.found', { lon: lon.toFixed(5), lat: lat.toFixed(5), metres: found.accuracyMetres })
  }

  function place(next: Position): void {
    position.value = next
    note.value = t('position.placed', { lon: next.lon.toFixed(5), lat: next.lat.toFixed(5) })
  }

  return (
    <div class="field">
      <span class="secondary">{t('position.label')}</span>
      <div class="actions">
        <button type="button" class="wide" onClick={() => void ask()}>
          {t('position.here')}
        </button>
        {cell?.geometry !== undefined && (
          <button
            type="button"
            class="wide"
            aria-expanded={isMapOpen.value}
            onClick={() => {
              isMapOpen.value = !isMapOpen.value
            }}
          >
            {t('position.onMap')}
          </button>
        )}
      </div>
      {isMapOpen.value && cell !== undefined && <CellMap cell={cell} position={position.value} onPlace={place} />}
      {note.value !== undefined && <p role="status">{note.value}</p>}
      {position.value !== undefined && (
        <Field label={t('position.heading')}>
          {(id) => (
            <select
              id={id}
              value={position.value?.headingDeg ?? ''}
              onChange={({ currentTarget: { value } }) => {
                if (position.value === undefined) return
                const { headingDeg: _, ...rest } = position.value
                position.value = value === '' ? rest : { ...rest, headingDeg: Number(value) }
              }}
            >
              <option value="">{t('position.headingUnknown')}</option>
              {HEADINGS.map((degrees) => (
                <option key={degrees} value={degrees}>
                  {t(`heading.${degrees}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </div>
  )
}
