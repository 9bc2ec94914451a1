import t from 'tap'
import { controlBase, joinControl, parseRtspUri } from '../../gateway/rtsp/uri.ts'

t.test('reads without normalising', async (t) => {
  t.same(parseRtspUri('rtsp://192.0.2.7/cam/realmonitor?channel=1&subtype=0'), {
    host: '192.0.2.7',
    port: 554,
    isTls: false,
    origin: 'rtsp://192.0.2.7',
    rest: '/cam/realmonitor?channel=1&subtype=0',
  })
  t.match(parseRtspUri('rtsp://[2001:db8::1]:8554/a'), {
    host: '2001:db8::1',
    port: 8554,
    origin: 'rtsp://[2001:db8::1]:8554',
  })
  t.match(parseRtspUri('RTSP://cam/%7Euser//x/../y?b=2&a=1'), { rest: '/%7Euser//x/../y?b=2&a=1' })
  t.equal(parseRtspUri('rtsp://user:secret@192.0.2.7/a')?.origin, 'rtsp://192.0.2.7', 'user information is dropped')
  for (const bad of [
    'http://a/',
    'rtsp://',
    'rtsp://a:0/',
    'rtsp://a:70000/',
    'rtsp://a/b c',
    'rtsp://a/\r\nX: y',
    `rtsp://a/${'x'.repeat(3000)}`,
  ]) {
    t.equal(parseRtspUri(bad), undefined, bad.slice(0, 30))
  }
})

const CASES: {
  name: string
  uri: string
  contentBase?: string
  contentLocation?: string
  control?: string
  joined: string
}[] = [
  {
    name: 'Hikvision, absolute with query',
    uri: 'rtsp://10.0.0.2/Streaming/Channels/101',
    contentBase: 'rtsp://192.168.5.106:554/Streaming/Channels/101/',
    control: 'rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
    joined: 'rtsp://10.0.0.2/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
  },
  {
    name: 'Dahua, behind the query',
    uri: 'rtsp://10.0.0.2/cam/realmonitor?channel=1&subtype=2',
    contentBase: 'rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/',
    control: 'trackID=0',
    joined: 'rtsp://10.0.0.2/cam/realmonitor?channel=1&subtype=2/trackID=0',
  },
  {
    name: 'query, no Content-Base',
    uri: 'rtsp://10.0.0.2:8554/a?x=1&proto=Onvif',
    control: 'trackID=0',
    joined: 'rtsp://10.0.0.2:8554/a?x=1&proto=Onvif/trackID=0',
  },
  {
    name: 'Content-Location',
    uri: 'rtsp://10.0.0.2/a',
    contentLocation: 'rtsp://127.0.0.1/b/',
    control: 'track1',
    joined: 'rtsp://10.0.0.2/b/track1',
  },
  {
    name: 'Content-Base that is a path',
    uri: 'rtsp://10.0.0.2/a',
    contentBase: '/b/',
    control: 'track1',
    joined: 'rtsp://10.0.0.2/b/track1',
  },
  {
    name: 'Content-Base that is rubbish',
    uri: 'rtsp://10.0.0.2/a',
    contentBase: 'xyz',
    control: 'track1',
    joined: 'rtsp://10.0.0.2/a/track1',
  },
  { name: 'star', uri: 'rtsp://10.0.0.2/a', control: '*', joined: 'rtsp://10.0.0.2/a' },
  { name: 'none', uri: 'rtsp://10.0.0.2/a', joined: 'rtsp://10.0.0.2/a' },
  { name: 'leading slash', uri: 'rtsp://10.0.0.2/a/', control: '/track1', joined: 'rtsp://10.0.0.2/a/track1' },
  { name: 'query only', uri: 'rtsp://10.0.0.2/a', control: '?ctype=video', joined: 'rtsp://10.0.0.2/a?ctype=video' },
  {
    name: 'never another host',
    uri: 'rtsp://10.0.0.2:554/a',
    control: 'rtsp://u:p@evil.example:99/b',
    joined: 'rtsp://10.0.0.2:554/b',
  },
  { name: 'no line breaks', uri: 'rtsp://10.0.0.2/a', control: 'x\r\nEvil: 1', joined: 'rtsp://10.0.0.2/a' },
]

for (const { name, uri, contentBase, contentLocation, control, joined } of CASES) {
  t.test(`control: ${name}`, async (t) => {
    const request = parseRtspUri(uri)
    if (request === undefined) throw new Error(uri)
    t.equal(joinControl(request, controlBase(request, contentBase, contentLocation), control), joined)
  })
}
