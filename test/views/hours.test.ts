import t from 'tap'
import { windowEndMs } from '../../gateway/views/hours.ts'

t.test('when the window that is open now closes', async (t) => {
  // Shanghai is UTC+8 all year; New York is on summer time here (UTC-4); Kathmandu is UTC+5:45.
  const cases: [string, { from: string; to: string }, string, string, string | undefined][] = [
    [
      'opens on the minute',
      { from: '08:00', to: '18:00' },
      '2026-03-02T00:00:00.000Z',
      'Asia/Shanghai',
      '2026-03-02T10:00:00.000Z',
    ],
    ['a millisecond before', { from: '08:00', to: '18:00' }, '2026-03-01T23:59:59.999Z', 'Asia/Shanghai', undefined],
    [
      'the last millisecond',
      { from: '08:00', to: '18:00' },
      '2026-03-02T09:59:59.999Z',
      'Asia/Shanghai',
      '2026-03-02T10:00:00.000Z',
    ],
    ['shuts on the minute', { from: '08:00', to: '18:00' }, '2026-03-02T10:00:00.000Z', 'Asia/Shanghai', undefined],
    [
      'before midnight',
      { from: '22:00', to: '06:00' },
      '2026-03-02T15:30:00.000Z',
      'Asia/Shanghai',
      '2026-03-02T22:00:00.000Z',
    ],
    [
      'at midnight',
      { from: '22:00', to: '06:00' },
      '2026-03-02T16:00:00.000Z',
      'Asia/Shanghai',
      '2026-03-02T22:00:00.000Z',
    ],
    [
      'after midnight',
      { from: '22:00', to: '06:00' },
      '2026-03-02T21:59:59.999Z',
      'Asia/Shanghai',
      '2026-03-02T22:00:00.000Z',
    ],
    [
      'day, window over midnight',
      { from: '22:00', to: '06:00' },
      '2026-03-02T04:00:00.000Z',
      'Asia/Shanghai',
      undefined,
    ],
    [
      'to midnight',
      { from: '18:00', to: '00:00' },
      '2026-03-02T15:59:00.000Z',
      'Asia/Shanghai',
      '2026-03-02T16:00:00.000Z',
    ],
    [
      'summer time',
      { from: '08:00', to: '09:00' },
      '2026-07-01T12:30:00.000Z',
      'America/New_York',
      '2026-07-01T13:00:00.000Z',
    ],
    [
      'an offset of quarter hours',
      { from: '12:00', to: '12:15' },
      '2026-03-02T06:20:00.000Z',
      'Asia/Kathmandu',
      '2026-03-02T06:30:00.000Z',
    ],
  ]
  for (const [name, hours, now, zone, end] of cases) {
    t.equal(windowEndMs(hours, Date.parse(now), zone), end === undefined ? undefined : Date.parse(end), name)
  }
  t.equal(windowEndMs({ from: '08:00', to: '08:00' }, 0, 'Asia/Shanghai'), Number.POSITIVE_INFINITY, 'the whole day')
})
