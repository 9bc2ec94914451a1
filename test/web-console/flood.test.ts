import t from 'tap'
import type { Alarm } from '../../gateway/contracts/alarm.ts'
import type { Case } from '../../gateway/contracts/case.ts'
import { groupCases, isFlood, recentAlarms } from '../../web-console/src/cases/flood.ts'

t.test('a flood begins above ten in ten minutes and ends below five', async (t) => {
  const steps: [was: boolean, recent: number, is: boolean][] = [
    [false, 10, false],
    [false, 11, true],
    [true, 10, true],
    [true, 5, true],
    [true, 4, false],
    [false, 5, false],
  ]
  for (const [was, recent, is] of steps) t.equal(isFlood(was, recent), is, `${recent} while ${was}`)
  const now = Date.parse('2026-03-02T06:10:00.000Z')
  const at = (receivedAt: string): Alarm => ({ receivedAt }) as Alarm // all that is read
  t.equal(
    recentAlarms(['2026-03-02T06:00:00.000Z', '2026-03-02T06:00:00.001Z', '2026-03-02T06:10:00.000Z'].map(at), now),
    2,
  )
})

t.test('in a flood only what is neither urgent nor important is put together', async (t) => {
  // All that is read.
  const aCase = (id: string, priority: Case['priority'], cellCode: string, type: Case['type']): Case =>
    ({ id, priority, cellCode, type }) as Case
  const cases = [
    aCase('a', 1, 'x', 'motion'),
    aCase('b', 2, 'x', 'motion'),
    aCase('c', 3, 'x', 'motion'),
    aCase('d', 4, 'x', 'motion'),
    aCase('e', 3, 'x', 'door'),
    aCase('f', 3, 'y', 'motion'),
  ]
  const ids = (inFlood: boolean): string[] =>
    groupCases(cases, inFlood).map((group) => group.cases.map(({ id }) => id).join(''))
  t.same(ids(true), ['a', 'b', 'cd', 'e', 'f'])
  t.same(ids(false), ['a', 'b', 'c', 'd', 'e', 'f'])
})
