import t from 'tap'
import { lengthOf, minuteOf, timeOf } from '../../web-console/src/time.ts'

/** 2026-03-02 00:30 in the township; the day before by UTC. */
const NOW_MS = Date.parse('2026-03-01T16:30:00Z')

t.test('a time of another day never passes for one of today', async (t) => {
  const cases = [
    ['2026-03-01T16:00:00Z', '00:00:00', '00:00', 'the first moment of today'],
    ['2026-03-01T15:59:59Z', '03-01 23:59:59', '03-01 23:59', 'the last of yesterday'],
    ['2026-01-01T04:05:06Z', '01-01 12:05:06', '01-01 12:05', 'earlier this year'],
    ['2025-12-31T15:59:59Z', '2025-12-31 23:59:59', '2025-12-31 23:59', 'the year before'],
    ['2026-03-02T16:00:00Z', '03-03 00:00:00', '03-03 00:00', 'tomorrow, as what is shelved over midnight'],
  ] as const
  for (const [at, seconds, minutes, name] of cases) {
    t.equal(timeOf(at, NOW_MS), seconds, name)
    t.equal(minuteOf(at, NOW_MS), minutes, `${name}, to the minute`)
  }
})

t.test('a length says its units', async (t) => {
  const words = (key: string, values: object): string => `${key.slice('time.'.length)} ${JSON.stringify(values)}`
  const cases = [
    [0.4, 'seconds {"n":0}'],
    [59.4, 'seconds {"n":59}'],
    [59.6, 'minutes {"minutes":1,"n":0}'],
    [265, 'minutes {"minutes":4,"n":25}'],
    [3600, 'hours {"hours":1,"n":0}'],
    [90_061, 'hours {"hours":25,"n":1}'],
  ] as const
  for (const [seconds, expected] of cases) t.equal(lengthOf(words, seconds), expected, `${seconds} s`)
})
