import { signal } from '@preact/signals'
import { LIVE_TIMESCALE, type LiveHeader } from '../../../gateway/contracts/live-socket.ts'
import type { ViewEnd } from '../../../gateway/contracts/view.ts'
import { watchFrames } from './frame-watch.ts'
import type { LiveSocket } from './live-socket.ts'
import { type MediaBuffer, openMediaBuffer } from './media-buffer.ts'
import { keepPace } from './pace.ts'
import { type Attach, blacken, canHear, type PlayerState } from './player.ts'
import { createSound } from './sound.ts'

/** Plays views that come over the shared live socket. */
export const attachSocket =
  (socket: LiveSocket): Attach =>
  (video, view) => {
    const state = signal<PlayerState>({ kind: 'starting', step: 'receiving' })
    const fail = (why: 'gone' | 'network' | 'media', end?: ViewEnd): void => {
      if (state.value.kind !== 'failed') state.value = { kind: 'failed', why, ...(end === undefined ? {} : { end }) }
    }
    video.muted = true
    const pace = keepPace(video)
    const buffer = openMediaBuffer({
      element: video,
      mimeType: view.mimeType,
      onAppended: () => pace.playable(),
      onFault: () => fail('media'),
    })
    const watch = watchFrames(video, (stalled) => {
      const { kind } = state.value
      if (kind === 'failed') return
      const lastFrameAtMs = watch.lastFrameAtMs()
      if (!stalled) state.value = { kind: 'live', ageSeconds: pace.ageS() }
      else if (kind !== 'stalled' && lastFrameAtMs !== undefined) state.value = { kind: 'stalled', lastFrameAtMs }
    })

    const takePicture = intake(buffer)
    let takeSound: ReturnType<typeof intake> | undefined
    const carried = socket.carry(view.id, {
      media(header, bytes, delayMs) {
        if (header.type === 'sound-init' || header.type === 'sound-chunk') {
          takeSound?.(header, bytes)
          return
        }
        if (state.value.kind === 'starting') state.value = { kind: 'starting', step: 'first-frame' }
        const { startTicks, durationTicks, isPast } = header
        const [endS, durationS] = [(startTicks + durationTicks) / LIVE_TIMESCALE, durationTicks / LIVE_TIMESCALE]
        if (takePicture(header, bytes) && header.type === 'chunk') pace.arrived({ endS, durationS, isPast }, delayMs)
      },
      gone: (why) => fail('gone', why),
      unreachable: () => fail('network'),
    })
    const sound = createSound(video, (audio, fail) => {
      const { soundMimeType: mimeType = '' } = view
      const heard = openMediaBuffer({ element: audio, mimeType, onAppended: () => {}, onFault: fail })
      takeSound = intake(heard)
      carried.hear(true)
      return {
        // Both are in the same media time.
        offS: () => video.currentTime - audio.currentTime,
        stop() {
          carried.hear(false)
          takeSound = undefined
          heard.destroy()
        },
      }
    })

    return {
      state,
      sound: canHear(view) ? sound.state : undefined,
      listen: sound.listen,
      destroy() {
        sound.listen(false)
        carried.drop()
        watch.stop()
        pace.stop()
        buffer.destroy()
        blacken(video)
      },
    }
  }

/**
 * Appends what is not there yet: after a reconnect a stream begins again with its newest key frame.
 * @returns tells whether it was appended
 */
function intake(buffer: MediaBuffer): (header: LiveHeader, bytes: Uint8Array<ArrayBuffer>) => boolean {
  let init: Uint8Array<ArrayBuffer> | undefined
  let heldTicks = Number.NEGATIVE_INFINITY
  return (header, bytes) => {
    if (header.type === 'init' || header.type === 'sound-init') {
      // The same again would make the buffer wait for a key frame.
      if (init !== undefined && isEqual(init, bytes)) return false
      init = bytes
      buffer.append(bytes)
      return true
    }
    const endTicks = header.startTicks + header.durationTicks
    if (endTicks <= heldTicks) return false
    heldTicks = endTicks
    buffer.append(bytes, header.independent ? header.startTicks / LIVE_TIMESCALE : undefined)
    return true
  }
}

const isEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])
