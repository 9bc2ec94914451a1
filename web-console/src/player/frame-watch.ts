import { STALL_AFTER_MS } from './player.ts'

const TICK_MS = 250
/** Slow cameras: three of their own frame intervals are no stall. */
const STALL_FRAME_INTERVALS = 3
const LONGEST_INTERVAL_MS = 5_000

export interface FrameWatch {
  /** Wall-clock time of the newest painted frame, ms; undefined before the first. */
  lastFrameAtMs(): number | undefined
  stop(): void
}

/**
 * Counts frames that are really painted (requestVideoFrameCallback), which neither `timeupdate` nor `currentTime` tell.
 * A hidden page paints nothing: its silence is not the camera's, and counting begins anew when it is shown.
 * @param onTick called at the first frame, then four times a second, with whether the picture is stalled
 */
export function watchFrames(video: HTMLVideoElement, onTick: (stalled: boolean) => void): FrameWatch {
  let lastFrame: { atMs: number; wallMs: number } | undefined
  let intervalMs = 0
  let waitingSinceMs = performance.now()
  let handle = 0

  const onFrame: VideoFrameRequestCallback = (now) => {
    const isFirst = lastFrame === undefined
    if (lastFrame !== undefined) intervalMs = Math.min(now - lastFrame.atMs, LONGEST_INTERVAL_MS)
    lastFrame = { atMs: now, wallMs: Date.now() }
    if (isFirst) onTick(false)
    waitingSinceMs = now
    handle = video.requestVideoFrameCallback(onFrame)
  }
  handle = video.requestVideoFrameCallback(onFrame)

  const timer = setInterval(() => {
    if (document.hidden) {
      waitingSinceMs = performance.now()
      return
    }
    const limitMs = Math.max(STALL_AFTER_MS, intervalMs * STALL_FRAME_INTERVALS)
    if (lastFrame !== undefined) onTick(performance.now() - waitingSinceMs > limitMs)
  }, TICK_MS)

  return {
    lastFrameAtMs: () => lastFrame?.wallMs,
    stop() {
      clearInterval(timer)
      video.cancelVideoFrameCallback(handle)
    },
  }
}
