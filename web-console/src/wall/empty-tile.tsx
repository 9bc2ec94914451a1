import { useParts } from '../parts.ts'
import { Icon } from '../ui/icon.tsx'
import type { TileContent } from './tile-contents.ts'

interface EmptyTileProps extends Pick<TileContent, 'index' | 'tile' | 'roundName'> {
  onChoose: () => void
  onMakeSlot: () => void
  onRemove: () => void
}

/** A place without a picture: empty, kept for alarms, or of a round or camera that is gone. */
export function EmptyTile({ index, tile, roundName, onChoose, onMakeSlot, onRemove }: EmptyTileProps) {
  const { t } = useParts().language
  const stop = (act: () => void) => (event: Event) => {
    event.stopPropagation()
    act()
  }
  const chooseButton = (
    <button type="button" onClick={stop(onChoose)}>
      {t('tile.choose')}
    </button>
  )
  const removeButton = (
    <button type="button" onClick={stop(onRemove)}>
      {t('tile.clear')}
    </button>
  )
  if (tile.kind === 'alarm-slot') {
    return (
      <div class="tile-card">
        <Icon name="alarm" />
        <p>
          {index + 1} {t('tile.alarmSlot')}
        </p>
        <p class="secondary tile-more">{t('tile.alarmSlotHint')}</p>
        {removeButton}
      </div>
    )
  }
  if (tile.kind === 'round') {
    return (
      <div class="tile-card">
        <Icon name="round" />
        <p>
          {index + 1} {t(roundName === undefined ? 'tile.roundGone' : 'tile.roundEmpty')}
        </p>
        {removeButton}
      </div>
    )
  }
  if (tile.kind === 'camera') {
    return (
      <div class="tile-card">
        <Icon name="refused" />
        <p>
          {index + 1} {t('tile.cameraGone')}
        </p>
        {removeButton}
      </div>
    )
  }
  return (
    <div class="tile-card">
      <Icon name="empty" />
      <p>
        {index + 1} {t('tile.empty')}
      </p>
      <p class="secondary tile-more">{t('tile.emptyHint')}</p>
      <span class="tile-choices">
        {chooseButton}
        <button type="button" class="quiet" onClick={stop(onMakeSlot)}>
          {t('tile.makeSlot')}
        </button>
      </span>
    </div>
  )
}
