import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { describeStreamBy } from '../../gateway/camera-access.ts'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer, DialError, type Dialer } from '../../gateway/dial.ts'
import { envelope } from '../../gateway/onvif/soap.ts'
import { PROBE_CODES } from '../../gateway/probe/probe-codes.ts'
import { reach } from '../../gateway/probe/reach.ts'
import type { Township } from '../../scripts/virtual-township/township.ts'
import { interleaved, rtpPacket } from '../fakes/rtp-packets.ts'
import { ScriptedCamera, type ScriptedCameraOptions, status } from '../fakes/scripted-camera.ts'
import { lacksOpenssl, tlsFront } from '../fakes/tls-front.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, type Harness, harness } from './harness.ts'

/** An address that no machine has (RFC 5737), wherever this runs: no host answers for it. */
const ELSEWHERE = '198.51.100.7'
const network = createDialer(['127.0.0.0/8', '198.51.100.0/24'])
const dialer: Dialer = {
  ...network,
  connect: async (target, signal) => {
    if (target.host === ELSEWHERE) throw new DialError('unreachable', `${ELSEWHERE} cannot be reached`)
    return network.connect(target, signal)
  },
}
const describeStream = describeStreamBy(dialer, systemClock)
const SDP =
  'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n' +
  'a=fmtp:96 sprop-parameter-sets=Z0IAHpWoKAv+VA==,aM48gA==\r\n'
const KEY = Buffer.from('6588aa55', 'hex')
const OTHER = Buffer.from('419a0102', 'hex')

let township: Township
t.before(async () => {
  if (!lacksFfmpeg) township = await open('127.0.55.0', ['cam-chachang', 'cam-dongjie', 'cam-liangzhan', 'cam-shuiku'])
})
t.teardown(() => township?.close())

/** The findings of a probe that say something, by language. */
async function probe(
  h: Harness,
  payload: object,
): Promise<{ code: string; zh: { detail: string; nextStep: string }; en: { detail: string; nextStep: string } }> {
  const [en, zh] = await Promise.all(
    ['en', 'zh-CN'].map(async (language) => {
      const { body, text } = await h.call('POST', '/probes', payload, { language })
      const told = body.checks?.filter(({ code }: { code?: string }) => code !== undefined).at(-1)
      if (told === undefined) throw new Error(text)
      return told
    }),
  )
  return { code: en.code, zh, en }
}

/** The same for a stream that is registered by its address. */
async function register(h: Harness, mainUri: string): Promise<Awaited<ReturnType<typeof probe>>> {
  const [en, zh] = await Promise.all(
    ['en', 'zh-CN'].map(async (language) => {
      const source = { kind: 'rtsp', mainUri }
      const payload = { name: 'a', cellCode: CELL, placeClass: 'other', ownership: 'public', source }
      const { body, text } = await h.call('POST', '/cameras', payload, { language })
      const told = body.checks?.find(({ ok }: { ok: boolean }) => !ok)
      if (told === undefined) throw new Error(text)
      return told
    }),
  )
  return { code: en.code, zh, en }
}

async function rtspCamera(t: Test, options: Partial<ScriptedCameraOptions>): Promise<ScriptedCamera> {
  const camera = await new ScriptedCamera({ sdp: SDP, ...options }).start()
  t.teardown(() => camera.close())
  return camera
}

/** Forwards one port of another address, so that the device has that address and no other port. */
async function forwarded(t: Test, host: string, to: { host: string; port: number }): Promise<string> {
  const server = createServer((socket) => {
    const inner = connect(to)
    for (const end of [socket, inner]) end.on('error', () => {})
    socket.pipe(inner).pipe(socket)
  })
  await once(server.listen(0, host), 'listening')
  t.teardown(() => void server.close())
  return `${host}:${(server.address() as AddressInfo).port}`
}

