import type { Page } from 'playwright-core'
import { LIVE_TIMESCALE, type LiveHeader, LiveMessage, readLiveHeader } from '../../gateway/contracts/live-socket.ts'
import type { View } from '../../gateway/contracts/view.ts'

/** What of a stream was there before its viewer is sent in one go; what comes later than this is new. */
const ONE_GO_MS = 20

/** The header of a message of the live socket that carries pictures. */
export function chunkOf(message: string | Buffer): LiveHeader | undefined {
  if (typeof message === 'string') return undefined
  const header = readLiveHeader(new DataView(message.buffer, message.byteOffset, message.length))
  return header?.type === 'chunk' ? header : undefined
}

const NOTE_FIRST_FRAMES = `{
  const { requestVideoFrameCallback } = HTMLVideoElement.prototype
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
    return requestVideoFrameCallback.call(this, (now, frame) => {
      this.firstFrameS ??= frame.mediaTime
      callback(now, frame)
    })
  }
}`

/** From its next visit on the page keeps the media time of the first frame that each video paints. */
export const noteFirstFrames = (page: Page): Promise<unknown> => page.addInitScript(NOTE_FIRST_FRAMES)

/** @returns media times by tiles, seconds */
export const firstFramesOf = (page: Page): Promise<number[]> =>
  page.evaluate<number[]>(`[...document.querySelectorAll('[data-tile] video')].map(({ firstFrameS }) => firstFrameS)`)

/**
 * From its next visit on it is kept of each picture what was there when it was opened.
 * @returns how long before the newest of that the first frame was, by tiles filled one after another, seconds
 */
export async function watchBeginnings(page: Page): Promise<() => Promise<number[]>> {
  await noteFirstFrames(page)
  const views: Promise<View>[] = []
  const numbers = new Map<string, number>()
  /** By numbers of views: when the first chunk was sent, and the newest that was sent with it. */
  const beginnings = new Map<number, { sentMs: number; newestS: number }>()
  page.on('request', (request) => {
    if (request.method() !== 'POST' || !request.url().endsWith('/views')) return
    views.push(request.response().then((answer) => answer?.json()))
  })
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload === 'string') {
        const { data } = LiveMessage.safeParse(JSON.parse(payload))
        if (data?.kind === 'opened') numbers.set(data.viewId, data.number)
        return
      }
      const chunk = chunkOf(payload)
      if (chunk === undefined) return
      const sentMs = beginnings.get(chunk.number)?.sentMs ?? chunk.sentMs
      if (chunk.sentMs - sentMs > ONE_GO_MS) return
      beginnings.set(chunk.number, { sentMs, newestS: chunk.startTicks / LIVE_TIMESCALE })
    }),
  )
  return async () => {
    const firstS = await firstFramesOf(page)
    const opened = await Promise.all(views)
    return opened.map(({ id }, tile) => {
      const beginning = beginnings.get(numbers.get(id) ?? Number.NaN)
      return (beginning?.newestS ?? Number.NaN) - (firstS[tile] ?? Number.NaN)
    })
  }
}
