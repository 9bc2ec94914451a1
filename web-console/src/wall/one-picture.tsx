import { type Signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { openLiveSocket } from '../player/live-socket.ts'
import { useLifetime } from '../ui/use-lifetime.ts'
import { TileBar } from './tile-bar.tsx'
import { TileCard } from './tile-card.tsx'
import { openTile, type TileRequest, type TileSession } from './tile-session.ts'
import { createTurnstile } from './turnstile.ts'
import './tile.css'

interface OnePictureProps {
  camera: Camera
  stream: TileRequest['stream']
  reason: NonNullable<TileRequest['reason']>
  /** Told the open view, for who asks for a still of it. */
  session?: Signal<TileSession | undefined>
  children?: ComponentChildren
}

/** One camera's picture on a phone: a tile by itself, with a socket of its own that goes with it. */
export function OnePicture({ camera, stream, reason, session: told, children }: OnePictureProps) {
  const { calls, live } = useParts()
  const video = useRef<HTMLVideoElement>(null)
  const means = useMemo(() => ({ socket: openLiveSocket(location.href), turnstile: createTurnstile(1) }), [])
  const own = useSignal<TileSession | undefined>(undefined)
  const session = told ?? own

  useLifetime(
    (until) => {
      if (video.current === null) return
      const opened = openTile({ calls, live, ...means, video: video.current }, { camera, stream, frugal: true, reason })
      session.value = opened
      until.addEventListener('abort', () => {
        opened.close()
        means.socket.close()
        session.value = undefined
      })
    },
    [camera.id],
  )

  const state = session.value?.state.value
  const retry = (): void => session.value?.retry()
  return (
    <figure class="one-picture" data-state={state?.kind ?? 'empty'}>
      <div class={`tile tile-stacked${state === undefined ? '' : ` tile-${state.kind}`}`} data-theme="dark">
        <video ref={video} muted playsInline aria-label={camera.name} />
        {state !== undefined && (
          <>
            <TileCard camera={camera} state={state} onRetry={retry} onAskReason={retry} onZoom={() => {}} />
            <TileBar camera={camera} state={state} />
          </>
        )}
      </div>
      {children !== undefined && <figcaption>{children}</figcaption>}
    </figure>
  )
}
