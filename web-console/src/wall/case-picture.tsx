import { useMemo } from 'preact/hooks'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { ViewReason } from '../../../gateway/contracts/view.ts'
import { TileBar } from './tile-bar.tsx'
import { TileCard } from './tile-card.tsx'
import { type TileMeans, useTileSession } from './use-tile-session.ts'

interface CasePictureProps {
  camera: Camera
  caseId: string
  means: TileMeans
  frugal: boolean
  /** Puts it on the wall, where it can be enlarged. */
  onOpen: () => void
}

/** The place of a case, live, beside its words; the case itself is the reason. */
export function CasePicture({ camera, caseId, means, frugal, onOpen }: CasePictureProps) {
  const reason = useMemo((): ViewReason => ({ kind: 'case', caseId }), [caseId])
  const { session, video } = useTileSession({ camera, means, stream: 'sub', frugal, reason })
  const state = session?.state.value
  return (
    <section
      class={`tile tile-stacked case-picture tile-${state?.kind}`}
      aria-label={camera.name}
      data-picture={state?.kind}
    >
      <video ref={video} muted playsInline disablePictureInPicture tabIndex={-1} />
      {state !== undefined && (
        <>
          <TileCard
            camera={camera}
            state={state}
            onRetry={() => session?.retry()}
            onAskReason={onOpen}
            onZoom={onOpen}
          />
          <TileBar camera={camera} state={state} />
        </>
      )}
    </section>
  )
}
