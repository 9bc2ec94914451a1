import t from 'tap'
import { findings, type StreamFigures, streamHealth } from '../../gateway/registry/stream-health.ts'
import { CELL, harness, OTHER_CELL } from './harness.ts'

const OPENS = { count: 3, failed: 0, firstFrameMs: { p50: 400, p95: 900 }, connectMs: { p50: 80, p95: 120 } }
const FAILED = { count: 1, failed: 1, lastFault: { code: 'unsupported-codec', atMs: 5 } }
const SOUND: StreamFigures = {
  reconnects: 0,
  receivedPackets: 1_000_000,
  lostPackets: 3,
  opens: OPENS,
  now: { state: 'live', since: 0, lastFrameAgeMs: 20, keyFrameIntervalMs: 2_000, clockOffsetMs: -40 },
}
const now = SOUND.now ?? { state: 'live', since: 0 }

const CASES: [name: string, figures: StreamFigures, codes: string[]][] = [
  ['a sound stream', SOUND, []],
  ['never opened', { reconnects: 0, receivedPackets: 0, lostPackets: 0, opens: { count: 0, failed: 0 } }, []],
  ['key frames ten seconds apart', { ...SOUND, now: { ...now, keyFrameIntervalMs: 10_000 } }, ['key-frames-rare']],
  ['slow to connect', { ...SOUND, opens: { ...OPENS, connectMs: { p50: 1_600, p95: 2_000 } } }, ['connects-slowly']],
  ['two in a hundred packets lost', { ...SOUND, lostPackets: 20_000 }, ['packets-lost']],
  ['one of three packets lost', { ...SOUND, receivedPackets: 2, lostPackets: 1 }, []],
  ['a clock an hour behind', { ...SOUND, now: { ...now, clockOffsetMs: -3_600_000 } }, ['clock-wrong']],
  ['often broken', { ...SOUND, reconnects: 6 }, ['often-interrupted']],
  [
    'a wrong password, tried many times',
    { ...SOUND, reconnects: 9, now: { state: 'offline', since: 0, fault: { code: 'unauthorized', detail: '401' } } },
    ['login-refused'],
  ],
  [
    'MJPEG, looked at long ago',
    { reconnects: 0, receivedPackets: 0, lostPackets: 0, opens: FAILED },
    ['codec-not-playable'],
  ],
]

for (const [name, figures, codes] of CASES) {
  t.test(name, async (t) => {
    t.same(
      findings(figures).map(({ code }) => code),
      codes,
    )
  })
}

t.test('the advice is in the language of who asks', async (t) => {
  const slow = { ...SOUND, now: { ...now, keyFrameIntervalMs: 10_000 } }
  t.match(streamHealth('main', slow, 'zh-CN').advice, [{ detail: /10.0 s/, nextStep: /关键帧/ }])
  t.match(streamHealth('main', slow, 'en').advice, [{ nextStep: /I-frame/ }])
})

t.test('GET /cameras/{id}/health', async (t) => {
  const figures = new Map<string, StreamFigures>()
  const h = await harness(t, {
    streamFigures: (id) => figures.get(id),
    describeStream: async () => ({ ok: true, codec: 'h264', width: 1280, height: 720, firstFrameMs: 5 }),
  })
  const made = await h.call('POST', '/cameras', {
    name: 'gate',
    cellCode: CELL,
    placeClass: 'article-7',
    ownership: 'public',
    source: { kind: 'rtsp', mainUri: 'rtsp://127.0.0.1:8554/main', subUri: 'rtsp://127.0.0.1:8554/sub' },
  })
  t.equal(made.status, 201, made.text)
  const url = `/cameras/${made.body.id}/health`
  t.match((await h.call('GET', url)).body, {
    cameraId: made.body.id,
    state: 'unlinked',
    streams: [
      { role: 'main', state: 'idle', opens: { count: 0 } },
      { role: 'sub', state: 'idle' },
    ],
  })
  const main = (await h.registry.streamSource(made.body.id, 'main'))?.streamId ?? ''
  figures.set(main, { ...SOUND, opens: { ...OPENS, failed: 1, lastFault: { code: 'timeout', atMs: 1_000 } } })
  t.match((await h.call('GET', url)).body.streams[0], {
    role: 'main',
    state: 'live',
    since: '1970-01-01T00:00:00.000Z',
    keyFrameIntervalMs: 2_000,
    opens: { firstFrameMs: { p50: 400, p95: 900 }, lastFault: { code: 'timeout', at: '1970-01-01T00:00:01.000Z' } },
    advice: [],
  })
  t.equal((await h.call('GET', url, undefined, { role: 'operator' })).status, 200)
  t.equal((await h.call('GET', url, undefined, { role: 'administrator' })).status, 200)
  t.equal((await h.call('GET', url, undefined, { role: 'auditor' })).status, 403)
  t.equal((await h.call('GET', url, undefined, { role: 'patrol-lead' })).status, 403)
  t.equal((await h.call('GET', url, undefined, { cells: OTHER_CELL })).status, 404)
})
