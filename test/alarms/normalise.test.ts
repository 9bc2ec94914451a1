import t from 'tap'
import { DEFAULT_PRIORITY, MAX_MESSAGE_BYTES, normalise } from '../../gateway/alarms/normalise.ts'
import { AlarmType } from '../../gateway/contracts/alarm.ts'
import { bytes, message } from '../fakes/alarm-gateway.ts'

t.test('what a source may leave out is filled in', (t) => {
  t.match(normalise(bytes(message('1', { type: 'panic-button' }))), {
    ok: true,
    alarm: { sourceKey: '1', priority: 1, state: 'active', text: '', data: undefined, strippedFields: 0 },
  })
  t.match(
    normalise(bytes(message('1', { type: 'panic-button', priority: 3, occurredAt: '2026-03-02T14:03:27+08:00' }))),
    {
      ok: true,
      alarm: { priority: 3, occurredAt: new Date('2026-03-02T06:03:27.000Z') },
    },
  )
  t.strictSame(Object.keys(DEFAULT_PRIORITY).sort(), [...AlarmType.options].sort())
  t.end()
})

t.test('identity fields are gone and counted', (t) => {
  const normal = normalise(bytes(message('1', { data: { zone: 3, faceId: 'x', who: { gender: 'f', 姓名: '张三' } } })))
  t.match(normal, { ok: true, alarm: { data: { zone: 3, who: {} }, strippedFields: 3 } })
  t.end()
})

t.test('malformed messages have a reason and never throw', (t) => {
  const cases: Record<string, Uint8Array> = {
    empty: bytes(''),
    'not JSON': bytes('{'),
    'not UTF-8': Buffer.from([0x22, 0xff, 0x22]),
    'not an object': bytes('[]'),
    null: bytes('null'),
    'unknown field': bytes({ ...message('1'), plate: 'x' }),
    'unknown type': bytes({ ...message('1'), type: 'face-match' }),
    'no time': bytes({ ...message('1'), occurredAt: undefined }),
    'a day that is not': bytes({ ...message('1'), occurredAt: '2026-02-30T00:00:00Z' }),
    'a time whose offset leads past the year 9999': bytes({ ...message('1'), occurredAt: '9999-12-31T23:59:59-05:00' }),
    'a time in the year 0, which PostgreSQL does not know': bytes({
      ...message('1'),
      occurredAt: '0000-01-01T00:00:00Z',
    }),
    'a priority that is not': bytes({ ...message('1'), priority: 0 }),
    'NUL in the id': bytes(message('a\0b')),
    'half a surrogate pair in the id': bytes('{"id":"\\ud800","type":"smoke","occurredAt":"2026-03-02T06:03:27Z"}'),
    'nested deeply': bytes(
      `{"id":"1","type":"smoke","occurredAt":"2026-03-02T06:03:27Z","data":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    ),
    'nested beyond JSON': bytes('['.repeat(MAX_MESSAGE_BYTES)),
    'one byte too many': bytes(`"${'x'.repeat(MAX_MESSAGE_BYTES - 1)}"`),
  }
  for (const [name, payload] of Object.entries(cases)) {
    const normal = normalise(payload)
    t.equal(normal.ok, false, name)
    if (!normal.ok) t.ok(normal.reason.length > 0 && normal.reason.length <= 300, normal.reason)
  }
  t.end()
})
