import type { Signal } from '@preact/signals'
import type { RefObject } from 'preact'
import { TownshipMap } from '../map/township-map.tsx'
import { useParts } from '../parts.ts'
import { CameraTree } from './camera-tree.tsx'

const SIDES = ['list', 'map', 'hidden'] as const
export type Side = (typeof SIDES)[number]

interface SidePanelProps {
  side: Signal<Side>
  search: RefObject<HTMLInputElement | null>
  onTiles: ReadonlySet<string>
  onPlace: (cameraId: string, again: boolean) => void
  onShow: (name: string, cameraIds: readonly string[], caseId?: string) => void
}

/** Where cameras are taken from: a list, the map, or nothing, where the wall wants the room. */
export function SidePanel({ side, search, onTiles, onPlace, onShow }: SidePanelProps) {
  const { t } = useParts().language
  return (
    <div class={`tree tree-${side.value}`}>
      <fieldset class="segmented" aria-label={t('side.choose')}>
        {SIDES.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={side.value === one}
            onClick={() => {
              side.value = one
            }}
          >
            {t(`side.${one}`)}
          </button>
        ))}
      </fieldset>
      {side.value === 'list' && <CameraTree search={search} onTiles={onTiles} onPlace={onPlace} />}
      {side.value === 'map' && <TownshipMap onOpen={onPlace} onShow={onShow} />}
    </div>
  )
}
