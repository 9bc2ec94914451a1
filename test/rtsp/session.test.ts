import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { describe } from '../../gateway/relay/describe.ts'
import type { SdpMedia } from '../../gateway/rtsp/sdp.ts'
import { RtspSession, type StreamSource } from '../../gateway/rtsp/session.ts'
import { ScriptedCamera, type ScriptedCameraOptions, status } from '../fakes/scripted-camera.ts'

const SDP =
  'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\na=fmtp:96 sprop-parameter-sets=Z0IAHpWoKAv+VA==,aM48gA==\r\n'
const dialer = createDialer(['127.0.0.0/8'])
const clock = systemClock
const signal = AbortSignal.timeout(60_000)
const LOGIN = { username: 'admin', password: 'canary-secret' }
const CHALLENGE = 'WWW-Authenticate: Digest realm="cam", nonce="'

async function camera(t: Test, options: Partial<ScriptedCameraOptions> = {}): Promise<ScriptedCamera> {
  const fake = await new ScriptedCamera({ sdp: SDP, ...options }).start()
  t.teardown(() => fake.close())
  return fake
}

function ask(fake: ScriptedCamera, source: Partial<StreamSource> = {}) {
  return describe({ uri: fake.uri, ...source }, { dialer, clock }, signal)
}

/** Opens the session. @returns the first media it offers */
async function firstMedia(session: RtspSession): Promise<SdpMedia> {
  await session.open(signal)
  const [media] = (await session.describe(signal)).media
  if (media === undefined) throw new Error('no media')
  return media
}

t.test('describe without login', async (t) => {
  const fake = await camera(t)
  const result = await ask(fake)
  t.match(result, { ok: true, tracks: [{ kind: 'video', encoding: 'H264', codec: 'avc1.42001e' }] })
  t.same(fake.methods(), ['OPTIONS', 'DESCRIBE'])
  t.equal(fake.requests[1]?.uri, fake.uri, 'query byte for byte')
})

t.test('one authenticated try, the credential in no URI', async (t) => {
  let nonce = 0
  const needsLogin = await camera(t, {
    answer: (request) =>
      request.method === 'DESCRIBE' && !request.headers.has('authorization')
        ? status(401, `${CHALLENGE}n1"`, 'WWW-Authenticate: Basic realm="cam"')
        : undefined,
  })
  t.match(await ask(needsLogin, LOGIN), { ok: true })
  t.same(needsLogin.methods(), ['OPTIONS', 'DESCRIBE', 'DESCRIBE'])
  t.match(needsLogin.requests[2]?.headers.get('authorization'), /^Digest username="admin"/)
  t.notMatch(JSON.stringify(needsLogin.requests.map((request) => request.uri)), 'canary')

  const storm = await camera(t, {
    answer: (request) =>
      request.method === 'OPTIONS' ? undefined : status(401, `${CHALLENGE}n${nonce++}", stale=true`),
  })
  const refused = await ask(storm, LOGIN)
  t.match(refused, { ok: false, fault: { code: 'unauthorized' } })
  t.notMatch(JSON.stringify(refused), 'canary')
  t.same(storm.methods(), ['OPTIONS', 'DESCRIBE', 'DESCRIBE'], 'exactly one retry')
  t.equal(storm.requests.filter((request) => request.headers.has('authorization')).length, 1)

  const everywhere = await camera(t, { answer: () => status(401, `${CHALLENGE}n${nonce++}"`) })
  t.match(await ask(everywhere, LOGIN), { ok: false, fault: { code: 'unauthorized' } })
  t.equal(
    everywhere.requests.filter((request) => request.headers.has('authorization')).length,
    1,
    'not one for each method',
  )

  const unsure = await camera(t, {
    answer: (request) =>
      request.method === 'OPTIONS' && request.headers.has('authorization')
        ? status(500)
        : status(401, `${CHALLENGE}n${nonce++}"`),
  })
  t.match(await ask(unsure, LOGIN), { ok: false, fault: { code: 'unauthorized' } })
  t.same(
    unsure.methods(),
    ['OPTIONS', 'OPTIONS', 'DESCRIBE'],
    'a credential nobody accepted yet is not offered again at once',
  )

  const aged = await camera(t, {
    answer: (request) => {
      const current = request.method === 'SETUP' ? 'late' : 'early'
      return request.headers.get('authorization')?.includes(`nonce="${current}"`) === true
        ? undefined
        : status(401, `${CHALLENGE}${current}"`)
    },
  })
  const session = new RtspSession({ uri: aged.uri, ...LOGIN }, { dialer, clock, onFrame: () => {} })
  t.equal(
    await session.setup(await firstMedia(session), signal),
    0,
    'the credential was accepted before: its nonce has only aged',
  )
  await session.close()

  const anonymous = await camera(t, { answer: () => status(401, `${CHALLENGE}x"`) })
  t.match(await ask(anonymous), { ok: false, fault: { code: 'unauthorized' } })
  t.same(anonymous.methods(), ['OPTIONS', 'DESCRIBE'])
})

