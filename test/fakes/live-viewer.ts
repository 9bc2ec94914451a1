import { once } from 'node:events'
import { WebSocket } from 'ws'
import {
  LIVE_HEADER_BYTES,
  LIVE_SOCKET_PATH,
  type LiveHeader,
  LiveMessage,
  readLiveHeader,
} from '../../gateway/contracts/live-socket.ts'

type Received = LiveHeader & { bytes: Buffer; atMs: number }
type Words = LiveMessage & { atMs: number }

/** A viewer on the live socket that keeps all it was sent. */
export interface LiveViewer {
  socket: WebSocket
  media: Received[]
  words: Words[]
  open(viewId: string, sound?: boolean): void
  /** The first of them, past or to come, that meets the condition. */
  untilWords(isIt: (words: Words) => boolean): Promise<Words>
  untilMedia(isIt: (media: Received) => boolean): Promise<Received>
  /** Everything that was sent before is there when this is. */
  roundTrip(): Promise<void>
}

/** @param base such as `http://127.0.0.1:8080`; rejects where the upgrade is refused */
export async function liveViewer(base: string, headers: Record<string, string>): Promise<LiveViewer> {
  const socket = new WebSocket(new URL(LIVE_SOCKET_PATH, base.replace('http', 'ws')), { headers })
  const media: Received[] = []
  const words: Words[] = []
  const heard = new EventTarget()
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const atMs = performance.now()
    if (isBinary) {
      const header = readLiveHeader(new DataView(data.buffer, data.byteOffset, data.length))
      if (header === undefined) throw new Error('a binary message without a header')
      media.push({ ...header, bytes: data.subarray(LIVE_HEADER_BYTES), atMs })
    } else words.push({ ...LiveMessage.parse(JSON.parse(data.toString())), atMs })
    heard.dispatchEvent(new Event('message'))
  })
  async function until<T>(all: readonly T[], isIt: (one: T) => boolean): Promise<T> {
    for (;;) {
      const found = all.find(isIt)
      if (found !== undefined) return found
      await once(heard, 'message')
    }
  }
  await once(socket, 'open')
  return {
    socket,
    media,
    words,
    open: (viewId, sound) => socket.send(JSON.stringify({ open: viewId, ...(sound === undefined ? {} : { sound }) })),
    untilWords: (isIt) => until(words, isIt),
    untilMedia: (isIt) => until(media, isIt),
    roundTrip: async () => {
      const viewId = crypto.randomUUID()
      socket.send(JSON.stringify({ open: viewId }))
      await until(words, (message) => message.viewId === viewId)
    },
  }
}
