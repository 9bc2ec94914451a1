import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { h264Format } from '../../gateway/cmaf/h264-config.ts'
import { h265Format } from '../../gateway/cmaf/h265-config.ts'
import { findAudioTrack } from '../../gateway/rtsp/audio-track.ts'
import { parseSdp } from '../../gateway/rtsp/sdp.ts'
import { findVideoTrack } from '../../gateway/rtsp/video-track.ts'
import { mutate, seeded } from '../fakes/random.ts'

const recorded = new URL('../../../shared/fixtures/cameras/sdp/', import.meta.url)
const absent = existsSync(recorded) ? false : 'recorded messages absent'

const RECORDED = [
  {
    name: 'retina-dahua-describe-h265-pcma.rtsp',
    media: ['H265/90000 trackID=0', 'PCMA/8000 trackID=1'],
    size: '704x480',
    frameRate: 12,
  },
  {
    name: 'retina-hikvision-describe.rtsp',
    media: [
      'H264/90000 rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
      'VND.ONVIF.METADATA/90000 rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1',
    ],
    size: '1920x1080',
    codec: 'avc1.4d0029',
  },
  { name: 'retina-ipcam-describe.rtsp', media: ['H264/90000 trackID=1'], frameRate: 25 },
  { name: 'retina-macrovideo-describe.rtsp', media: ['H264/90000 track1'] },
  {
    name: 'retina-ubiquiti.sdp',
    media: ['MPEG4-GENERIC/48000 trackID=0', 'OPUS/48000 trackID=1', 'H264/90000 trackID=2'],
  },
  { name: 'retina-vstarcam-describe.rtsp', media: ['H264/90000 track0', 'PCMA/8000 track1'] },
]

t.test('recorded descriptions', { skip: absent }, async (t) => {
  for (const { name, media, size, codec, frameRate } of RECORDED) {
    const text = readFileSync(new URL(name, recorded), 'utf8')
    const result = parseSdp(text.slice(Math.max(0, text.indexOf('v=0'))))
    if (!result.ok) throw new Error(`${name}: ${result.why}`)
    const seen = result.sdp.media.map(
      ({ formats, control }) => `${formats[0]?.encoding}/${formats[0]?.clockRate} ${control}`,
    )
    t.same(seen, media, name)
    const track = findVideoTrack(result.sdp)
    if (track === undefined) throw new Error(`${name}: no video`)
    t.equal(track.frameRate, frameRate, name)
    const format = track.codec === 'h264' ? h264Format(track.sets) : h265Format(track.sets)
    if (size !== undefined) t.equal(`${format?.width}x${format?.height}`, size, name)
    if (codec !== undefined) t.equal(format?.codecString, codec, 'from the SPS, not from profile-level-id')
  }
})

t.test('what is bent is taken, what is none is refused', async (t) => {
  const sdp = (text: string) => {
    const result = parseSdp(text)
    return result.ok ? result.sdp : undefined
  }
  t.equal(sdp(''), undefined)
  t.equal(sdp('v=0\r\ns=x'), undefined)
  t.equal(parseSdp('m='.repeat(200_000)).ok, false)
  const statics = sdp(
    'm=audio 0 RTP/AVP 0\nm=video 0 RTP/AVP 35\na=rtpmap:35 H264/90000\nm=vana 0 RTP/AVP 99\nm=application/TP-LINK 0 RTP/AVP smart/1/90000',
  )
  t.same(
    statics?.media.map(({ kind, formats }) => [kind, formats[0]?.encoding]),
    [
      ['audio', 'PCMU'],
      ['video', 'H264'],
      ['vana', undefined],
      ['application/tp-link', undefined],
    ],
  )
  const talkBack = sdp(
    'm=video 0 RTP/AVP 96\na=sendonly\na=rtpmap:96 H264/90000\nm=video 0 RTP/AVP 97\na=rtpmap:97 H264/90000',
  )
  t.equal(talkBack === undefined ? 0 : findVideoTrack(talkBack)?.payloadType, 97)
  const odd = sdp(
    'm=video 0 RTP/AVP 96\na=rtpmap:96 h264/1000\na=fmtp:96 sprop-parameter-sets=AAAAAWdCwB4=,AAABaM48gAAA;x',
  )
  const track = odd === undefined ? undefined : findVideoTrack(odd)
  t.same(track?.sets, { vps: [], sps: [Buffer.from('6742c01e', 'hex')], pps: [Buffer.from('68ce3c80', 'hex')] })
  t.equal(track?.clockRate, 90_000)
})

