import { useRef } from 'preact/hooks'
import { useParts } from '../parts.ts'
import { CAMERA_DRAG_TYPE, TILE_DRAG_TYPE } from '../ui/drag.ts'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import { EmptyTile } from './empty-tile.tsx'
import { PtzPad } from './ptz-pad.tsx'
import { SoundButton } from './sound-button.tsx'
import { TileBar } from './tile-bar.tsx'
import { TileCard } from './tile-card.tsx'
import type { TileContent } from './tile-contents.ts'
import type { TileRequest, TileSession } from './tile-session.ts'
import { type TileMeans, useTileSession } from './use-tile-session.ts'
import './tile.css'

export interface TileProps {
  content: TileContent
  means: TileMeans
  selected: boolean
  stream: TileRequest['stream']
  frugal: boolean
  /** The only picture on the wall: there is room to steer it. */
  isAlone: boolean
  /** False where the pixel budget is spent. */
  isPlayed: boolean
  onSelect: () => void
  onZoom: () => void
  onDropCamera: (cameraId: string) => void
  onDropTile: (from: number) => void
  onRemove: () => void
  onAskReason: () => void
  onChoose: () => void
  onMakeSlot: () => void
  onSession: (session: TileSession | undefined) => void
}

/** One place of the wall: a camera's picture with its name and state, or a place that waits for one. */
export function Tile(props: TileProps) {
  const { content, selected, isPlayed, onSelect, onZoom, onDropCamera, onDropTile } = props
  const { index, camera } = content
  const { language, router, session: signIn } = useParts()
  const { t } = language
  const { means, stream, frugal, onSession } = props
  const { session, video } = useTileSession({
    camera: isPlayed ? camera : undefined,
    reason: content.reason,
    means,
    stream,
    frugal,
    onSession,
  })
  const spentAt = useRef<number | undefined>(undefined)
  spentAt.current = isPlayed ? undefined : (spentAt.current ?? Date.now())
  const state =
    spentAt.current === undefined ? session?.state.value : { kind: 'over-budget' as const, sinceMs: spentAt.current }
  const user = signIn.state.value.kind === 'signed-in' ? signIn.state.value.user : undefined
  const maySteer = user?.roles.includes('operator') && session?.view.value?.scopes.includes('ptz')
  const kind = camera === undefined ? (content.tile.kind === 'alarm-slot' ? 'alarm-slot' : 'empty') : state?.kind
  return (
    <section
      class={`tile tile-${kind}${selected ? ' tile-selected' : ''}${content.case === undefined ? '' : ` tile-alarm-${content.case.priority}`}`}
      tabIndex={selected ? 0 : -1}
      aria-label={t('tile.label', { n: index + 1, name: camera?.name ?? t('tile.empty') })}
      aria-current={selected}
      data-tile={index + 1}
      data-state={kind}
      draggable={content.tile.kind !== 'empty'}
      onPointerDown={onSelect}
      onFocus={onSelect}
      onDblClick={onZoom}
      onDragStart={(event) => event.dataTransfer?.setData(TILE_DRAG_TYPE, String(index))}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        const cameraId = event.dataTransfer?.getData(CAMERA_DRAG_TYPE)
        const from = event.dataTransfer?.getData(TILE_DRAG_TYPE)
        if (cameraId) onDropCamera(cameraId)
        else if (from) onDropTile(Number(from))
      }}
    >
      <video ref={video} muted playsInline disablePictureInPicture tabIndex={-1} />
      {camera === undefined ? (
        <EmptyTile {...content} onChoose={props.onChoose} onMakeSlot={props.onMakeSlot} onRemove={props.onRemove} />
      ) : (
        state !== undefined && (
          <>
            <TileCard
              camera={camera}
              state={state}
              onRetry={() => session?.retry()}
              onAskReason={props.onAskReason}
              onZoom={onZoom}
              onHealth={() => router.go('/health')}
            />
            <TileBar
              content={content}
              badge={content.case && <PriorityBadge priority={content.case.priority} cleared={false} />}
              camera={camera}
              state={state}
              onRemove={props.onRemove}
              {...(props.isAlone ? {} : { onZoom })}
            />
            {props.isAlone && state.kind === 'live' && maySteer && <PtzPad cameraId={camera.id} />}
            {props.isAlone && session?.stream === stream && <SoundButton session={session} />}
          </>
        )
      )}
    </section>
  )
}
