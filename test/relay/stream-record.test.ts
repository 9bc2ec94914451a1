import t from 'tap'
import { MAX_OPENS, percentiles, StreamRecord } from '../../gateway/relay/stream-record.ts'

t.test('percentiles by nearest rank', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  t.same(percentiles(hundred), { p50: 50, p95: 95 })
  t.same(percentiles([7]), { p50: 7, p95: 7 })
  t.same(percentiles([undefined, 3, undefined, 1]), { p50: 1, p95: 3 })
  t.equal(percentiles([undefined]), undefined)
})

t.test('the last opens alone, failures among them', async (t) => {
  const record = new StreamRecord()
  for (let i = 0; i < MAX_OPENS; i++) record.opened({ atMs: i, connectMs: 9_000, firstFrameMs: 10_000 })
  for (let i = 0; i < MAX_OPENS - 1; i++) record.opened({ atMs: i, connectMs: 20, firstFrameMs: 1_000 })
  record.opened({ atMs: 4_711, fault: 'timeout' })
  t.equal(MAX_OPENS, 50)
  t.same(record.opens(), {
    count: MAX_OPENS,
    failed: 1,
    firstFrameMs: { p50: 1_000, p95: 1_000 },
    connectMs: { p50: 20, p95: 20 },
    keyFrameWaitMs: { p50: 980, p95: 980 },
    lastFault: { code: 'timeout', atMs: 4_711 },
  })
})
