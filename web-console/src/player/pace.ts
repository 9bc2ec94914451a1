/** Distance to the camera at which a picture plays smoothly: a chunk of 133 ms, the longest usual, and twice as much for what arrives late. */
const TARGET_S = 0.4
const LONGEST_TARGET_S = 0.9
/** A picture that ran dry keeps a little more distance, for a while. */
const DRY_STEP_S = 0.1
const CALM_PER_TICK_S = 0.002
const TICK_MS = 200
/** Further behind than this it jumps; at first sooner, while the page is still busy and many streams begin at once. */
const JUMP_BEHIND_S = 2
const FIRST_JUMP_BEHIND_S = 0.7
const BEGINNING_MS = 5_000
/** Tiles that were asleep together do not all jump in the same moment. */
const JUMP_SPREAD_MS = 400
const FASTEST_RATE = 1.2
const SLOWER_RATE = 0.95
/** Media end a little before the time that their chunks state, and pictures begin a little after. */
const EDGE_S = 0.05

export interface Pace {
  /**
   * @param endS media time to which the stream is here, seconds
   * @param isPast newer media follow at once
   * @param delayMs what it took on the way
   */
  arrived(chunk: { endS: number; durationS: number; isPast: boolean }, delayMs: number): void
  /** All that is here can be played. */
  playable(): void
  /** How far the picture is behind the newest frame that the gateway has, seconds; undefined while nothing plays. */
  ageS(): number | undefined
  stop(): void
}

/** Keeps a live picture close to its camera: starts at the newest, nudges its rate, jumps over gaps and when left behind. */
export function keepPace(video: HTMLVideoElement): Pace {
  /** No two tiles have quite the same. */
  const spreadS = Math.random() * 0.06
  let newest: { endS: number; atMs: number; chunkS: number; isPast: boolean } | undefined
  let cautionS = 0
  let startedMs: number | undefined
  let jump: ReturnType<typeof setTimeout> | undefined

  const behindS = (): number | undefined =>
    newest === undefined || startedMs === undefined
      ? undefined
      : newest.endS - video.currentTime + (performance.now() - newest.atMs) / 1000
  const targetS = (): number => Math.max(TARGET_S + cautionS, 1.5 * (newest?.chunkS ?? 0) + EDGE_S) + spreadS

  /** As close to the camera as the buffer allows. */
  function toEdge(): void {
    jump = undefined
    const at = video.buffered.length - 1
    if (at < 0) return
    video.currentTime = Math.max(video.buffered.start(at) + EDGE_S / 5, video.buffered.end(at) - targetS())
  }

  const isBeginning = (): boolean => startedMs === undefined || performance.now() - startedMs < BEGINNING_MS

  /** Ran dry; at the beginning and in a jump that says nothing about the stream. */
  const onWaiting = (): void => {
    if (!isBeginning() && !video.seeking) cautionS = Math.min(LONGEST_TARGET_S - TARGET_S, cautionS + DRY_STEP_S)
    overGap()
  }

  function overGap(): void {
    for (let at = 0; at < video.buffered.length; at += 1) {
      const startS = video.buffered.start(at)
      if (video.buffered.end(at) > video.currentTime + EDGE_S) {
        if (startS > video.currentTime) video.currentTime = startS + EDGE_S / 5
        return
      }
    }
  }

  function tick(): void {
    const lagS = behindS()
    if (lagS === undefined || newest === undefined || document.hidden || video.seeking) return
    cautionS = Math.max(0, cautionS - CALM_PER_TICK_S)
    const aheadS = newest.endS - video.currentTime
    if (aheadS > (isBeginning() ? FIRST_JUMP_BEHIND_S : JUMP_BEHIND_S)) {
      if (isBeginning()) toEdge()
      else jump ??= setTimeout(toEdge, Math.random() * JUMP_SPREAD_MS)
    } else if (video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) overGap()
    const excessS = lagS - targetS()
    const rate = excessS > 0.12 ? Math.min(FASTEST_RATE, 1.04 + excessS / 4) : excessS < -0.12 ? SLOWER_RATE : 1
    if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate
  }

  const onShown = (): void => {
    if (!document.hidden && startedMs !== undefined) jump ??= setTimeout(toEdge, Math.random() * JUMP_SPREAD_MS)
  }

  let timer: ReturnType<typeof setInterval> | undefined
  const phase = setTimeout(() => {
    timer = setInterval(tick, TICK_MS)
  }, Math.random() * TICK_MS)
  video.addEventListener('waiting', onWaiting)
  document.addEventListener('visibilitychange', onShown)

  return {
    arrived({ endS, durationS, isPast }, delayMs) {
      newest = { endS, atMs: performance.now() - delayMs, chunkS: durationS, isPast }
    },
    playable() {
      // One that begins with the past must jump, and a jump decodes from the key frame anew.
      if (startedMs !== undefined || newest?.isPast === true || video.buffered.length === 0) return
      startedMs = performance.now()
      toEdge()
      // Muted pictures may start by themselves; a browser that forbids it shows its first frame, then a stall.
      void video.play().catch(() => undefined)
    },
    ageS: behindS,
    stop() {
      clearTimeout(phase)
      clearInterval(timer)
      clearTimeout(jump)
      video.removeEventListener('waiting', onWaiting)
      document.removeEventListener('visibilitychange', onShown)
      video.playbackRate = 1
    },
  }
}