t.test('faults by their names', async (t) => {
  const cases: [number, string][] = [
    [404, 'not-found'],
    [453, 'session-limit'],
    [503, 'session-limit'],
    [403, 'unauthorized'],
    [500, 'protocol'],
  ]
  for (const [code, name] of cases) {
    const fake = await camera(t, { answer: (request) => (request.method === 'DESCRIBE' ? status(code) : undefined) })
    t.match(await ask(fake), { ok: false, fault: { code: name } }, String(code))
  }
  const closed = await camera(t)
  await closed.close()
  t.match(await ask(closed), { ok: false, fault: { code: 'refused' } })
  t.match(await ask(await camera(t, { sdp: 'v=0\r\nm=video 0 RTP/AVP 32\r\n' })), {
    ok: false,
    fault: { code: 'unsupported-codec' },
  })
  t.match(await ask(await camera(t, { sdp: 'rubbish' })), { ok: false, fault: { code: 'protocol' } })
  t.match(await describe({ uri: 'http://127.0.0.1/' }, { dialer, clock }, signal), {
    ok: false,
    fault: { code: 'bad-uri' },
  })
  t.match(await describe({ uri: 'rtsp://192.0.2.1/' }, { dialer, clock }, signal), {
    ok: false,
    fault: { code: 'address-not-allowed' },
  })
})

t.test('a camera that says nothing is a timeout', async (t) => {
  const fake = await camera(t, { answer: () => null })
  const impatient = { ...clock, sleep: (ms: number, stop: AbortSignal) => clock.sleep(ms / 50, stop) }
  t.match(await describe({ uri: fake.uri }, { dialer, clock: impatient }, signal), {
    ok: false,
    fault: { code: 'timeout' },
  })
})

t.test('redirects stay on the host', async (t) => {
  const stranger = await camera(t)
  const away = await camera(t, {
    answer: (request) => (request.method === 'DESCRIBE' ? status(302, `Location: ${stranger.uri}`) : undefined),
  })
  t.match(await ask(away, LOGIN), { ok: false, fault: { code: 'redirected' } })
  t.equal(stranger.requests.length, 0)
  const near = await camera(t, {
    answer: (request) =>
      request.method === 'DESCRIBE' && request.uri.includes('/stream')
        ? status(302, `Location: rtsp://127.0.0.1:${near.port}/moved`)
        : undefined,
  })
  t.match(await ask(near), { ok: true })
  t.match(near.requests.at(-1)?.uri, '/moved')
  for (const location of [
    (port: number) => `rtsp://127.0.0.2:${port}/moved`,
    (port: number) => `rtsp://127.0.0.1:${port - 1}/moved`,
    (port: number) => `rtsps://127.0.0.1:${port}/moved`,
  ]) {
    const other: ScriptedCamera = await camera(t, {
      answer: (request) =>
        request.method === 'DESCRIBE' && request.uri.includes('/stream')
          ? status(302, `Location: ${location(other.port)}`)
          : undefined,
    })
    t.match(await ask(other, LOGIN), { ok: false, fault: { code: 'redirected' } }, location(other.port))
    t.same(other.methods(), ['OPTIONS', 'DESCRIBE'], 'not asked for elsewhere either')
  }
  const circle: ScriptedCamera = await camera(t, {
    answer: (request) => (request.method === 'DESCRIBE' ? status(302, `Location: ${circle.uri}`) : undefined),
  })
  t.match(await ask(circle), { ok: false, fault: { code: 'redirected' } })
})

