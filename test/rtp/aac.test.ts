import t from 'tap'
import { aacConfig, aacFormat } from '../../gateway/cmaf/aac-config.ts'
import { AacFrames } from '../../gateway/rtp/aac.ts'
import { RtpReceiver } from '../../gateway/rtp/receiver.ts'
import { findAudioTrack } from '../../gateway/rtsp/audio-track.ts'
import { parseSdp } from '../../gateway/rtsp/sdp.ts'
import { rtpPacket } from '../fakes/rtp-packets.ts'

type Packet = [payload: string, time: number, marker: boolean]
const HBR = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 }

function receive(packets: readonly Packet[], skip: readonly number[] = []): string[] {
  const frames: string[] = []
  const sink = {
    frame: (ticks: number, bytes: Buffer, start: number, end: number) =>
      void frames.push(`${ticks} ${bytes.toString('hex', start, end)}`),
  }
  const receiver = new RtpReceiver({ payloadType: 97, clockRate: 16_000 }, new AacFrames(HBR, 1024, sink))
  for (const [i, [payload, time, marker]] of packets.entries()) {
    const bytes = rtpPacket(i, time, marker, Buffer.from(payload, 'hex'), { payloadType: 97 })
    if (!skip.includes(i)) receiver.packet(bytes, 0, bytes.length)
  }
  return frames
}

const CASES: { name: string; packets: Packet[]; skip?: number[]; frames: string[] }[] = [
  { name: 'one frame', packets: [['00100018aabbcc', 0, true]], frames: ['0 aabbcc'] },
  { name: 'several in a packet', packets: [['002000100018aabbccddee', 0, true]], frames: ['0 aabb', '1024 ccddee'] },
  {
    name: 'one frame in two packets',
    packets: [
      ['00100028aabbcc', 0, false],
      ['00100028ddee', 0, true],
      ['00100008ff', 1024, true],
    ],
    frames: ['0 aabbccddee', '1024 ff'],
  },
  {
    name: 'a fragment lost: the frame is left out, the next is not',
    packets: [
      ['00100028aabbcc', 0, false],
      ['00100028ddee', 0, true],
      ['00100008ff', 1024, true],
    ],
    skip: [0],
    frames: ['1024 ff'],
  },
  {
    name: 'ADTS frames without AU headers',
    packets: [['fff160400120fcaabbfff160400100fccc', 0, true]],
    frames: ['0 aabb', '1024 cc'],
  },
  { name: 'headers longer than the packet', packets: [['fff0aabb', 0, true]], frames: [] },
  { name: 'frames longer than the packet', packets: [['0020ff00ff00aa', 0, true]], frames: [] },
  { name: 'nothing', packets: [['', 0, true]], frames: [] },
]

t.test('AAC of RTP (RFC 3640)', async (t) => {
  for (const { name, packets, skip, frames } of CASES) t.same(receive(packets, skip), frames, name)
})

t.test('AudioSpecificConfig', async (t) => {
  const cases: [string, object | undefined][] = [
    ['1408', { codecString: 'mp4a.40.2', sampleRate: 16_000, channels: 1, frameSamples: 1024 }],
    ['1190', { codecString: 'mp4a.40.2', sampleRate: 48_000, channels: 2 }],
    ['2b098800', { codecString: 'mp4a.40.5', sampleRate: 24_000, channels: 1 }],
    ['17ffffff', undefined],
    ['1480', undefined],
    ['', undefined],
    ['ff', undefined],
  ]
  for (const [config, format] of cases) {
    if (format === undefined) t.equal(aacFormat(Buffer.from(config, 'hex')), undefined, config)
    else t.match(aacFormat(Buffer.from(config, 'hex')), format, config)
  }
  t.equal(aacConfig(16_000, 1)?.toString('hex'), '1408')
  t.equal(aacConfig(12_345, 1), undefined)
})

t.test('which sound is taken', async (t) => {
  const find = (...lines: string[]) => {
    const parsed = parseSdp(['v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', ...lines].join('\r\n'))
    return parsed.ok ? findAudioTrack(parsed.sdp) : undefined
  }
  t.match(find('m=audio 0 RTP/AVP 0'), { kind: 'other', encoding: 'PCMU', sampleRate: 8_000, channels: 1 })
  t.match(find('m=audio 0 RTP/AVP 9'), { encoding: 'G722', sampleRate: 16_000, clockRate: 8_000 })
  t.match(find('m=audio 0 RTP/AVP 10'), { encoding: 'L16', sampleRate: 44_100, channels: 2 })
  t.match(find('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 G726-32/8000'), { encoding: 'G726-32' })
  const aac = ['m=audio 0 RTP/AVP 97', 'a=rtpmap:97 mpeg4-generic/48000/2']
  t.match(find(...aac, 'a=fmtp:97 mode=AAC-hbr;config=1190;SizeLength=13;IndexLength=3;IndexDeltaLength=3'), {
    kind: 'aac',
    format: { sampleRate: 48_000, channels: 2 },
    headers: HBR,
  })
  t.match(find(...aac, 'a=fmtp:97'), { kind: 'aac', format: { sampleRate: 48_000, channels: 2 } }, 'Ubiquiti')
  t.equal(find('m=audio 0 RTP/AVP 0', 'a=sendonly'), undefined, 'the way back to the loudspeaker')
  t.equal(find('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 OPUS/48000'), undefined)
  t.equal(find('m=audio 0 RTP/AVP 97', 'a=rtpmap:97 PCMA/1'), undefined)
})
