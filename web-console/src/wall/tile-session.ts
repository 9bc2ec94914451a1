import { effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { View, ViewEnd, ViewReason } from '../../../gateway/contracts/view.ts'
import type { Calls } from '../api/calls.ts'
import type { ProblemAnswer } from '../api/client.ts'
import type { LiveSocket } from '../player/live-socket.ts'
import {
  type Attach,
  canPlay,
  type Player,
  type PlayerState,
  playableCodecs,
  type SoundState,
} from '../player/player.ts'
import { attachSocket } from '../player/socket.ts'
import type { Live } from '../state/live.ts'
import type { Turnstile } from './turnstile.ts'

export type TileState =
  | { kind: 'opening'; step: 'signalling' | 'receiving' | 'first-frame'; sinceMs: number }
  | { kind: 'live'; ageSeconds: number | undefined }
  | { kind: 'stalled'; lastFrameAtMs: number; reconnectsAtMs: number }
  /** It may be watched but gives no picture now; another try follows by itself. */
  | { kind: 'no-picture'; sinceMs: number; problem?: ProblemAnswer }
  | { kind: 'gateway-away'; sinceMs: number }
  | { kind: 'refused'; problem: ProblemAnswer; sinceMs: number }
  | { kind: 'ended'; why: ViewEnd; atMs: number }
  | { kind: 'unsupported'; mimeType: string; sinceMs: number }
  | { kind: 'reason-needed'; sinceMs: number }

export interface TileRequest {
  camera: Camera
  stream: 'auto' | 'main' | 'sub'
  frugal: boolean
  reason: ViewReason | undefined
}

export interface TileSession {
  /** As it was asked for. */
  readonly stream: TileRequest['stream']
  readonly state: ReadonlySignal<TileState>
  /** Undefined while there is nothing that may be heard. */
  readonly sound: ReadonlySignal<SoundState | undefined>
  /** Muted at first, and again after the view was ended. */
  listen(isOn: boolean): void
  /** The view that is open now. */
  readonly view: ReadonlySignal<View | undefined>
  /** Asks again after a refusal or an end, and does not wait for a picture that stands still or does not come. */
  retry(): void
  close(): void
}

interface TileParts {
  calls: Calls
  live: Live
  socket: LiveSocket
  turnstile: Turnstile
  video: HTMLVideoElement
}

/** How the watching of one granted view came to its end. */
type Outcome =
  | { kind: 'closed' }
  | { kind: 'view-ended'; why: ViewEnd }
  | { kind: 'lost' }
  /** This player cannot play the view; another one may. */
  | { kind: 'unplayable' }

/** How far the opening of a view has come; each may be told more than once. */
interface Signs {
  /** The first bytes are here. */
  onMedia(): void
  onPicture(): void
}

/** A stall this long is not waited out: the view is opened anew. */
const RECONNECT_AFTER_MS = 8_000
const FIRST_FRAME_TIMEOUT_MS = 20_000
/** Media answers 410 and the event with the cause comes by another way; it may be this much later. */
const CAUSE_GRACE_MS = 1_000
/** Shown until there is a picture again, while one try follows the other. */
const PASSING = new Set<TileState['kind']>(['no-picture', 'gateway-away'])
/** An age that differs by less is not worth drawing a tile anew for, four times a second. */
const AGE_STEP_S = 0.25
const RETRY_DELAYS_MS = [500, 2_000, 5_000, 10_000] as const
/** After these nothing was taken away from the viewer, so the picture comes back by itself. */
const REOPENS = new Set<ViewEnd>(['idle', 'interrupted'])

/** Keeps one tile playing: opens the view, plays it, and opens it again when it breaks off. */
export function openTile(parts: TileParts, request: TileRequest): TileSession {
  const { camera, reason } = request
  const state = signal<TileState>({ kind: 'opening', step: 'signalling', sinceMs: Date.now() })
  const sound = signal<SoundState | undefined>(undefined)
  let isListening = false
  let player: Player | undefined
  const closing = new AbortController()
  const wake = new EventTarget()
  const openView = signal<View | undefined>(undefined)
  void run(closing.signal)

  // A public link that is valid again, or a camera that is back, is reason enough to ask again.
  parts.live.on(
    'link',
    (link) => link.cameraId === camera.id && link.state === 'active' && retryAfterChange(),
    closing.signal,
  )
  parts.live.on(
    'camera',
    (event) => event.id === camera.id && event.state === 'online' && retryAfterChange(),
    closing.signal,
  )
  parts.live.onOpen(retryAfterChange, closing.signal)

  function retryAfterChange(): void {
    const { kind } = state.value
    if (PASSING.has(kind) || (camera.ownership === 'public' && (kind === 'ended' || kind === 'refused'))) retry()
  }

  const retry = (): void => {
    wake.dispatchEvent(new Event('wake'))
  }

  async function run(until: AbortSignal): Promise<void> {
    if (camera.ownership === 'private' && reason === undefined) {
      state.value = { kind: 'reason-needed', sinceMs: Date.now() }
      return
    }
    let stream = request.stream
    for (let failures = 0; !until.aborted; ) {
      if (!PASSING.has(state.value.kind)) state.value = { kind: 'opening', step: 'signalling', sinceMs: Date.now() }
      const width = Math.round(parts.video.clientWidth * devicePixelRatio)
      const body = {
        cameraId: camera.id,
        stream,
        codecs: playableCodecs(),
        ...(stream === 'auto' && width > 0 ? { width } : {}),
        reason: reason ?? { kind: 'routine' as const },
      }
      const leave = await parts.turnstile.enter(until)
      const answer = await parts.calls.openView(body, until)
      if (answer.kind !== 'ok') leave()
      if (answer.kind === 'aborted') return
      if (answer.kind === 'offline') {
        state.value = { kind: 'gateway-away', sinceMs: since('gateway-away') }
        await pause(delayFor(failures++), until)
        continue
      }
      if (answer.kind === 'problem') {
        const { problem } = answer
        const isPassing = problem.status >= 500 || problem.status === 429
        if (isPassing) state.value = { kind: 'no-picture', sinceMs: since('no-picture'), problem }
        else state.value = { kind: 'refused', problem, sinceMs: Date.now() }
        await pause(isPassing ? delayFor(failures++) : undefined, until)
        continue
      }
      const view = answer.data
      if (!canPlay(view.mimeType)) {
        leave()
        void parts.calls.closeView(view.id)
        const other = playableRole(camera, view.stream)
        if (other !== undefined && other !== stream) {
          stream = other
          continue
        }
        state.value = { kind: 'unsupported', mimeType: view.mimeType, sinceMs: Date.now() }
        await pause(undefined, until)
        continue
      }
      let sawPicture = false
      openView.value = view
      const outcome = await watch(view, until, {
        // The camera is open: what is left, this browser does for all tiles at once.
        onMedia: leave,
        onPicture() {
          sawPicture = true
        },
      })
      openView.value = undefined
      leave()
      if (outcome.kind === 'closed') return
      failures = sawPicture ? 0 : failures + 1
      if (outcome.kind === 'view-ended') {
        isListening = false
        const comesBack = REOPENS.has(outcome.why) || (outcome.why === 'expired' && camera.ownership === 'public')
        state.value = { kind: 'ended', why: outcome.why, atMs: Date.now() }
        await pause(comesBack ? delayFor(failures) : undefined, until)
      } else {
        state.value = { kind: 'no-picture', sinceMs: since('no-picture') }
        await pause(delayFor(failures), until)
      }
    }
  }

  const since = (kind: 'no-picture' | 'gateway-away'): number =>
    state.value.kind === kind ? state.value.sinceMs : Date.now()

  /** Plays one view until it ends; never leaves its last picture on the screen. */
  async function watch(view: View, until: AbortSignal, signs: Signs): Promise<Outcome> {
    const startedMs = Date.now()
    state.value = { kind: 'opening', step: 'receiving', sinceMs: startedMs }
    const over = new AbortController()
    const ended = Promise.withResolvers<Outcome>()
    parts.live.on(
      'view-ended',
      (event) => event.id === view.id && ended.resolve({ kind: 'view-ended', why: event.why }),
      over.signal,
    )
    until.addEventListener('abort', () => ended.resolve({ kind: 'closed' }), { signal: over.signal })
    addEventListener('pagehide', () => void parts.calls.closeView(view.id), { signal: over.signal })
    wake.addEventListener('wake', () => state.value.kind !== 'live' && ended.resolve({ kind: 'lost' }), {
      signal: over.signal,
    })

    const play = async (attach: Attach): Promise<Outcome> => {
      if (until.aborted) return { kind: 'closed' }
      const failed = Promise.withResolvers<Outcome>()
      const attached = attach(parts.video, view, { frugal: request.frugal })
      player = attached
      if (isListening) attached.listen(attached.sound !== undefined)
      const stopShowing = show(attached.state, startedMs, signs, failed.resolve)
      const stopTelling = effect(() => {
        sound.value = attached.sound?.value
      })
      const outcome = await Promise.race([ended.promise, failed.promise])
      stopShowing()
      stopTelling()
      player = undefined
      sound.value = undefined
      attached.destroy()
      return outcome
    }
    let outcome: Outcome = { kind: 'unplayable' }
    if (parts.socket.isUsable()) outcome = await play(attachSocket(parts.socket))
    if (outcome.kind === 'unplayable') {
      state.value = { kind: 'opening', step: 'receiving', sinceMs: startedMs }
      const hls = await loadHls()
      outcome = hls === undefined ? { kind: 'lost' } : await play(hls.attachHls)
    }
    if (outcome.kind !== 'view-ended') void parts.calls.closeView(view.id)
    over.abort()
    return outcome
  }

  /** Carries the player's state to the tile, and judges when to give this view up. */
  function show(
    player: ReadonlySignal<PlayerState>,
    startedMs: number,
    { onMedia, onPicture }: Signs,
    end: (outcome: Outcome) => void,
  ): () => void {
    let giveUp: ReturnType<typeof setTimeout> | undefined
    const giveUpAfter = (ms: number): void => {
      giveUp ??= setTimeout(() => end({ kind: 'lost' }), ms)
    }
    const dispose = effect(() => {
      const now = player.value
      if (now.kind === 'live') {
        clearTimeout(giveUp)
        giveUp = undefined
        onMedia()
        onPicture()
        const said = state.value.kind === 'live' ? state.value.ageSeconds : undefined
        const isNews =
          said === undefined || now.ageSeconds === undefined || Math.abs(said - now.ageSeconds) >= AGE_STEP_S
        if (isNews) state.value = { kind: 'live', ageSeconds: now.ageSeconds }
      } else if (now.kind === 'starting') {
        if (now.step === 'first-frame') onMedia()
        state.value = { kind: 'opening', step: now.step, sinceMs: startedMs }
        giveUpAfter(FIRST_FRAME_TIMEOUT_MS)
      } else if (now.kind === 'stalled') {
        const reconnectsAtMs = Date.now() + RECONNECT_AFTER_MS
        state.value = { kind: 'stalled', lastFrameAtMs: now.lastFrameAtMs, reconnectsAtMs }
        clearTimeout(giveUp)
        giveUp = undefined
        giveUpAfter(RECONNECT_AFTER_MS)
      } else if (now.why === 'gone' && now.end !== undefined) {
        end({ kind: 'view-ended', why: now.end })
      } else if (now.why === 'gone') {
        state.value = { kind: 'no-picture', sinceMs: Date.now() }
        clearTimeout(giveUp)
        giveUp = setTimeout(() => end({ kind: 'view-ended', why: 'interrupted' }), CAUSE_GRACE_MS)
      } else end({ kind: 'unplayable' })
    })
    return () => {
      clearTimeout(giveUp)
      dispose()
    }
  }

  /** @param ms how long; for ever when undefined. Ends early on `retry` and on close. */
  function pause(ms: number | undefined, until: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (until.aborted) return resolve()
      const timer = ms === undefined ? undefined : setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        wake.removeEventListener('wake', done)
        until.removeEventListener('abort', done)
        resolve()
      }
      wake.addEventListener('wake', done)
      until.addEventListener('abort', done)
    })
  }

  return {
    stream: request.stream,
    state,
    sound,
    listen(isOn) {
      isListening = isOn
      if (player?.sound !== undefined) player.listen(isOn)
    },
    view: openView,
    retry,
    close: () => closing.abort(),
  }
}

/** Where the live socket cannot be had; most walls never need its code, and without a link it cannot be fetched. */
const loadHls = () => import('../player/hls.ts').catch(() => undefined)

const delayFor = (failures: number): number => RETRY_DELAYS_MS[Math.min(failures, RETRY_DELAYS_MS.length - 1)] ?? 10_000

/** A stream of the camera in H.264, other than the one that cannot be played. */
function playableRole(camera: Camera, refused: 'main' | 'sub'): 'main' | 'sub' | undefined {
  const other = refused === 'main' ? 'sub' : 'main'
  return camera.streams.some((stream) => stream.role === other && stream.codec === 'h264') ? other : undefined
}
