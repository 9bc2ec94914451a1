import { signal } from '@preact/signals'
import Hls, { type ErrorData, type HlsConfig } from 'hls.js/light'
import { watchFrames } from './frame-watch.ts'
import { PlainPlaylistLoader } from './plain-playlist-loader.ts'
import { type Attach, blacken, canHear, type PlayerState } from './player.ts'
import { createSound } from './sound.ts'

/** A live picture this far behind jumps to the edge instead of catching up. */
const MAX_BEHIND_SECONDS = 6
const CATCH_UP_RATE = 1.25
/** A cold relay answers when the camera's first key frame is there. */
const FIRST_BYTE_MS = 10_000
/** hls.js refuses a playlist without a whole segment; a cold stream has its first one after a key-frame interval. */
const EMPTY_PLAYLIST_RETRY_MS = 150
const EMPTY_PLAYLIST_RETRIES = 60

const policy = (retryDelayMs: number, maxNumRetry: number) => {
  const retry = { maxNumRetry, retryDelayMs, maxRetryDelayMs: retryDelayMs, backoff: 'linear' as const }
  return {
    default: {
      maxTimeToFirstByteMs: FIRST_BYTE_MS,
      maxLoadTimeMs: 15_000,
      timeoutRetry: retry,
      errorRetry: retry,
    },
  }
}

const COMMON: Partial<HlsConfig> = {
  enableWorker: false, // fMP4 is passed through as it is, which is no work for a worker
  startPosition: -1,
  backBufferLength: 4,
  maxBufferLength: 8,
  maxMaxBufferLength: 12,
  liveDurationInfinity: true,
  manifestLoadPolicy: policy(500, 6),
  playlistLoadPolicy: policy(EMPTY_PLAYLIST_RETRY_MS, EMPTY_PLAYLIST_RETRIES),
  fragLoadPolicy: policy(300, 4),
}

const LOW_LATENCY: Partial<HlsConfig> = { lowLatencyMode: true, maxLiveSyncPlaybackRate: CATCH_UP_RATE }
const FRUGAL: Partial<HlsConfig> = {
  lowLatencyMode: false,
  liveSyncDurationCount: 1,
  liveMaxLatencyDurationCount: 4,
  pLoader: PlainPlaylistLoader,
}

/** The view is over, or its media belongs to an older muxing session: both need a new view, not a retry. */
const GONE = new Set([401, 403, 404, 410])

/** Plays a view over HLS by Media Source Extensions. */
export const attachHls: Attach = (video, view, { frugal }) => {
  const state = signal<PlayerState>({ kind: 'starting', step: 'receiving' })
  const config = { ...COMMON, ...(frugal ? FRUGAL : LOW_LATENCY) }
  const hls = new Hls(config)
  let recoveredMedia = false
  let soundUrl: string | undefined

  // The light build knows no second rendition, and nothing of the sound is to be fetched before it is wanted: it is
  // played by itself, and the two are brought together by the time of day that both playlists tell.
  const sound = createSound(video, (audio, fail) => {
    const heard = new Hls(config)
    heard.on(Hls.Events.ERROR, (_event, { fatal }) => fatal && fail())
    if (soundUrl !== undefined) heard.loadSource(soundUrl)
    heard.attachMedia(audio)
    return {
      offS() {
        const [shownAt, heardAt] = [hls.playingDate, heard.playingDate]
        return shownAt === null || heardAt === null ? undefined : (shownAt.getTime() - heardAt.getTime()) / 1000
      },
      stop: () => heard.destroy(),
    }
  })

  const watch = watchFrames(video, (stalled) => {
    const { kind } = state.value
    if (kind === 'failed') return
    const lastFrameAtMs = watch.lastFrameAtMs()
    if (!stalled) state.value = { kind: 'live', ageSeconds: ageOf(hls, video) }
    else if (kind !== 'stalled' && lastFrameAtMs !== undefined) state.value = { kind: 'stalled', lastFrameAtMs }
  })

  const fail = (why: 'gone' | 'network' | 'media'): void => {
    if (state.value.kind === 'failed') return
    hls.stopLoad()
    state.value = { kind: 'failed', why }
  }

  hls.on(Hls.Events.FRAG_LOADED, () => {
    if (state.value.kind === 'starting') state.value = { kind: 'starting', step: 'first-frame' }
  })
  hls.on(Hls.Events.ERROR, (_event, error: ErrorData) => {
    if (error.response?.code !== undefined && GONE.has(error.response.code)) return fail('gone')
    if (!error.fatal) return
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !recoveredMedia) {
      recoveredMedia = true
      return hls.recoverMediaError()
    }
    fail(error.type === Hls.ErrorTypes.NETWORK_ERROR ? 'network' : 'media')
  })

  const onShown = (): void => {
    if (!document.hidden) toLiveEdge(hls, video)
  }
  document.addEventListener('visibilitychange', onShown)

  video.muted = true
  hls.loadSource(view.hlsUrl)
  hls.attachMedia(video)
  // Muted pictures may start by themselves; a browser that forbids it shows its first frame late, as a stall.
  hls.on(Hls.Events.MANIFEST_PARSED, (_event, { audioTracks }) => {
    soundUrl = audioTracks[0]?.url
    void video.play().catch(() => undefined)
  })

  return {
    state,
    sound: canHear(view) ? sound.state : undefined,
    listen: sound.listen,
    destroy() {
      sound.listen(false)
      document.removeEventListener('visibilitychange', onShown)
      watch.stop()
      hls.destroy()
      blacken(video)
    },
  }
}

function ageOf(hls: Hls, video: HTMLVideoElement): number | undefined {
  if (hls.latency > MAX_BEHIND_SECONDS) toLiveEdge(hls, video)
  return Number.isFinite(hls.latency) && hls.latency > 0 ? hls.latency : undefined
}

function toLiveEdge(hls: Hls, video: HTMLVideoElement): void {
  const edge = hls.liveSyncPosition
  if (edge !== null && edge > video.currentTime + 1) video.currentTime = edge
}
