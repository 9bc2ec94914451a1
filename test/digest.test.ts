import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { authorize, chooseChallenge, parseChallenges } from '../gateway/digest.ts'

const RFC_7616 = {
  username: 'Mufasa',
  password: 'Circle of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nc: 1,
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
}
const RFC_7616_HEADERS = ['SHA-256', 'MD5'].map(
  (algorithm) =>
    `Digest\r\n realm="http-auth@example.org",\r\n qop="auth, auth-int",\r\n algorithm=${algorithm},\r\n nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",\r\n opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
)

t.test('the example of RFC 7616 §3.9.1, folded lines', async (t) => {
  const both = authorize(parseChallenges(RFC_7616_HEADERS), RFC_7616) ?? ''
  t.match(both, 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"')
  t.match(both, /nc=00000001/)
  const md5 = authorize(parseChallenges(RFC_7616_HEADERS.slice(1)), RFC_7616) ?? ''
  t.match(md5, 'response="8ca523f5e9506fed4657c9700eebdbec"')
})

t.test('without qop, as RFC 2069 cameras do', async (t) => {
  const challenges = parseChallenges(['Digest realm="IP Camera", nonce="abc"'])
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
  const expected = md5(`${md5('u:IP Camera:p')}:abc:${md5('DESCRIBE:rtsp://192.0.2.1/a?b=1')}`)
  const request = {
    username: 'u',
    password: 'p',
    method: 'DESCRIBE',
    uri: 'rtsp://192.0.2.1/a?b=1',
    nc: 1,
    cnonce: 'x',
  }
  t.equal(
    authorize(challenges, request),
    `Digest username="u", realm="IP Camera", nonce="abc", uri="rtsp://192.0.2.1/a?b=1", response="${expected}"`,
  )
})

t.test('what is chosen', async (t) => {
  const cases: [string, string[], string | undefined][] = [
    ['several in one header', ['Basic realm="x", Digest realm="y", nonce="n", algorithm=MD5'], 'y'],
    [
      'SHA-256 before MD5, any order',
      ['Digest realm="m",nonce="n"', 'Digest realm="s",nonce="n",algorithm="SHA-256"'],
      's',
    ],
    ['Basic last', ['Basic realm="only"'], 'only'],
    ['comma and escape inside quotes', ['Digest realm="a, \\"b\\"", nonce="n"'], 'a, "b"'],
    ['unknown algorithm is skipped', ['Digest realm="z", nonce="n", algorithm=SHA-512-256', 'Basic realm="b"'], 'b'],
    ['auth-int only is skipped', ['Digest realm="z", nonce="n", qop="auth-int"'], undefined],
    ['no nonce is skipped', ['Digest realm="z"'], undefined],
    ['unknown scheme', ['Bearer realm="z"', 'Negotiate YWJj'], undefined],
    ['empty', [''], undefined],
  ]
  for (const [name, headers, realm] of cases) t.equal(chooseChallenge(parseChallenges(headers))?.realm, realm, name)
})

t.test('no header can be broken open', async (t) => {
  const challenges = parseChallenges(['Digest realm="a\nb", nonce="n"'])
  t.equal(chooseChallenge(challenges)?.realm, '', 'a realm with a control character is dropped')
  const request = { ...RFC_7616, username: 'x\r\nInjected: 1' }
  t.equal(authorize(parseChallenges(RFC_7616_HEADERS), request), undefined)
  t.equal(authorize(parseChallenges(['Basic realm="b"']), { ...RFC_7616, username: 'a:b' }), undefined)
  t.same(parseChallenges([`Digest realm="${'a'.repeat(9000)}", nonce="n"`]), [], 'bounded')
})

t.test('user names outside ASCII are UTF-8 bytes', async (t) => {
  t.equal(
    authorize(parseChallenges(['Basic realm="b"']), { ...RFC_7616, username: '网格', password: '密' }),
    `Basic ${Buffer.from('网格:密').toString('base64')}`,
  )
  const digest = authorize(parseChallenges(['Digest realm="b", nonce="n"']), { ...RFC_7616, username: '网格' }) ?? ''
  t.match(Buffer.from(digest, 'latin1').toString('utf8'), 'username="网格"')
})

const recorded = new URL('../../shared/fixtures/cameras/sdp/hikvision-two-challenges.rtsp', import.meta.url)
t.test('recorded Hikvision answer', { skip: existsSync(recorded) ? false : 'recorded messages absent' }, async (t) => {
  const values = [...readFileSync(recorded, 'latin1').matchAll(/^WWW-Authenticate: (.*)$/gim)].map(
    (match) => match[1] ?? '',
  )
  const challenges = parseChallenges(values)
  t.equal(challenges.length, 3)
  t.match(chooseChallenge(challenges), { scheme: 'digest', algorithm: 'SHA-256', qop: 'none', stale: false })
})
