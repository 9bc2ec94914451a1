import type { ComponentChildren } from 'preact'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { Icon } from '../ui/icon.tsx'
import type { ShownState } from './tile-card.tsx'
import type { TileContent } from './tile-contents.ts'

/** Further behind its camera than this a moving picture is not called live. */
const LATE_S = 2

const isLate = (ageSeconds = 0): boolean => ageSeconds > LATE_S

interface BarProps {
  /** Where it stands on the wall; a picture elsewhere has none. */
  content?: TileContent
  /** Of the case that it is shown for. */
  badge?: ComponentChildren
  camera: Camera
  state: ShownState
  onRemove?: () => void
  /** Shows it alone. */
  onZoom?: () => void
}

/** Number, place and state of a picture; what plays says so in words. */
export function TileBar({ content, badge, camera, state, onRemove, onZoom }: BarProps) {
  const { t } = useParts().language
  const removeLabel = t('tile.remove', { name: camera.name })
  const zoomLabel = t('tile.zoomOf', { name: camera.name })
  return (
    <div class="tile-bar">
      {content !== undefined && <span class="tile-number">{content.index + 1}</span>}
      {badge}
      <span class="tile-name" title={camera.name}>
        {camera.name}
      </span>
      {content?.roundName !== undefined && (
        <span class="tag" title={content.roundName}>
          {t('tile.round')}
        </span>
      )}
      {camera.ownership === 'private' && <span class="tag">{t('ownership.private')}</span>}
      {state.kind === 'live' && (
        <span class="tile-live-words">
          <Icon name={isLate(state.ageSeconds) ? 'stalled' : 'live'} />
          {state.ageSeconds === undefined
            ? t('tile.live')
            : t(isLate(state.ageSeconds) ? 'tile.late' : 'tile.liveAge', { seconds: state.ageSeconds.toFixed(1) })}
        </span>
      )}
      {state.kind === 'stalled' && <Stalled lastFrameAtMs={state.lastFrameAtMs} />}
      {onZoom !== undefined && (state.kind === 'live' || state.kind === 'stalled') && (
        <button
          type="button"
          class="quiet tile-zoom"
          aria-label={zoomLabel}
          title={zoomLabel}
          onClick={(event) => {
            event.stopPropagation()
            onZoom()
          }}
        >
          <Icon name="zoom" />
        </button>
      )}
      {onRemove !== undefined && content?.case === undefined && (
        <button
          type="button"
          class="quiet tile-remove"
          aria-label={removeLabel}
          title={removeLabel}
          onClick={(event) => {
            event.stopPropagation()
            onRemove()
          }}
        >
          ×
        </button>
      )}
    </div>
  )
}

function Stalled({ lastFrameAtMs }: { lastFrameAtMs: number }) {
  const { language, nowMs } = useParts()
  const seconds = Math.max(2, Math.floor((nowMs.value - lastFrameAtMs) / 1000))
  return (
    <span class="tile-stalled-words">
      <Icon name="stalled" />
      {language.t('tile.stalled', { seconds })}
    </span>
  )
}
