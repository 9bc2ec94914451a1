import t from 'tap'
import { Instant, InstantInput, toInstant } from '../../gateway/contracts/common.ts'

t.test('whatever is taken as an instant can be answered as one', (t) => {
  const taken = [
    '0001-01-01T00:00:00Z',
    '1970-01-01T08:00:00+08:00',
    '9999-12-31T23:59:59.999Z',
    '2024-02-29T23:59:00-12:00',
  ]
  for (const text of taken) {
    t.ok(InstantInput.safeParse(text).success, text)
    t.ok(Instant.safeParse(toInstant(Date.parse(text))).success, text)
  }
  const refused = [
    '9999-12-31T23:59:59-05:00',
    '0000-01-01T00:00:00Z',
    '0000-01-01T00:00:00+14:00',
    '0001-01-01T00:00:00+01:00',
  ]
  for (const text of refused) t.notOk(InstantInput.safeParse(text).success, text)
  t.end()
})
