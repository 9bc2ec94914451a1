import {
  LIVE_HEADER_BYTES,
  LIVE_SOCKET_PATH,
  type LiveHeader,
  LiveMessage,
  type LiveRequest,
  readLiveHeader,
} from '../../../gateway/contracts/live-socket.ts'
import type { ViewEnd } from '../../../gateway/contracts/view.ts'

/** What becomes of one view that the socket carries. */
export interface LiveSink {
  /** @param delayMs how much longer this took to arrive than the fastest message of the connection */
  media(header: LiveHeader, bytes: Uint8Array<ArrayBuffer>, delayMs: number): void
  /** The gateway does not send this view any more; why, where it says so. */
  gone(why: ViewEnd | undefined): void
  /** The socket cannot be had at present, so other ways are better. */
  unreachable(): void
}

export interface CarriedView {
  /** Its sound comes as well, or no longer. */
  hear(isOn: boolean): void
  /** Nothing of it comes any more. */
  drop(): void
}

/** One WebSocket for all tiles; it comes back by itself and asks again for what it carried. */
export interface LiveSocket {
  /**
   * False once several attempts came to nothing and none to anything, as behind a proxy that passes no WebSockets. One that
   * was open before failed because the gateway was away, and whoever has a new view knows that it is back.
   */
  isUsable(): boolean
  carry(viewId: string, sink: LiveSink): CarriedView
  close(): void
}

const MAX_FAILURES = 3
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 5_000

export function openLiveSocket(origin: string): LiveSocket {
  const sinks = new Map<string, LiveSink>()
  /** Views of which the sound is wanted. */
  const heard = new Set<string>()
  /** Views by the numbers of this connection. */
  let numbers = new Map<number, string>()
  let socket: WebSocket | undefined
  let failures = 0
  let hasOpened = false
  let retry: ReturnType<typeof setTimeout> | undefined
  let fastestMs: number | undefined
  let isOver = false

  function connect(): void {
    clearTimeout(retry)
    retry = undefined
    if (isOver) return
    numbers = new Map()
    fastestMs = undefined
    const url = new URL(LIVE_SOCKET_PATH, origin)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const opened = new WebSocket(url)
    socket = opened
    opened.binaryType = 'arraybuffer'
    opened.onopen = () => {
      failures = 0
      hasOpened = true
      for (const viewId of sinks.keys()) send({ open: viewId, sound: heard.has(viewId) })
    }
    opened.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) onMedia(data)
      else if (typeof data === 'string') onWords(data)
    }
    opened.onclose = () => {
      if (socket !== opened || isOver) return
      socket = undefined
      failures += 1
      if (failures === MAX_FAILURES) for (const sink of [...sinks.values()]) sink.unreachable()
      // Half of it by chance, so that the walls of a centre do not all come back in one moment.
      const waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1))
      retry = setTimeout(connect, waitMs * (0.5 + Math.random() / 2))
    }
  }

  function send(request: LiveRequest): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request))
  }

  function onMedia(data: ArrayBuffer): void {
    const header = readLiveHeader(new DataView(data))
    const viewId = header === undefined ? undefined : numbers.get(header.number)
    const sink = viewId === undefined ? undefined : sinks.get(viewId)
    if (header === undefined) return
    // Both clocks count from some moment of their own, and the gateway's wraps: only differences mean anything.
    const differenceMs = (Math.round(performance.now()) - header.sentMs) | 0
    if (fastestMs === undefined || ((differenceMs - fastestMs) | 0) < 0) fastestMs = differenceMs
    sink?.media(header, new Uint8Array(data, LIVE_HEADER_BYTES), (differenceMs - fastestMs) | 0)
  }

  function onWords(text: string): void {
    const message = LiveMessage.safeParse(parse(text))
    if (!message.success) return
    const { viewId } = message.data
    switch (message.data.kind) {
      case 'opened':
        numbers.set(message.data.number, viewId)
        break
      case 'ended':
        sinks.get(viewId)?.gone(message.data.why)
        break
      case 'refused':
        sinks.get(viewId)?.gone(undefined)
        break
      case 'stream': // a tile sees by itself that no frames come
        break
    }
  }

  connect()
  return {
    isUsable: () => hasOpened || failures < MAX_FAILURES,
    carry(viewId, sink) {
      sinks.set(viewId, sink)
      send({ open: viewId })
      // The gateway has just granted a view, so it is there.
      if (retry !== undefined) {
        if (hasOpened) failures = 0
        connect()
      }
      return {
        hear(isOn) {
          if (isOn) heard.add(viewId)
          else heard.delete(viewId)
          if (sinks.has(viewId)) send({ open: viewId, sound: isOn })
        },
        drop() {
          heard.delete(viewId)
          if (sinks.delete(viewId)) send({ close: viewId })
        },
      }
    },
    close() {
      isOver = true
      clearTimeout(retry)
      socket?.close()
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