const VIDEO = 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n'
/** Every bend of a description that onvif.md lists, and what is still found in it: payload type and codec. */
const QUIRKS: { name: string; text: string; payloadType: number; sets?: number }[] = [
  {
    name: 'payload type 0, which is G.711 by rights',
    text: 'v=0\r\nm=video 0 RTP/AVP 0\r\na=rtpmap:0 H264/90000\r\n',
    payloadType: 0,
  },
  {
    name: 'payload type 11, which is L16 by rights',
    text: 'v=0\r\nm=video 0 RTP/AVP 11\r\na=rtpmap:11 H264/90000\r\n',
    payloadType: 11,
  },
  {
    name: 'payload type 35 (Bosch)',
    text: 'v=0\r\nm=video 0 RTP/AVP 35\r\na=rtpmap:35 H264/90000\r\n',
    payloadType: 35,
  },
  { name: 'neither o= nor t= (MacroVideo)', text: `v=0\r\ns=x\r\n${VIDEO}`, payloadType: 96 },
  { name: 'a cut o= (Uniview)', text: `v=0\r\no=- 1001\r\n${VIDEO}`, payloadType: 96 },
  {
    name: 'm=application/TP-LINK',
    text: `v=0\r\nm=application/TP-LINK 0 RTP/AVP smart/1/90000\r\n${VIDEO}`,
    payloadType: 96,
  },
  { name: 'm=vana', text: `v=0\r\nm=vana 0 RTP/AVP 99\r\n${VIDEO}`, payloadType: 96 },
  {
    name: 'sendonly audio, the way back to the loudspeaker',
    text: `v=0\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\n${VIDEO}`,
    payloadType: 96,
  },
  {
    name: 'sprop with start codes and trailing zeros',
    text: `v=0\r\n${VIDEO}a=fmtp:96 sprop-parameter-sets=AAAAAWdCwB4=,AAABaM48gAAA\r\n`,
    payloadType: 96,
    sets: 2,
  },
  {
    name: 'sprop of nonsense (VStarcam)',
    text: `v=0\r\n${VIDEO}a=fmtp:96 sprop-parameter-sets=A,%%%,profile\r\n`,
    payloadType: 96,
    sets: 0,
  },
  {
    name: 'a profile-level-id in base64',
    text: `v=0\r\n${VIDEO}a=fmtp:96 profile-level-id=Z0LA;packetization-mode=1\r\n`,
    payloadType: 96,
    sets: 0,
  },
]

for (const { name, text, payloadType, sets } of QUIRKS) {
  t.test(`quirk: ${name}`, async (t) => {
    const parsed = parseSdp(text)
    if (!parsed.ok) throw new Error(parsed.why)
    const track = findVideoTrack(parsed.sdp)
    t.match(track, { codec: 'h264', payloadType })
    if (sets !== undefined) t.equal((track?.sets.sps.length ?? 0) + (track?.sets.pps.length ?? 0), sets)
    t.equal(findAudioTrack(parsed.sdp), undefined)
  })
}

t.test('quirk: a profile-level-id that is not the one of the SPS, which counts', async (t) => {
  const parsed = parseSdp(
    `v=0\r\n${VIDEO}a=fmtp:96 profile-level-id=640028;sprop-parameter-sets=Z0IAHpWoKAv+VA==,aM48gA==\r\n`,
  )
  const track = parsed.ok ? findVideoTrack(parsed.sdp) : undefined
  t.equal(track && h264Format(track.sets)?.codecString, 'avc1.42001e')
})

t.test('JPEG is taken where there is no other video', async (t) => {
  const codec = (text: string): string | undefined => {
    const parsed = parseSdp(text)
    return parsed.ok ? findVideoTrack(parsed.sdp)?.codec : undefined
  }
  t.equal(codec('v=0\r\nm=video 0 RTP/AVP 26\r\n'), 'jpeg')
  t.equal(codec(`v=0\r\nm=video 0 RTP/AVP 26\r\n${VIDEO}`), 'h264')
})

t.test('ten thousand mutated descriptions', async (t) => {
  const random = seeded(3)
  const seeds =
    absent === false
      ? RECORDED.map(({ name }) => readFileSync(new URL(name, recorded)))
      : [
          Buffer.from(
            'v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=Z0LAHg==,aM48gA==',
          ),
        ]
  let videos = 0
  for (let i = 0; i < 10_000; i++) {
    const result = parseSdp(mutate(seeds[i % seeds.length] ?? Buffer.alloc(0), random).toString('latin1'))
    const track = result.ok ? findVideoTrack(result.sdp) : undefined
    if (track === undefined) continue
    videos++
    if (track.codec === 'h264') h264Format(track.sets)
    else h265Format(track.sets)
  }
  t.ok(videos > 1000)
})
