import { parse as parseQuery } from 'node:querystring'
import { ChunkWriter } from '../../gateway/cmaf/chunk-writer.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import { Segmenter } from '../../gateway/hls/segmenter.ts'
import { Window } from '../../gateway/hls/window.ts'
import { RequestHeads } from '../../gateway/http/request-heads.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { reloadOf } from '../../gateway/views/live-routes.ts'
import { rtpPacket } from '../../test/fakes/rtp-packets.ts'
import { checkHeld, type Parser } from './parser.ts'

const IDR = Buffer.from('6588aa55', 'hex')
const SLICE = Buffer.from('419acc55', 'hex')
const SETS = [Buffer.from('6742001e95a8280bfe54', 'hex'), Buffer.from('68ce3c80', 'hex')]
const FRAME_MS = 40

/** A stream that goes on while it is asked for its playlists and parts. */
function playlistRequests(): Parser {
  return {
    name: 'playlist requests',
    seeds: [
      'video.m3u8?_HLS_msn=3&_HLS_part=1',
      'video.m3u8?_HLS_msn=2&_HLS_skip=YES',
      'video.m3u8',
      'p12.m4s',
      's2.m4s',
      'init-0.mp4',
    ].map((text) => Buffer.from(text)),
    tokens: ['_HLS_msn=', '_HLS_part=', '&', '?', '9007199254740993', '-1', '%00', '../', '%2e', '1e5', '0x10', '٣'],
    start: (reach) => {
      let nowMs = 1e12
      let frame = 0
      let sequence = 0
      const window = new Window({ monotonicMs: () => nowMs })
      const slabs = new SlabPool()
      const writer = new ChunkWriter(slabs)
      const segmenter = new Segmenter(writer, window, { now: () => nowMs, monotonicMs: () => nowMs })
      const sets = { vps: [], sps: SETS.slice(0, 1), pps: SETS.slice(1) }
      const receiver = videoReceiver({ codec: 'h264', payloadType: 96, clockRate: 90_000, sets }, writer, segmenter)
      segmenter.startSession('h264', undefined, receiver)
      const goOn = (): void => {
        nowMs += FRAME_MS
        const packet = rtpPacket(sequence++, frame * FRAME_MS * 90, true, frame % 50 === 0 ? IDR : SLICE)
        receiver.packet(packet, 0, packet.length)
        frame++
        window.expire()
      }
      for (let count = 0; count < 300; count++) goOn()
      return async (bytes) => {
        if (frame % 2 === 0 || bytes.length % 2 === 0) goOn()
        const [path = '', query = ''] = bytes.toString().split('?')
        const reload = reloadOf(parseQuery(query))
        if (reload === undefined) return undefined
        const answer = await window.read(`${window.prefix}/${path}`, reload, AbortSignal.abort())
        reach(answer.kind)
        if (answer.kind === 'found') answer.release()
        checkHeld(slabs)
      }
    },
  }
}

function requestHeads(): Parser {
  const lines = ['GET /live/1/list.m3u8?_HLS_msn=4 HTTP/1.1', 'Host: a', 'Cookie: a=1; b="2"', 'Accept-Encoding: gzip']
  return {
    name: 'request heads',
    seeds: [lines.slice(0, 2), lines].map((some) => Buffer.from(`${some.join('\r\n')}\r\n\r\n`)),
    tokens: ['\r\n', '\n', ' ', '\t', ':', 'te: a\r\n', 'host: a\r\n', '__proto__: a\r\n', ' '.repeat(8000)],
    start: (reach) => {
      const heads = new RequestHeads()
      return (bytes) => {
        const head = heads.read(bytes)
        if (head === undefined) return
        reach('requests')
        if (/\p{Cc}/u.test(head.target)) throw new Error(`a target with ${JSON.stringify(head.target)}`)
      }
    },
  }
}

/** What reads the requests of players. */
export const PLAYER_PARSERS: readonly Parser[] = [playlistRequests(), requestHeads()]
