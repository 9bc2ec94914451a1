import t from 'tap'
import type { RegisterFault } from '../../gateway/contracts/register.ts'
import { addDays, dayOf, dutiesOf, type OnRecord } from '../../gateway/links/duties.ts'

const IN_USE = '2026-03-01'
const record = (more: Partial<OnRecord> = {}): OnRecord => ({
  placeClass: 'article-7',
  inUseOn: IN_USE,
  isInUseKnown: true,
  filing: undefined,
  signOn: '2026-03-01',
  retentionDays: 30,
  hasLink: true,
  ...more,
})

t.test('the filing counts down from the first day of use', async (t) => {
  const cases: readonly [day: number, state: string, left: number][] = [
    [0, 'open', 30],
    [19, 'open', 11],
    [20, 'due-in-10', 10],
    [26, 'due-in-10', 4],
    [27, 'due-in-3', 3],
    [30, 'due-in-3', 0],
    [31, 'overdue', -1],
  ]
  for (const [day, filingState, filingDaysLeft] of cases) {
    t.match(
      dutiesOf(record(), addDays(IN_USE, day)),
      { filingState, filingDaysLeft, filingDueOn: '2026-03-31' },
      `day ${day}`,
    )
  }
})

t.test('what is filed counts down no more; what need not be filed never did', async (t) => {
  const filing = { number: '浙公安备 0001', date: '2026-03-20' }
  t.same(dutiesOf(record({ filing }), '2026-06-01'), { filingState: 'filed', faults: [] })
  const nothing = { signOn: undefined, retentionDays: undefined, isInUseKnown: false } as const
  for (const placeClass of ['article-9', 'other'] as const) {
    t.same(dutiesOf(record({ placeClass, ...nothing }), '2026-06-01'), { filingState: 'not-required', faults: [] })
  }
})

t.test('what is missing is named', async (t) => {
  const cases: readonly [Partial<OnRecord>, RegisterFault][] = [
    [{ signOn: undefined }, 'sign-missing'],
    [{ retentionDays: undefined }, 'retention-missing'],
    [{ isInUseKnown: false }, 'in-use-date-missing'],
    [{ hasLink: false }, 'link-missing'],
  ]
  for (const [more, fault] of cases) t.same(dutiesOf(record(more), IN_USE).faults, [fault])
})

t.test('days are those of the township', async (t) => {
  t.equal(dayOf(Date.parse('2026-03-01T15:59:59.999Z'), 'Asia/Shanghai'), '2026-03-01')
  t.equal(dayOf(Date.parse('2026-03-01T16:00:00.000Z'), 'Asia/Shanghai'), '2026-03-02')
  t.equal(addDays('2028-02-28', 2), '2028-03-01', 'over a leap day')
})
