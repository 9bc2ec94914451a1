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
    'key frames ten seconds apart, when it was last watched',
    { reconnects: 0, receivedPackets: 0, lostPackets: 0, opens: OPENS, measures: { keyFrameIntervalMs: 10_000 } },
    ['key-frames-rare'],
  ],
  [
    'a key frame long after PLAY, and none since to tell the interval by',
    { ...SOUND, now, opens: { ...OPENS, keyFrameWaitMs: { p50: 4_100, p95: 9_000 } } },
    ['first-frame-late'],
  ],
  [
    'key frames rare and late: one thing to change, said once',
    {
      ...SOUND,
      now: { ...now, keyFrameIntervalMs: 10_000 },
      opens: { ...OPENS, keyFrameWaitMs: { p50: 4_100, p95: 9_000 } },
    },
    ['key-frames-rare'],
  ],
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
  t.match(streamHealth('main', slow, 'zh-CN').advice, [{ detail: '每 10.0 秒一个关键帧', nextStep: /关键帧/ }])
  t.match(streamHealth('main', slow, 'en').advice, [{ detail: 'a key frame every 10.0 s', nextStep: /I-frame/ }])
})

t.test('how far off a clock is, in the unit that tells the cause', async (t) => {
  const cases: [ms: number, zh: string, en: string][] = [
    [-2_400, '摄像头时钟比网关慢 2.4 秒', 'the camera’s clock is 2.4 s behind ours'],
    [599_900, '摄像头时钟比网关快 599.9 秒', 'the camera’s clock is 599.9 s ahead of ours'],
    [-750_000, '摄像头时钟比网关慢 12.5 分钟', 'the camera’s clock is 12.5 min behind ours'],
    [28_800_400, '摄像头时钟比网关快 8 小时', 'the camera’s clock is 8 h ahead of ours'],
    [-1_788_000_000_000, '摄像头时钟比网关慢 20694.4 天', 'the camera’s clock is 20694.4 d behind ours'],
  ]
  for (const [clockOffsetMs, zh, en] of cases) {
    const off = { ...SOUND, now: { ...now, clockOffsetMs } }
    t.match(streamHealth('main', off, 'zh-CN').advice, [{ detail: zh }])
    t.match(streamHealth('main', off, 'en').advice, [{ detail: en }])
  }
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

t.test('a stream that nobody watches shows what was measured when somebody did', async (t) => {
  const measures = { codec: 'avc1.640028', bitrateBps: 4_000_000, frameRate: 25, keyFrameIntervalMs: 2_000 }
  const { now: _, ...rest } = SOUND
  t.match(streamHealth('main', { ...rest, measures }, 'en'), { ...measures, state: 'idle' })
  t.match(streamHealth('main', { ...SOUND, measures, now: { ...now, bitrateBps: 1_000 } }, 'en'), {
    bitrateBps: 1_000,
    frameRate: 25,
    state: 'live',
  })
})

t.test('GET /health/cameras', async (t) => {
  const figures = new Map<string, StreamFigures>()
  const h = await harness(t, {
    streamFigures: (id) => figures.get(id),
    describeStream: async () => ({ ok: true, codec: 'h264', width: 1280, height: 720, firstFrameMs: 5 }),
  })
  const ids: string[] = []
  for (const [name, cellCode] of [
    ['a gate', CELL],
    ['b square', CELL],
    ['c school', OTHER_CELL],
  ]) {
    const place = { name, cellCode, placeClass: 'article-7', ownership: 'public' }
    const source = { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:8554/${ids.length}` }
    const made = await h.call('POST', '/cameras', { ...place, source })
    t.equal(made.status, 201, made.text)
    ids.push(made.body.id)
  }
  const names = async (query: string, as = {}): Promise<string[]> => {
    const { status, body, text } = await h.call('GET', `/health/cameras${query}`, undefined, as)
    t.equal(status, 200, text)
    return body.items.map(({ name }: { name: string }) => name)
  }
  t.same(await names(''), ['a gate', 'b square', 'c school'])
  t.same(await names('', { cells: OTHER_CELL }), ['c school'], 'other cells are not shown')
  t.same(await names(`?cell=${CELL}`), ['a gate', 'b square'])
  t.same(await names('?q=school'), ['c school'])
  t.same(await names('?attention=yes'), [], 'nothing to do')
  const square = (await h.registry.streamSource(ids[1] ?? '', 'main'))?.streamId ?? ''
  figures.set(square, { ...SOUND, now: { ...now, keyFrameIntervalMs: 10_000 } })
  t.same(await names('?attention=yes'), ['b square'])
  const { body } = await h.call('GET', '/health/cameras?attention=yes', undefined, { language: 'zh-CN' })
  t.match(body.items[0], {
    cameraId: ids[1],
    cellCode: CELL,
    ownership: 'public',
    streams: [{ state: 'live', advice: [{ code: 'key-frames-rare', nextStep: /关键帧/ }] }],
  })
  const first = await h.call('GET', '/health/cameras?limit=2')
  t.equal(first.body.nextCursor, ids[1])
  t.same(await names(`?limit=2&cursor=${first.body.nextCursor}`), ['c school'])
  t.equal((await h.call('GET', '/health/cameras?limit=201')).status, 400)
  t.equal((await h.call('GET', '/health/cameras', undefined, { role: 'auditor' })).status, 403)
  t.equal((await h.call('GET', '/health/cameras', undefined, { role: 'patrol-lead' })).status, 403)
})

t.test('a clock that is off is said to be ahead or behind', async (t) => {
  const wordsAt = (clockOffsetMs: number) => findings({ ...SOUND, now: { ...now, clockOffsetMs } })[0]?.detail
  t.match(wordsAt(-120_000), { zh: /^摄像头时钟比网关慢 120.0 秒$/, en: /^the camera’s clock is 120.0 s behind ours$/ })
  t.match(wordsAt(5_000), { zh: /^摄像头时钟比网关快 5.0 秒$/, en: /^the camera’s clock is 5.0 s ahead of ours$/ })
})