async function webServer(t: Test, host: string, answer: { status: number; body: string }): Promise<string> {
  const server = createHttpServer((request, response) => {
    request.resume()
    response.writeHead(answer.status).end(answer.body)
  })
  await once(server.listen(0, host), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${host}:${(server.address() as AddressInfo).port}`
}

const addressOf = (id: string): { host: string; port: number } => {
  const [host = '', port] = (township.camera(id).found.onvif ?? '').split(':')
  return { host, port: Number(port) }
}

t.test('every cause has its own code, sentence and next step', { skip: lacksFfmpeg || lacksOpenssl }, async (t) => {
  const h = await harness(t, { describeStream, dialer })
  const { password } = township.camera('cam-chachang').device
  const told = new Map<string, Awaited<ReturnType<typeof probe>>>()
  const tell = (cause: string, code: string, answer: Awaited<ReturnType<typeof probe>>): void => {
    t.equal(answer.code, code, `${cause}: ${answer.en.detail}`)
    told.set(cause, answer)
  }
  const login = (id: string, more: object = {}) => {
    const { username, password } = township.camera(id).device
    return { address: township.camera(id).found.onvif, username, password, ...more }
  }

  tell('wrong password', 'login-refused', await probe(h, login('cam-chachang', { password: 'wrong' })))
  tell('clock off', 'clock-skewed', await probe(h, login('cam-shuiku')))
  tell('ONVIF user of its own', 'separate-user-needed', await probe(h, login('cam-dongjie', { username: 'webadmin' })))
  const off = await webServer(t, '127.0.55.201', { status: 404, body: '<html>web page</html>' })
  tell('ONVIF disabled', 'onvif-disabled', await probe(h, { address: off, username: 'u', password: 'p' }))

  const alone = await forwarded(t, '127.0.55.202', addressOf('cam-chachang'))
  const noRtsp = { address: alone, username: township.camera('cam-chachang').device.username, password }
  tell('port blocked', 'port-blocked', await probe(h, noRtsp))
  tell('another subnet', 'other-subnet', await probe(h, { address: ELSEWHERE, username: 'u', password: 'p' }))
  tell(
    'closed port',
    'connection-refused',
    await probe(h, { address: '127.0.55.203:8999', username: 'u', password: 'p' }),
  )

  const full = await rtspCamera(t, { answer: ({ method }) => (method === 'SETUP' ? status(453) : undefined) })
  tell('session limit', 'session-limit', await register(h, full.uri))
  const strange = await rtspCamera(t, { sdp: SDP.replaceAll('H264', 'MP4V-ES') })
  tell('unsupported codec', 'unsupported-codec', await register(h, strange.uri))
  const crowded = await webServer(t, '127.0.55.204', {
    status: 401,
    body: envelope(
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text>too many connections</s:Text></s:Reason></s:Fault>',
    ),
  })
  t.equal((await probe(h, { address: crowded, username: 'u', password: 'p' })).code, 'session-limit', 'and by ONVIF')

  // One key frame and only other pictures after it.
  const rare = await rtspCamera(t, {
    onPlay: (socket: Socket) => {
      socket.write(interleaved(rtpPacket(1, 0, true, KEY)))
      for (let at = 1; at < 50; at += 1) socket.write(interleaved(rtpPacket(at + 1, at * 3600, true, OTHER)))
    },
  })
  const seen = await describeStream({ uri: rare.uri, watchKeyFrames: true }, AbortSignal.timeout(20_000))
  t.match(seen, { ok: true, keyFrames: { atLeast: true } })
  const often = await rtspCamera(t, {
    onPlay: (socket: Socket) => {
      for (let at = 0; at < 50; at += 1) {
        socket.write(interleaved(rtpPacket(at + 1, at * 3600, true, at % 25 === 0 ? KEY : OTHER)))
      }
    },
  })
  const fine = await describeStream({ uri: often.uri, watchKeyFrames: true }, AbortSignal.timeout(20_000))
  t.match(fine, { ok: true, keyFrames: { intervalMs: 1_000, atLeast: false } })
  const slow = await harness(t, { describeStream: async () => seen })
  tell('key frames too far apart', 'key-frames-rare', await probe(slow, login('cam-chachang')))

  const front = await tlsFront(t, addressOf('cam-chachang'))
  const source = { kind: 'onvif', ...login('cam-chachang'), address: `${addressOf('cam-chachang').host}:${front.port}` }
  const place = { name: 'a', cellCode: CELL, placeClass: 'other', ownership: 'public' }
  t.equal((await h.call('POST', '/cameras', { ...place, source })).status, 201)
  front.renew()
  const { kind: _, ...device } = source
  tell('another certificate', 'certificate-changed', await probe(h, device))

  t.equal(told.size, 11)
  for (const part of ['code', 'zh', 'en'] as const) {
    const values = [...told.values()].map((answer) => (part === 'code' ? answer.code : answer[part].nextStep))
    t.equal(new Set(values).size, told.size, `${part}: each its own`)
  }
  for (const [cause, { zh, en }] of told) {
    t.match(`${zh.detail} ${zh.nextStep}`, /[\u4e00-\u9fff]{6}/, `${cause}: ${zh.detail} ${zh.nextStep}`)
    t.match(en.detail, /[a-z]{3}/, `${cause}: ${en.detail}`)
    t.notMatch(en.detail + en.nextStep, /[\u4e00-\u9fff]/, `${cause}: in one language`)
    t.notMatch(zh.detail + en.detail, password, `${cause}: no password`)
  }
})

t.test('whether the password is wrong or the ONVIF user is missing', { skip: lacksFfmpeg }, async (t) => {
  const asked: (string | undefined)[] = []
  const h = await harness(t, {
    describeStream: async ({ uri, password }) => {
      asked.push(uri)
      if (password === 'web') return { ok: false, code: 'not-found', detail: '404 after the login' }
      return { ok: false, code: 'unauthorized', detail: '401' }
    },
  })
  const address = township.camera('cam-dongjie').found.onvif
  const web = await probe(h, { address, username: 'webadmin', password: 'web' })
  t.equal(web.code, 'separate-user-needed', 'the streams take this login')
  t.equal((await probe(h, { address, username: 'webadmin', password: 'wrong' })).code, 'login-refused', 'nor they')
  t.equal(new Set(asked).size, 1)
  t.match(asked[0], /^rtsp:\/\/127\.0\.55\.1:554\/Streaming\/Channels\/101$/)
  t.equal(asked.length, 4, 'once a request')
})

t.test('what a further wrong login would cost is told', { skip: lacksFfmpeg }, async (t) => {
  const h = await harness(t, { describeStream })
  const wrong = { address: township.camera('cam-liangzhan').found.onvif, username: 'gridlight', password: 'wrong' }
  const first = await h.call('POST', '/probes', wrong, { language: 'zh-CN' })
  const check = first.body.checks.at(-1)
  t.match(check, { code: 'login-refused', triesLeft: 19, detail: /还允许再试 19 次/ }, 'as the device counts')
  const second = await h.call('POST', '/probes', wrong)
  t.match(second.body.checks.at(-1), { triesLeft: 18, detail: /allows 18 more tries/ }, 'one try a request')
  const dongjie = { address: township.camera('cam-dongjie').found.onvif, username: 'gridlight', password: 'wrong' }
  const known = await h.call('POST', '/probes', dongjie)
  t.match(known.body.checks.at(-1), { detail: /locks for 30 min after 5 wrong logins/ }, 'as the profile knows')
})

t.test('a report is in one language from its first line to its last', { skip: lacksFfmpeg }, async (t) => {
  const h = await harness(t, { describeStream })
  const known = { address: township.camera('cam-chachang').found.onvif, username: 'admin', password: 'Yunxi-2026-unv' }
  const closed = { address: '127.0.55.200:81', username: 'admin', password: 'wrong' }
  let lines = 0
  for (const device of [known, closed]) {
    for (const [language, foreign] of [
      ['zh-CN', /[a-z]{3,} [a-z]{2,}|[A-Z]{8,}/],
      ['en', /\p{Script=Han}/u],
    ] as const) {
      const { body } = await h.call('POST', '/probes', device, { language })
      for (const { name, detail } of body.checks) {
        lines += 1
        t.notMatch(detail, foreign, `${language}: ${name}`)
      }
    }
  }
  t.equal(lines, 18, 'seven lines of one that works, two of a port that is closed, in both languages')
})

t.test('a host that answers at one port and is silent at another', async (t) => {
  const { signal } = new AbortController()
  const cases: [name: string, answers: Record<number, 'timeout' | 'refused' | 'unreachable'>, code: string][] = [
    ['one port silent, the others closed', { 8000: 'timeout' }, 'port-blocked'],
    ['one port forbidden by a firewall', { 8000: 'unreachable' }, 'port-blocked'],
    ['closed as all others', {}, 'connection-refused'],
  ]
  for (const [name, answers, code] of cases) {
    const scripted: Dialer = {
      ...dialer,
      connect: async ({ port }) => {
        throw new DialError(answers[port] ?? 'refused', `${port}`)
      },
    }
    const deps = { dialer: scripted, clock: systemClock, randomBytes }
    const reached = await reach(
      { host: '127.0.55.9', ports: [8000], devicePath: undefined, pins: new Map() },
      deps,
      signal,
    )
    t.match(reached, { ok: false, code }, name)
  }
  const dead: Dialer = {
    ...dialer,
    connect: async () => {
      throw new DialError('timeout', 'silence')
    },
  }
  const silent = await reach(
    { host: '127.0.55.9', ports: [80, 8000], devicePath: undefined, pins: new Map() },
    { dialer: dead, clock: systemClock, randomBytes },
    signal,
  )
  t.match(silent, { ok: false, code: 'timeout' }, 'in our own network: nobody is there')
})

t.test('every code has its words in both languages, and no two the same sentence', async (t) => {
  const all = Object.entries(PROBE_CODES)
  t.ok(all.length >= 30)
  for (const [code, { sentence, nextStep }] of all) {
    t.match(sentence.zh, /[\u4e00-\u9fff]/, code)
    t.match(nextStep.zh, /[\u4e00-\u9fff]/, code)
    t.notMatch(`${sentence.en}${nextStep.en}`, /[\u4e00-\u9fff]/, code)
  }
  t.equal(new Set(all.map(([, { sentence }]) => sentence.en)).size, all.length)
  t.equal(new Set(all.map(([, { sentence }]) => sentence.zh)).size, all.length)
})
