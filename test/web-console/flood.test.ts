import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { groupCases } from '../../web-console/src/cases/flood.ts'

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
