import { connect } from 'node:net'

/** Receives one stream of the bench's cameras and throws it away: the least that anybody who reads it pays. */
export function discard(port: number): void {
  const buffer = Buffer.allocUnsafeSlow(64 * 1024)
  const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback: () => true } })
  for (const method of ['SETUP', 'PLAY']) socket.write(`${method} rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n`)
}
