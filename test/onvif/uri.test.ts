import t from 'tap'
import { joinAddress, rewriteUri, splitAddress, withPathSecrets } from '../../gateway/onvif/uri.ts'

t.test('a reported URI is made fit for use', async (t) => {
  const host = '192.0.2.7'
  const cases: [name: string, reported: string, expected: string | undefined][] = [
    ['inner host', 'rtsp://10.0.0.5:554/live?b=2&a=1', 'rtsp://192.0.2.7:554/live?b=2&a=1'],
    ['user info', 'rtsp://admin:p%40ss@10.0.0.5/live', 'rtsp://192.0.2.7/live'],
    ['login in the query', 'rtsp://10.0.0.5/a?user=admin&x=1&password=secret', 'rtsp://192.0.2.7/a?x=1'],
    ['nothing but a login', 'rtsp://10.0.0.5/a?password=secret', 'rtsp://192.0.2.7/a'],
    [
      'multicast',
      'rtsp://10.0.0.5/Streaming/Channels/101?transportmode=mcast',
      'rtsp://192.0.2.7/Streaming/Channels/101?transportmode=unicast',
    ],
    ['scheme in capitals', 'RTSP://10.0.0.5/a', 'rtsp://192.0.2.7/a'],
    ['no path', 'rtsp://10.0.0.5', 'rtsp://192.0.2.7/'],
    ['trimmed', ' rtsp://10.0.0.5/a\n', 'rtsp://192.0.2.7/a'],
    ['IPv6', 'rtsp://[fe80::1]:554/a', 'rtsp://192.0.2.7:554/a'],
    ['another scheme', 'file:///etc/passwd', undefined],
    ['http is not RTSP', 'http://10.0.0.5/a', undefined],
    ['a blank with a tail', 'rtsp://10.0.0.5/a -vf x', undefined],
    ['no host', 'rtsp:///a', undefined],
    ['a port too far', 'rtsp://10.0.0.5:99999/a', undefined],
    ['too long', `rtsp://10.0.0.5/${'a'.repeat(1100)}`, undefined],
  ]
  for (const [name, reported, expected] of cases) {
    const rewritten = rewriteUri(reported, { host }, ['rtsp'])
    t.equal(rewritten.ok ? rewritten.uri : undefined, expected, name)
  }
})

t.test('a login in the path is kept apart and put back', async (t) => {
  const reported = 'rtsp://10.0.0.5:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream'
  const rewritten = rewriteUri(reported, { host: '192.0.2.7' }, ['rtsp'])
  if (!rewritten.ok) throw new Error('refused')
  t.notMatch(rewritten.uri, 'tlJwpbo6')
  t.equal(withPathSecrets(rewritten.uri, rewritten.pathSecrets), reported.replace('10.0.0.5', '192.0.2.7'))
  const odd = { user: '$&', password: '$1' }
  t.match(withPathSecrets(rewritten.uri, odd), 'user=$&_password=$1', 'replacement patterns are text')
})

t.test('a login in the path as people copy it is not shown either', async (t) => {
  const typed = 'rtsp://192.0.2.7:554/user=admin&password=tlJwpbo6&channel=1&stream=0.sdp?'
  const rewritten = rewriteUri(typed, { host: '192.0.2.7' }, ['rtsp'])
  if (!rewritten.ok) throw new Error('refused')
  t.equal(rewritten.uri, 'rtsp://192.0.2.7:554/user={user}&password={password}&channel=1&stream=0.sdp?')
  t.same(rewritten.pathSecrets, { user: 'admin', password: 'tlJwpbo6' })
  t.equal(withPathSecrets(rewritten.uri, rewritten.pathSecrets), typed)
})

t.test('addresses', async (t) => {
  t.same(splitAddress('192.0.2.7:8000'), { host: '192.0.2.7', port: 8000 })
  t.same(splitAddress('camera.lan'), { host: 'camera.lan', port: undefined })
  t.same(splitAddress('[fd00::7]:80'), { host: 'fd00::7', port: 80 })
  t.equal(joinAddress('fd00::7', 80), '[fd00::7]')
  t.equal(joinAddress('192.0.2.7', 8000), '192.0.2.7:8000')
})