t.test('keep-alive: what the server offers, at half its timeout, TEARDOWN at the end', async (t) => {
  for (const [offer, method] of [
    ['GET_PARAMETER', 'GET_PARAMETER'],
    ['PAUSE', 'OPTIONS'],
  ] as const) {
    const asked = Promise.withResolvers<void>()
    const fake = await camera(t, {
      answer: (request) => {
        if (request.headers.has('session') && request.method === method) asked.resolve()
        if (request.method === 'OPTIONS') return `RTSP/1.0 200 OK\r\nCSeq: ?\r\nPublic: DESCRIBE, ${offer}\r\n\r\n`
        return request.method === 'SETUP'
          ? 'RTSP/1.0 200 OK\r\nCSeq: ?\r\nSession: 77; timeout=20\r\nTransport: RTP/AVP/TCP;interleaved=4-5\r\n\r\n'
          : undefined
      },
    })
    let nowMs = 0
    const session = new RtspSession(
      { uri: fake.uri },
      { dialer, clock: { ...clock, monotonicMs: () => nowMs }, onFrame: () => {} },
    )
    t.equal(await session.setup(await firstMedia(session), signal), 4, 'the channel the server chose')
    t.equal(fake.requests.at(-1)?.uri, `${fake.uri}/track1`)
    await session.play(signal)
    const before = fake.requests.length
    nowMs = 9_999
    session.keepAlive()
    nowMs = 10_000
    session.keepAlive()
    session.keepAlive()
    await asked.promise
    await session.close()
    t.same(fake.methods().slice(before), [method, 'TEARDOWN'])
    t.equal(fake.requests.at(-1)?.headers.get('session'), '77')
  }
})

for (const [name, refusals, methods] of [
  ['the nonce has aged: again with a fresh one', [401], ['GET_PARAMETER', 'GET_PARAMETER', 'TEARDOWN']],
  [
    'the login is refused: not a third time before the next is due',
    [401, 401],
    ['GET_PARAMETER', 'GET_PARAMETER', 'TEARDOWN'],
  ],
  ['GET_PARAMETER was offered and is refused', [451], ['GET_PARAMETER', 'OPTIONS', 'TEARDOWN']],
  ['both', [401, 451], ['GET_PARAMETER', 'GET_PARAMETER', 'OPTIONS', 'TEARDOWN']],
  ['OPTIONS is refused too', [451, 551], ['GET_PARAMETER', 'OPTIONS', 'TEARDOWN']],
] as const) {
  t.test(`keep-alive refused: ${name}`, async (t) => {
    const left: number[] = [...refusals]
    let nonce = 1
    const fake = await camera(t, {
      answer: (request) => {
        if (!request.headers.has('authorization')) return status(401, `${CHALLENGE}n${nonce}"`)
        const isKeepAlive = request.headers.has('session') && ['GET_PARAMETER', 'OPTIONS'].includes(request.method)
        const code = isKeepAlive ? left.shift() : undefined
        if (code === 401) nonce++
        return code === undefined ? undefined : status(code, `${CHALLENGE}n${nonce}"`)
      },
    })
    let nowMs = 0
    const session = new RtspSession(
      { uri: fake.uri, ...LOGIN },
      { dialer, clock: { ...clock, monotonicMs: () => nowMs }, onFrame: () => {} },
    )
    const media = await firstMedia(session)
    await session.setup(media, signal)
    await session.play(signal)
    const before = fake.requests.length
    for (nowMs = 30_000; nowMs < 36_000; nowMs += 1_000) {
      session.keepAlive()
      await session.setup(media, signal) // answered after it, so what was said to it is known
    }
    await session.close()
    t.same(
      fake
        .methods()
        .slice(before)
        .filter((method) => method !== 'SETUP'),
      methods,
    )
    t.match(
      fake.requests
        .filter(({ method }) => method === 'GET_PARAMETER' || method === 'OPTIONS')
        .at(-1)
        ?.headers.get('authorization'),
      refusals.some((code) => code === 401) ? 'nonce="n2"' : 'nonce="n1"',
    )
  })
}

t.test('keep-alive of a session that the camera forgot', async (t) => {
  const fake = await camera(t, {
    answer: (request) => (request.method === 'GET_PARAMETER' ? status(454) : undefined),
  })
  let nowMs = 0
  const session = new RtspSession(
    { uri: fake.uri },
    { dialer, clock: { ...clock, monotonicMs: () => nowMs }, onFrame: () => {} },
  )
  await session.setup(await firstMedia(session), signal)
  await session.play(signal)
  nowMs = 30_000
  session.keepAlive()
  t.match(await session.ended, { code: 'connection-lost' })
  await session.close()
})

t.test('a camera that asks and asks and reads no answer', async (t) => {
  const questions = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(10_000)
  const fake = await camera(t, {
    onPlay: (socket) => {
      socket.pause()
      const ask = (): void => void (socket.destroyed || socket.write(questions, ask))
      ask()
    },
  })
  const session = new RtspSession({ uri: fake.uri }, { dialer, clock, onFrame: () => {} })
  await session.setup(await firstMedia(session), signal)
  await session.play(signal)
  t.match(await session.ended, { code: 'stalled' })
  await session.close()
})
