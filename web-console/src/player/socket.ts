import { signal } from '@preact/signals'
import { LIVE_TIMESCALE } from '../../../gateway/contracts/live-socket.ts'
import type { ViewEnd } from '../../../gateway/contracts/view.ts'
import { watchFrames } from './frame-watch.ts'
import type { LiveSocket } from './live-socket.ts'
import { openMediaBuffer } from './media-buffer.ts'
import { keepPace } from './pace.ts'
import { type Attach, blacken, type PlayerState } from './player.ts'

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
      video,
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

    let init: Uint8Array<ArrayBuffer> | undefined
    let heldTicks = Number.NEGATIVE_INFINITY
    const drop = socket.carry(view.id, {
      media(header, bytes, delayMs) {
        if (state.value.kind === 'starting') state.value = { kind: 'starting', step: 'first-frame' }
        if (header.type === 'init') {
          // The same again, as after a reconnect, would make the buffer wait for a key frame.
          if (init !== undefined && isEqual(init, bytes)) return
          init = bytes
          buffer.append(bytes)
          return
        }
        const endTicks = header.startTicks + header.durationTicks
        // Each subscription begins with the newest key frame: what is here already is not wanted twice.
        if (endTicks <= heldTicks) return
        heldTicks = endTicks
        pace.arrived(endTicks / LIVE_TIMESCALE, header.durationTicks / LIVE_TIMESCALE, delayMs)
        buffer.append(bytes, header.independent ? header.startTicks / LIVE_TIMESCALE : undefined)
      },
      gone: (why) => fail('gone', why),
      unreachable: () => fail('network'),
    })

    return {
      state,
      destroy() {
        drop()
        watch.stop()
        pace.stop()
        buffer.destroy()
        blacken(video)
      },
    }
  }

const isEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])
