import { h264Format } from '../../gateway/cmaf/h264-config.ts'
import { h265Format } from '../../gateway/cmaf/h265-config.ts'
import { initSegment } from '../../gateway/cmaf/init.ts'
import { PartWriter } from '../../gateway/cmaf/part-writer.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import { chooseChallenge, parseChallenges } from '../../gateway/digest.ts'
import { Segmenter } from '../../gateway/hls/segmenter.ts'
import { Window } from '../../gateway/hls/window.ts'
import type { VideoCodec } from '../../gateway/media.ts'
import { Reception } from '../../gateway/rtp/reception.ts'
import { ReorderBuffer } from '../../gateway/rtp/reorder.ts'
import { findSenderReport } from '../../gateway/rtp/rtcp.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { InterleavedReader } from '../../gateway/rtsp/interleaved-reader.ts'
import { bodyBytes, parseHead } from '../../gateway/rtsp/message.ts'
import { parseSdp } from '../../gateway/rtsp/sdp.ts'
import { controlBase, joinControl, parseRtspUri } from '../../gateway/rtsp/uri.ts'
import { findVideoTrack } from '../../gateway/rtsp/video-track.ts'

/** A reader of bytes that a peer chooses. */
export interface Parser {
  name: string
  /** Sound inputs; what is fed are changed copies of them. */
  seeds: readonly Buffer[]
  /** One function an input run: state is kept from input to input, as on a connection. */
  start(): (bytes: Buffer) => void
  /** What it holds now, and what it has made, where it does. */
  figures?(): { heldBytes: number; parts: number }
}

const hex = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'hex'))
const lines = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text.replaceAll('|', '\r\n')))

const H264_NALS = hex('6742001e95a8280bfe54', '68ce3c80', '6588aa55', '419acc55')
const H264_PAYLOADS = [
  ...H264_NALS,
  ...hex('18000a6742001e95a8280bfe54000468ce3c80', '7c858aaa', '7c058aaa', '7c458aaa', '000000016588aa55'),
]
// Dahua, as recorded.
const H265_SETS = [
  '40010c01ffff016000000300b0000003000003005aac0c00000300040000030032a8',
  '420101016000000300b0000003000003005aa0058201e1636b92452fcdc14181410000030001000003000ca1',
  '4401c0f2c68d03b340',
]
const H265_PAYLOADS = hex(...H265_SETS, '26018faa55', '0201d0aa55', '620193aa', '620113aa', '620153aa')

/** RTP packets of payloads, numbered through, a marker on each. */
function packets(payloads: readonly Buffer[], payloadType = 96): Buffer[] {
  return payloads.map((payload, i) => {
    const head = Buffer.alloc(12)
    head.writeUInt16BE(0x8000 | 0x80 | payloadType, 0)
    head.writeUInt16BE(i, 2)
    head.writeUInt32BE(i * 3600, 4)
    head.writeUInt32BE(0x1234, 8)
    return Buffer.concat([head, payload])
  })
}

/** Packets through the whole of the media plane: receiver, writer, segmenter, window. */
function muxer(codec: VideoCodec, payloads: readonly Buffer[]): Parser {
  const slabs = new SlabPool()
  let writer = new PartWriter(slabs)
  return {
    name: `rtp ${codec}`,
    seeds: packets(payloads),
    start() {
      let nowMs = 1e12
      let sequence = 0
      const clock = { now: () => nowMs, monotonicMs: () => nowMs }
      const window = new Window({ monotonicMs: clock.monotonicMs })
      writer = new PartWriter(slabs)
      const segmenter = new Segmenter(writer, window, clock)
      const track = { codec, payloadType: 96, clockRate: 90_000, sets: { vps: [], sps: [], pps: [] } }
      const receiver = videoReceiver(track, writer, segmenter)
      segmenter.startSession(codec, undefined, receiver)
      return (bytes) => {
        nowMs += 7
        // Most keep their place, or nothing would ever be whole.
        if (bytes.length >= 12 && sequence % 16 !== 0) {
          bytes.writeUInt16BE(sequence & 0xffff, 2)
          bytes.writeUInt32BE((Math.floor(sequence / 4) * 3600) >>> 0, 4)
          bytes.writeUInt32BE(0x1234, 8)
        }
        sequence++
        receiver.packet(bytes, 0, bytes.length)
        receiver.report(bytes, 0, bytes.length)
      }
    },
    figures: () => ({ heldBytes: slabs.usedBytes + slabs.freeBytes, parts: writer.nextId }),
  }
}

