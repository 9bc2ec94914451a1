import { WebSocket } from 'ws'
import { LIVE_SOCKET_PATH, type LiveHeader, readLiveHeader } from '../../gateway/contracts/live-socket.ts'

/** Takes the parts of some views over one socket, as the console does. */
export function playSocket(
  url: string,
  views: readonly { id: string }[],
  headers: Record<string, string>,
  onPart: (header: LiveHeader, message: Buffer) => void,
): WebSocket {
  const socket = new WebSocket(new URL(LIVE_SOCKET_PATH, url.replace('http', 'ws')), { headers })
  socket.on('open', () => {
    for (const { id } of views) socket.send(JSON.stringify({ open: id }))
  })
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const header = isBinary ? readLiveHeader(new DataView(data.buffer, data.byteOffset, data.length)) : undefined
    if (header?.type === 'chunk') onPart(header, data)
  })
  return socket
}
