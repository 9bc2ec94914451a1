import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import type { LiveSocket } from '../player/live-socket.ts'
import { timeOfDay } from '../time.ts'
import { Icon } from '../ui/icon.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { TileCard } from './tile-card.tsx'
import { openTile, type TileRequest, type TileSession, type TileState } from './tile-session.ts'

interface TileProps {
  index: number
  camera: Camera | undefined
  socket: LiveSocket
  selected: boolean
  stream: TileRequest['stream']
  frugal: boolean
  reason: TileRequest['reason']
  onSelect: () => void
  onZoom: () => void
  onDropCamera: (cameraId: string) => void
  onRemove: () => void
  onAskReason: () => void
}

export const CAMERA_DRAG_TYPE = 'application/x-gridlight-camera'

/** One place of the wall: a camera's picture with its name and state, or an empty place. */
export function Tile(props: TileProps) {
  const { index, camera, selected, onSelect, onZoom, onDropCamera } = props
  const { t } = useParts().language
  const { session, video } = useTileSession(props)
  const state = session?.state.value
  const name = camera?.name ?? t('tile.empty')
  return (
    <section
      class={`tile${selected ? ' tile-selected' : ''}${state === undefined ? '' : ` tile-${state.kind}`}`}
      tabIndex={selected ? 0 : -1}
      aria-label={t('tile.label', { n: index + 1, name })}
      aria-current={selected}
      data-tile={index + 1}
      data-state={state?.kind ?? 'empty'}
      onPointerDown={onSelect}
      onFocus={onSelect}
      onDblClick={onZoom}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        const cameraId = event.dataTransfer?.getData(CAMERA_DRAG_TYPE)
        if (cameraId) onDropCamera(cameraId)
      }}
    >
      <video ref={video} muted playsInline disablePictureInPicture />
      {camera === undefined ? (
        <div class="tile-card">
          <Icon name="empty" />
          <p>{t('tile.empty')}</p>
          <p class="secondary">{t('tile.emptyHint')}</p>
        </div>
      ) : (
        state !== undefined && (
          <>
            <TileCard camera={camera} state={state} onRetry={() => session?.retry()} onAskReason={props.onAskReason} />
            <TileBar {...props} camera={camera} state={state} />
          </>
        )
      )}
    </section>
  )
}

function TileBar({ index, camera, state, onRemove }: TileProps & { camera: Camera; state: TileState }) {
  const { t } = useParts().language
  return (
    <div class="tile-bar">
      <span class="tile-number">{index + 1}</span>
      <span class="tile-name" title={camera.name}>
        {camera.name}
      </span>
      {camera.ownership === 'private' && <span class="tag">{t('ownership.private')}</span>}
      {state.kind === 'live' && (
        <span class="tile-live">
          <Icon name="live" />
          {state.ageSeconds === undefined
            ? t('tile.live')
            : t('tile.liveAge', { seconds: state.ageSeconds.toFixed(1) })}
        </span>
      )}
      {state.kind === 'stalled' && <Stalled lastFrameAtMs={state.lastFrameAtMs} />}
      <button
        type="button"
        class="quiet tile-remove"
        aria-label={t('tile.remove', { name: camera.name })}
        title={t('tile.remove', { name: camera.name })}
        onClick={(event) => {
          event.stopPropagation()
          onRemove()
        }}
      >
        ×
      </button>
    </div>
  )
}

function Stalled({ lastFrameAtMs }: { lastFrameAtMs: number }) {
  const { language, nowMs } = useParts()
  const seconds = Math.max(2, Math.floor((nowMs.value - lastFrameAtMs) / 1000))
  return (
    <span class="tile-stalled-words">
      <Icon name="stalled" />
      {language.t('tile.stalled', { seconds, time: timeOfDay(lastFrameAtMs) })}
    </span>
  )
}

function useTileSession({ camera, socket, stream, frugal, reason }: TileProps) {
  const { calls, live } = useParts()
  const video = useRef<HTMLVideoElement>(null)
  const session = useSignal<TileSession | undefined>(undefined)
  useLifetime(
    (until) => {
      if (camera === undefined || video.current === null) return
      const opened = openTile({ calls, live, socket, video: video.current }, { camera, stream, frugal, reason })
      session.value = opened
      until.addEventListener('abort', () => {
        opened.close()
        session.value = undefined
      })
      // The camera's name or state may change while its picture plays on.
    },
    [camera?.id, socket, stream, frugal, reason],
  )
  return { session: session.value, video }
}
