import { type ReadonlySignal, signal } from '@preact/signals'
import type { SoundState } from './player.ts'

const TICK_MS = 200
/** What is left of the sound when it is played: a part that may be late. */
const RESERVE_S = 0.25
/** Further behind the picture it jumps; ahead of it a listener would hear the same again, so that takes more. */
const JUMP_FORWARD_S = 0.25
const JUMP_BACK_S = 1
/** Nearer than that it plays a little faster or slower. */
const MAX_RATE_CHANGE = 0.05
/** What is made into AAC on demand takes a second; with nothing for so long there is none. */
const MISSING_AFTER_MS = 5_000

/** What brings the sound into its element. */
export interface SoundFeed {
  /** Where the picture is less where the sound is, seconds; undefined while one of them is nowhere. */
  offS(): number | undefined
  /** Nothing is asked for any more. */
  stop(): void
}

export interface Sound {
  readonly state: ReadonlySignal<SoundState>
  listen(isOn: boolean): void
}

/**
 * The sound of a picture in an element of its own, so that a sound that is missing never holds up the picture. It keeps
 * to the picture's time as far as it has come; nothing is fetched while it is off.
 * @param open begins to feed the element; `fail` where the browser cannot play it
 */
export function createSound(
  video: HTMLVideoElement,
  open: (audio: HTMLAudioElement, fail: () => void) => SoundFeed,
): Sound {
  const state = signal<SoundState>('muted')
  let close: (() => void) | undefined

  function start(): void {
    const audio = new Audio()
    const feed = open(audio, () => {
      state.value = 'missing'
    })
    let [heardS, heardAtMs] = [0, performance.now()]
    state.value = 'starting'

    function tick(): void {
      follow(audio, video, feed.offS())
      if (state.value === 'blocked') return
      const nowMs = performance.now()
      if (audio.currentTime > heardS && !audio.seeking && audio.readyState > HTMLMediaElement.HAVE_CURRENT_DATA) {
        heardAtMs = nowMs
        state.value = 'heard'
      } else if (nowMs - heardAtMs > MISSING_AFTER_MS) state.value = 'missing'
      heardS = audio.currentTime
    }
    const timer = setInterval(tick, TICK_MS)
    // Whoever pressed a button may hear; a browser that has seen no press since the page came says no.
    audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') state.value = 'blocked'
    })
    close = () => {
      clearInterval(timer)
      feed.stop()
      audio.pause()
      audio.removeAttribute('src')
      audio.load()
    }
  }

  return {
    state,
    listen(isOn) {
      close?.()
      close = undefined
      state.value = 'muted'
      if (isOn) start()
    },
  }
}

/** The picture never waits for its sound: what comes late is heard late. */
function follow(audio: HTMLAudioElement, video: HTMLVideoElement, offS: number | undefined): void {
  const { buffered, currentTime } = audio
  if (offS === undefined || buffered.length === 0) return
  const targetS = Math.min(currentTime + offS, buffered.end(buffered.length - 1) - RESERVE_S)
  const missingS = targetS - currentTime
  if ((missingS > JUMP_FORWARD_S || missingS < -JUMP_BACK_S) && isIn(buffered, targetS)) audio.currentTime = targetS
  const change = Math.max(-MAX_RATE_CHANGE, Math.min(MAX_RATE_CHANGE, missingS / 4))
  audio.playbackRate = video.playbackRate * (1 + change)
}

function isIn(ranges: TimeRanges, atS: number): boolean {
  for (let at = 0; at < ranges.length; at += 1) {
    if (atS >= ranges.start(at) && atS < ranges.end(at)) return true
  }
  return false
}
