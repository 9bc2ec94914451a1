import { aacFormat } from '../../gateway/cmaf/aac-config.ts'
import { box, fullBox, u32 } from '../../gateway/cmaf/box.ts'
import { ChunkWriter } from '../../gateway/cmaf/chunk-writer.ts'
import { FragmentReader } from '../../gateway/cmaf/fragment-reader.ts'
import { h264Format } from '../../gateway/cmaf/h264-config.ts'
import { h265Format } from '../../gateway/cmaf/h265-config.ts'
import { initSegment } from '../../gateway/cmaf/init.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import { videoFormat } from '../../gateway/cmaf/video-format.ts'
import { chooseChallenge, parseChallenges } from '../../gateway/digest.ts'
import type { PictureTime } from '../../gateway/hls/picture-time.ts'
import { Segmenter } from '../../gateway/hls/segmenter.ts'
import { SoundSegmenter } from '../../gateway/hls/sound-segmenter.ts'
import { Window } from '../../gateway/hls/window.ts'
import type { VideoCodec } from '../../gateway/media.ts'
import { AacFrames } from '../../gateway/rtp/aac.ts'
import { RtpReceiver } from '../../gateway/rtp/receiver.ts'
import { Reception } from '../../gateway/rtp/reception.ts'
import { ReorderBuffer } from '../../gateway/rtp/reorder.ts'
import { findSenderReport } from '../../gateway/rtp/rtcp.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { findAudioTrack } from '../../gateway/rtsp/audio-track.ts'
import { InterleavedReader } from '../../gateway/rtsp/interleaved-reader.ts'
import { bodyBytes, parseHead } from '../../gateway/rtsp/message.ts'
import { parseSdp } from '../../gateway/rtsp/sdp.ts'
import { controlBase, joinControl, parseRtspUri } from '../../gateway/rtsp/uri.ts'
import { findVideoTrack } from '../../gateway/rtsp/video-track.ts'
import { checkHeld, type Parser } from './parser.ts'

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

const JPEG_TABLES = Array.from({ length: 128 }, (_, i) => (i % 64) + 1)
const JPEG_PAYLOADS = [
  Buffer.from([0, 0, 0, 0, 1, 50, 20, 15, 1, 2, 3, 0xff, 0xd9]),
  Buffer.from([0, 0, 0, 0, 65, 255, 20, 15, 0, 4, 0xff, 0xff, 0, 0, 0, 128, ...JPEG_TABLES, 9, 8, 7]),
  Buffer.from([0, 0, 0, 3, 65, 255, 20, 15, 0, 4, 0xff, 0xff, 6, 5, 4]),
  Buffer.from([0, 0, 0, 0, 0, 200, 20, 15, 0, 1, 0, 192, ...JPEG_TABLES, ...JPEG_TABLES.slice(0, 64), 1]),
]
const AAC_PAYLOADS = hex(
  '00100018aabbcc',
  '002000100018aabbccddee',
  '00100028aabbcc',
  '00100028ddee',
  'fff160400120fcaabbfff160400100fccc',
)
const AAC_CONFIGS = hex('1408', '1190', '2b098800', '1f88')

/** One fragment of an H.264 track as ffmpeg writes it, boxes only as far as they are read. */
const FRAGMENTS = ((): Buffer => {
  const avcC = box('avcC', [1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 10], H264_NALS[0] ?? [], [1, 0, 4], H264_NALS[1] ?? [])
  const stsd = box('stsd', [0, 0, 0, 0, 0, 0, 0, 1], box('avc1', Buffer.alloc(78), avcC))
  const moov = box('moov', box('trak', box('mdia', box('minf', box('stbl', stsd)))))
  const traf = box(
    'traf',
    fullBox('tfhd', 0, 0x020018, u32(1, 3600, 8)),
    fullBox('tfdt', 1, 0, u32(0, 7200)),
    fullBox('trun', 0, 0x000301, u32(2, 100, 3600, 8, 3600, 8)),
  )
  return Buffer.concat([moov, box('moof', traf), box('mdat', hex('000000046588aa5500000004419acc55')[0] ?? [])])
})()

/** Packets through the whole of the media plane: receiver, writer, segmenter, window. */
function muxer(codec: VideoCodec, payloads: readonly Buffer[]): Parser {
  return {
    name: `rtp ${codec}`,
    seeds: packets(payloads),
    start(reach) {
      let nowMs = 1e12
      let sequence = 0
      const clock = { now: () => nowMs, monotonicMs: () => nowMs }
      const window = new Window({ monotonicMs: clock.monotonicMs })
      window.subscribe({ init: () => {}, chunk: () => reach('parts'), end: () => {} })
      const slabs = new SlabPool()
      const writer = new ChunkWriter(slabs)
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
        checkHeld(slabs)
      }
    },
  }
}

