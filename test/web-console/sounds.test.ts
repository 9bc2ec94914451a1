import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { dueSound } from '../../web-console/src/cases/rhythm.ts'
import { isWaiting } from '../../web-console/src/state/urgency.ts'

// All that the choice of a sound reads.
const aCase = (id: string, priority: Case['priority'], changes: Partial<Case> = {}): Case =>
  ({ id, priority, phase: 'collected', ...changes }) as Case

t.test('what is heard, and how often', async (t) => {
  const heard = (ms: number) => new Map([['a', ms]])
  const never = new Map<string, number>()
  const cases: [string, Case[], ReadonlyMap<string, number>, number, number, Case['priority'] | undefined][] = [
    ['nothing', [], never, 0, 0, undefined],
    ['a new urgent case', [aCase('a', 1)], never, 0, 0, 1],
    ['urgent: again after 10 s', [aCase('a', 1)], heard(0), 10_000, 0, 1],
    ['urgent: not before', [aCase('a', 1)], heard(0), 9_999, 0, undefined],
    ['important: again after 30 s', [aCase('a', 2)], heard(0), 30_000, 0, 2],
    ['important: not before', [aCase('a', 2)], heard(0), 29_999, 0, undefined],
    ['normal: once', [aCase('a', 3)], heard(0), 3_600_000, 0, undefined],
    ['a notice is silent', [aCase('a', 4)], never, 0, 0, undefined],
    ['a burst is one sound, the most urgent', [aCase('c', 3), aCase('b', 2)], never, 0, 0, 2],
    ['acknowledged', [aCase('a', 1, { phase: 'opened' })], never, 0, 0, undefined],
    ['shelved', [aCase('a', 2, { shelvedUntil: '2026-03-02T06:18:27.000Z' })], never, 0, 0, undefined],
    ['silenced', [aCase('a', 2)], never, 0, 60_000, undefined],
    ['urgent cannot be silenced', [aCase('a', 1)], never, 0, 60_000, 1],
  ]
  for (const [name, open, last, now, silentUntil, expected] of cases) {
    t.equal(dueSound(open.filter(isWaiting), last, now, silentUntil), expected, name)
  }
})
