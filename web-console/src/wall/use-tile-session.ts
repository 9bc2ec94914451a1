import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { useParts } from '../parts.ts'
import type { LiveSocket } from '../player/live-socket.ts'
import { useLifetime } from '../ui/use-lifetime.ts'
import { openTile, type TileRequest, type TileSession } from './tile-session.ts'
import type { Turnstile } from './turnstile.ts'

/** What all pictures of a wall share. */
export interface TileMeans {
  socket: LiveSocket
  turnstile: Turnstile
}

interface Picture extends Omit<TileRequest, 'camera'> {
  /** Undefined: nothing is to be played. */
  camera: TileRequest['camera'] | undefined
  means: TileMeans
  onSession?: (session: TileSession | undefined) => void
}

/** Plays a camera in a video element for as long as camera, stream and reason stay the same. */
export function useTileSession({ camera, means, stream, frugal, reason, onSession }: Picture) {
  const { calls, live } = useParts()
  const video = useRef<HTMLVideoElement>(null)
  const session = useSignal<TileSession | undefined>(undefined)
  useLifetime(
    (until) => {
      if (camera === undefined || video.current === null) return
      const opened = openTile({ calls, live, ...means, video: video.current }, { camera, stream, frugal, reason })
      session.value = opened
      onSession?.(opened)
      until.addEventListener('abort', () => {
        opened.close()
        onSession?.(undefined)
        session.value = undefined
      })
      // The camera's name or state may change while its picture plays on.
    },
    [camera?.id, means, stream, frugal, reason],
  )
  return { session: session.value, video }
}
