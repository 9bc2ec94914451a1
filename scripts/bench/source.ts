import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { splitAnnexB } from '../../gateway/rtp/access-unit.ts'
import { stampNal, writeStamp } from './stamp.ts'

/** Cameras for the bench: every connection gets the same H.264 file in a loop, one write per RTP packet as cameras do. */

const TICK_MS = 5
const PAYLOAD_BYTES = 1400
/** `$`, channel and length (RFC 2326 §10.12), then the RTP header. */
const PACKET_HEAD_BYTES = 16
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024
/** Behind a picture parameter set: go2rtc drops an SEI that an access unit begins with. */
const STAMP_PACKET = 1

interface Viewer {
  socket: Socket
  frame: number
  sequence: number
  dueMs: number
}

/** Interleaved frames of each access unit; sequence number and timestamp are filled in when sent. */
function packetize(annexB: Buffer): Buffer[][] {
  const units: Buffer[][] = [[]]
  for (const nal of splitAnnexB(annexB)) {
    const type = (nal[0] ?? 0) & 31
    units.at(-1)?.push(...fragments(nal))
    if (type >= 1 && type <= 5) units.push([])
  }
  units.pop()
  for (const unit of units) {
    const last = unit.at(-1)
    if (last !== undefined) last[5] = 0x80 | 96
  }
  return units
}

/** The first picture parameter set of a byte stream; sending it again before any picture changes nothing (ITU-T H.264 §7.4.1.2.1). */
function parameterSet(annexB: Buffer): Buffer {
  const found = splitAnnexB(annexB).find((nal) => ((nal[0] ?? 0) & 31) === 8)
  if (found === undefined) throw new Error('no picture parameter set')
  return found
}

function fragments(nal: Buffer): Buffer[] {
  if (nal.length <= PAYLOAD_BYTES) return [frame(nal)]
  const out: Buffer[] = []
  const first = nal[0] ?? 0
  for (let at = 1; at < nal.length; at += PAYLOAD_BYTES) {
    const bits = (at === 1 ? 0x80 : 0) | (at + PAYLOAD_BYTES >= nal.length ? 0x40 : 0)
    out.push(
      frame(
        Buffer.concat([Buffer.from([(first & 0xe0) | 28, bits | (first & 31)]), nal.subarray(at, at + PAYLOAD_BYTES)]),
      ),
    )
  }
  return out
}

function frame(payload: Buffer): Buffer {
  const head = Buffer.from([0x24, 0, 0, 0, 0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  head.writeUInt16BE(payload.length + 12, 2)
  return Buffer.concat([head, payload])
}

/** Key frames of all cameras in step; so, and every frame with the time it was sent at; key frames of each at a time of its own. */
export type SourceKind = 'in-step' | 'stamped' | 'scattered'

/** @param annexB H.264 byte stream, one slice a picture @returns port */
export function startSource(annexB: Buffer, framesPerSecond = 25, kind: SourceKind = 'in-step'): Promise<number> {
  const isStamped = kind === 'stamped'
  const frameMs = 1000 / framesPerSecond
  const units = packetize(annexB)
  if (isStamped) for (const unit of units) unit.unshift(frame(parameterSet(annexB)), frame(stampNal()))
  const viewers = new Set<Viewer>()
  const sdp =
    'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:t\r\n'
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    const frame = kind === 'scattered' ? Math.floor(Math.random() * units.length) : 0
    const viewer = { socket, frame, sequence: 0, dueMs: performance.now() + Math.random() * frameMs }
    socket.on('error', () => viewers.delete(viewer))
    socket.on('close', () => viewers.delete(viewer))
    socket.on('data', (chunk) => {
      for (const head of chunk.toString('latin1').split('\r\n\r\n').slice(0, -1)) {
        const method = head.split(' ')[0]
        const cseq = /CSeq: (\d+)/.exec(head)?.[1] ?? '0'
        const body = method === 'DESCRIBE' ? sdp : ''
        const length = body === '' ? '' : `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n`
        const transport = method === 'SETUP' ? 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n' : ''
        socket.write(
          `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nSession: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n${transport}${length}\r\n${body}`,
        )
        if (method === 'PLAY') viewers.add(viewer)
      }
    })
  })
  setInterval(() => {
    const nowMs = performance.now()
    for (const viewer of viewers) {
      while (viewer.dueMs <= nowMs) {
        send(viewer, units[viewer.frame % units.length] ?? [], 90_000 / framesPerSecond, isStamped)
        viewer.frame++
        viewer.dueMs += frameMs
      }
    }
  }, TICK_MS)
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

function send(viewer: Viewer, packets: readonly Buffer[], frameTicks: number, isStamped: boolean): void {
  if (viewer.socket.writableLength > MAX_BACKLOG_BYTES) return // a reader that does not keep up
  for (const [i, template] of packets.entries()) {
    const packet = Buffer.from(template)
    if (isStamped && i === STAMP_PACKET) writeStamp(packet, PACKET_HEAD_BYTES, Date.now())
    packet.writeUInt16BE(viewer.sequence, 6)
    packet.writeUInt32BE((viewer.frame * frameTicks) >>> 0, 8)
    viewer.sequence = (viewer.sequence + 1) & 0xffff
    viewer.socket.write(packet)
  }
}