const SDP = lines(
  'v=0|o=- 1 1 IN IP4 0.0.0.0|s=-|a=control:*|m=video 0 RTP/AVP 96|a=rtpmap:96 H264/90000|a=fmtp:96 packetization-mode=1;profile-level-id=42001e;sprop-parameter-sets=Z0IAHpWoKAv+VA==,aM48gA==|a=control:trackID=1|a=framerate:25|m=audio 0 RTP/AVP 97|a=rtpmap:97 MPEG4-GENERIC/16000/1|a=fmtp:97 config=1408|',
  'v=0|m=video 0 RTP/AVP 98|a=rtpmap:98 H265/90000|a=fmtp:98 sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==;sprop-sps=QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=;sprop-pps=RAHA8saNA7NA|a=control:rtsp://192.0.2.7/live?x=1|',
)
const HEADS = lines(
  'RTSP/1.0 200 OK|CSeq: 3|Session: 12345678;timeout=60|Transport: RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001',
  'RTSP/1.0 401 Unauthorized|CSeq: 2|WWW-Authenticate: Digest realm="cam", nonce="0a", qop="auth", algorithm=SHA-256|WWW-Authenticate: Basic realm="cam"|Content-Length: 17',
  'OPTIONS rtsp://192.0.2.7/ RTSP/1.0|CSeq: 1| folded',
)
const STREAM = Buffer.concat([
  ...lines('RTSP/1.0 200 OK|CSeq: 4||'),
  Buffer.from([0x24, 0, 0, 4, 1, 2, 3, 4]),
  ...lines('RTSP/1.0 200 OK|CSeq: 5|Content-Length: 3||abc'),
  Buffer.from([0x24, 1, 0, 0, 0x24, 7, 0, 2, 9, 9]),
])
const SENDER_REPORT = hex('80c80006000012340123456789abcdef0000e10000000001000000640', '80c9000100001234')

/** Everything of the media plane that reads what a camera sends. */
export const MEDIA_PARSERS: readonly Parser[] = [
  muxer('h264', H264_PAYLOADS),
  muxer('h265', H265_PAYLOADS),
  {
    name: 'rtsp stream',
    seeds: [STREAM],
    start: () => {
      const sink = { frame: () => {}, message: () => {} }
      let reader = new InterleavedReader(sink)
      return (bytes) => {
        const cut = bytes.length >> 1
        const fault = reader.push(bytes.subarray(0, cut), cut) ?? reader.push(bytes.subarray(cut), bytes.length - cut)
        if (fault !== undefined) reader = new InterleavedReader(sink) // a connection that is closed
      }
    },
  },
  {
    name: 'rtsp head',
    seeds: HEADS,
    start: () => (bytes) => {
      const message = parseHead(bytes.toString('latin1'))
      if (message === undefined) return
      bodyBytes(message)
      chooseChallenge(parseChallenges(message.headers.get('www-authenticate') ?? []))
    },
  },
  {
    name: 'sdp',
    seeds: SDP,
    start: () => (bytes) => {
      const parsed = parseSdp(bytes.toString('utf8'))
      const track = parsed.ok ? findVideoTrack(parsed.sdp) : undefined
      if (track === undefined) return
      const format = track.codec === 'h264' ? h264Format(track.sets) : h265Format(track.sets)
      if (format !== undefined) initSegment(format, 90_000)
    },
  },
  {
    name: 'h264 parameter sets',
    seeds: H264_NALS.slice(0, 1),
    start: () => (bytes) => {
      const format = h264Format({ vps: [], sps: [bytes], pps: hex('68ce3c80') })
      if (format !== undefined) initSegment(format, 90_000)
    },
  },
  {
    name: 'h265 parameter sets',
    seeds: hex(H265_SETS[1] ?? ''),
    start: () => (bytes) => {
      const format = h265Format({ vps: hex(H265_SETS[0] ?? ''), sps: [bytes], pps: hex(H265_SETS[2] ?? '') })
      if (format !== undefined) initSegment(format, 90_000)
    },
  },
  {
    name: 'rtcp',
    seeds: SENDER_REPORT,
    start: () => (bytes) => void findSenderReport(bytes, 0, bytes.length),
  },
  {
    name: 'udp',
    seeds: packets(H264_PAYLOADS),
    start: () => {
      let nowMs = 0
      const reception = new Reception(90_000, 1)
      const reorder = new ReorderBuffer(() => {})
      return (bytes) => {
        nowMs += 3
        reception.packet(bytes, nowMs)
        reception.control(bytes, nowMs)
        reorder.push(bytes, nowMs)
        reception.report(nowMs)
        if (reorder.heldPackets > 65) throw new Error(`${reorder.heldPackets} packets held`)
      }
    },
  },
  {
    name: 'uri',
    seeds: lines('rtsp://192.0.2.7:8554/cam/realmonitor?channel=1&subtype=0', 'rtsps://[2001:db8::1]/a', 'trackID=1'),
    start: () => {
      const base = parseRtspUri('rtsp://192.0.2.7/live?x=1')
      if (base === undefined) throw new Error('the base is no URI')
      return (bytes) => {
        const text = bytes.toString('latin1')
        parseRtspUri(text)
        const joined = joinControl(base, controlBase(base, text, undefined), text)
        if (!/^rtsp:\/\/192\.0\.2\.7(?:[/?]|$)/.test(joined)) throw new Error(`left the host: ${joined}`)
      }
    },
  },
]