const SDP = lines(
  'v=0|o=- 1 1 IN IP4 0.0.0.0|s=-|a=control:*|m=video 0 RTP/AVP 96|a=rtpmap:96 H264/90000|a=fmtp:96 packetization-mode=1;profile-level-id=42001e;sprop-parameter-sets=Z0IAHpWoKAv+VA==,aM48gA==|a=control:trackID=1|a=framerate:25|m=audio 0 RTP/AVP 97|a=rtpmap:97 MPEG4-GENERIC/16000/1|a=fmtp:97 config=1408;sizelength=13;indexlength=3;indexdeltalength=3|m=audio 0 RTP/AVP 9|',
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
  muxer('jpeg', JPEG_PAYLOADS),
  {
    name: 'rtp aac',
    seeds: packets(AAC_PAYLOADS, 97),
    start: (reach) => {
      let nowMs = 1e12
      let sequence = 0
      const format = aacFormat(AAC_CONFIGS[0] ?? Buffer.alloc(0))
      if (format === undefined) throw new Error('the seed is no configuration')
      const slabs = new SlabPool()
      const monotonicMs = (): number => nowMs
      const window = new Window({ kind: 'sound', monotonicMs })
      window.subscribe({ init: () => {}, chunk: () => reach('parts'), end: () => {} })
      const writer = new ChunkWriter(slabs, format.sampleRate)
      const picture: PictureTime = {
        generation: 0,
        atSenderTime: () => undefined,
        atArrival: (atMs) => (atMs - 1e12) * 90,
        wallMsAt: (ticks) => ticks / 90,
      }
      const segmenter = new SoundSegmenter(format, writer, window, picture, { monotonicMs })
      const headers = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 }
      const receiver = new RtpReceiver({ payloadType: 97, clockRate: 16_000 }, new AacFrames(headers, 1024, segmenter))
      segmenter.startSession(16_000, receiver)
      return (bytes) => {
        nowMs += 64
        if (bytes.length >= 12 && sequence % 16 !== 0) {
          bytes.writeUInt16BE(sequence & 0xffff, 2)
          bytes.writeUInt32BE((sequence * 1024) >>> 0, 4)
          bytes.writeUInt32BE(0x1234, 8)
        }
        sequence++
        receiver.packet(bytes, 0, bytes.length)
        receiver.report(bytes, 0, bytes.length)
        checkHeld(slabs)
      }
    },
  },
  {
    name: 'aac configuration',
    seeds: AAC_CONFIGS,
    start: (reach) => (bytes) => {
      const format = aacFormat(bytes)
      if (format === undefined) return
      reach('formats')
      initSegment(format, format.sampleRate)
    },
  },
  {
    name: 'transcoded fragments',
    seeds: [FRAGMENTS],
    start: (reach) => {
      const sink = { init: () => reach('inits'), sample: () => reach('samples') }
      let reader = new FragmentReader(sink)
      return (bytes) => {
        const cut = bytes.length >> 1
        const isWhole =
          reader.push(Buffer.from(bytes.subarray(0, cut))) && reader.push(Buffer.from(bytes.subarray(cut)))
        if (!isWhole || reader.heldBytes > 1024 * 1024) reader = new FragmentReader(sink)
      }
    },
  },
  {
    name: 'rtsp stream',
    seeds: [STREAM],
    start: (reach) => {
      const sink = { frame: () => reach('frames'), message: () => reach('messages') }
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
    start: (reach) => (bytes) => {
      const message = parseHead(bytes.toString('latin1'))
      if (message === undefined) return
      reach('messages')
      bodyBytes(message)
      chooseChallenge(parseChallenges(message.headers.get('www-authenticate') ?? []))
    },
  },
  {
    name: 'sdp',
    seeds: SDP,
    start: (reach) => (bytes) => {
      const parsed = parseSdp(bytes.toString('utf8'))
      const sound = parsed.ok ? findAudioTrack(parsed.sdp) : undefined
      if (sound?.kind === 'aac') initSegment(sound.format, sound.format.sampleRate)
      if (sound !== undefined) reach('sounds')
      const track = parsed.ok ? findVideoTrack(parsed.sdp) : undefined
      if (track === undefined) return
      reach('pictures')
      const format = videoFormat(track.codec, track.sets)
      if (format !== undefined) initSegment(format, 90_000)
    },
  },
  {
    name: 'h264 parameter sets',
    seeds: H264_NALS.slice(0, 1),
    start: (reach) => (bytes) => {
      const format = h264Format({ vps: [], sps: [bytes], pps: hex('68ce3c80') })
      if (format === undefined) return
      reach('formats')
      initSegment(format, 90_000)
    },
  },
  {
    name: 'h265 parameter sets',
    seeds: hex(H265_SETS[1] ?? ''),
    start: (reach) => (bytes) => {
      const format = h265Format({ vps: hex(H265_SETS[0] ?? ''), sps: [bytes], pps: hex(H265_SETS[2] ?? '') })
      if (format === undefined) return
      reach('formats')
      initSegment(format, 90_000)
    },
  },
  {
    name: 'rtcp',
    seeds: SENDER_REPORT,
    start: (reach) => (bytes) => {
      if (findSenderReport(bytes, 0, bytes.length) !== undefined) reach('reports')
    },
  },
  {
    name: 'udp',
    seeds: packets(H264_PAYLOADS),
    start: (reach) => {
      let nowMs = 0
      const reception = new Reception(90_000, 1)
      const reorder = new ReorderBuffer(() => reach('packets'))
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
    start: (reach) => {
      const base = parseRtspUri('rtsp://192.0.2.7/live?x=1')
      if (base === undefined) throw new Error('the base is no URI')
      return (bytes) => {
        const text = bytes.toString('latin1')
        if (parseRtspUri(text) !== undefined) reach('uris')
        const joined = joinControl(base, controlBase(base, text, undefined), text)
        if (!/^rtsp:\/\/192\.0\.2\.7(?:[/?]|$)/.test(joined)) throw new Error(`left the host: ${joined}`)
      }
    },
  },
]
