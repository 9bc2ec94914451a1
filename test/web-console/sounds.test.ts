import t from 'tap'
import type { Case, TimelineAction } from '../../gateway/contracts/case.ts'
import { afterwards, dueSound, type Heard, noticed } from '../../web-console/src/cases/rhythm.ts'
import { byUrgency, callsCentre } from '../../web-console/src/state/urgency.ts'

// All that the choice of a sound reads.
const aCase = (id: string, priority: Case['priority'], changes: Partial<Case> = {}): Case =>
  ({ id, priority, phase: 'collected', timeline: [], ...changes }) as unknown as Case

const shelved = { shelvedUntil: '2026-03-02T06:18:27.000Z' }

const ofActs = (...actions: TimelineAction[]): Pick<Case, 'timeline'> => ({
  timeline: actions.map((action) => ({ at: '2026-03-02T06:03:27.000Z', action, by: '' })),
})

t.test('what is heard, and how often', async (t) => {
  const heard = (atMs: number, priority: Case['priority']): Map<string, Heard> =>
    new Map([['a', { atMs, priority, called: true }]])
  const never = new Map<string, Heard>()
  const cases: [string, Case[], ReadonlyMap<string, Heard>, number, number, Case['priority'] | undefined][] = [
    ['nothing', [], never, 0, 0, undefined],
    ['a new urgent case', [aCase('a', 1)], never, 0, 0, 1],
    ['urgent: again after 10 s', [aCase('a', 1)], heard(0, 1), 10_000, 0, 1],
    ['urgent: not before', [aCase('a', 1)], heard(0, 1), 9_999, 0, undefined],
    ['important: again after 30 s', [aCase('a', 2)], heard(0, 2), 30_000, 0, 2],
    ['important: not before', [aCase('a', 2)], heard(0, 2), 29_999, 0, undefined],
    ['normal: once', [aCase('a', 3)], heard(0, 3), 3_600_000, 0, undefined],
    ['a notice is silent', [aCase('a', 4)], never, 0, 0, undefined],
    ['a burst is one sound, the most urgent', [aCase('c', 3), aCase('b', 2)], never, 0, 0, 2],
    ['acknowledged', [aCase('a', 1, { phase: 'opened' })], never, 0, 0, undefined],
    ['shelved', [aCase('a', 2, shelved)], never, 0, 0, undefined],
    ['silenced', [aCase('a', 2)], never, 0, 60_000, undefined],
    ['urgent cannot be silenced', [aCase('a', 1)], never, 0, 60_000, 1],
    ['more urgent than it was heard to be: at once', [aCase('a', 1)], heard(0, 2), 1_000, 0, 1],
    ['a notice that has become normal', [aCase('a', 3)], heard(0, 4), 1_000, 0, 3],
    ['less urgent: not again', [aCase('a', 3)], heard(0, 2), 3_600_000, 0, undefined],
    ['more urgent while somebody has it', [aCase('a', 2, { phase: 'dispatched' })], heard(0, 3), 1_000, 0, 2],
  ]
  for (const [name, open, last, now, silentUntil, expected] of cases) {
    t.equal(dueSound(open, callsCentre, last, now, silentUntil), expected, name)
  }
})

/** What is heard each time that somebody listens. @param stages what there is then, and whether it is silenced */
function listen(stages: readonly [ms: number, one: Case, isSilent?: boolean][]): (Case['priority'] | undefined)[] {
  let heard: ReadonlyMap<string, Heard> = new Map()
  return stages.map(([nowMs, one, isSilent = false]) => {
    const sound = dueSound([one], callsCentre, heard, nowMs, isSilent ? nowMs + 1 : 0)
    heard = afterwards([one], callsCentre, heard, nowMs, sound !== undefined)
    return sound
  })
}

t.test('what somebody has is heard again when it is news', async (t) => {
  const inHands = (priority: Case['priority']) => aCase('a', priority, { phase: 'on-site' })
  t.same(
    listen([
      [0, aCase('a', 3)],
      [1_000, inHands(3)],
      [2_000, inHands(2)],
      [60_000, inHands(2)],
    ]),
    [3, undefined, 2, undefined],
    'more urgent: once',
  )
  t.same(
    listen([
      [0, aCase('a', 3)],
      [1_000, inHands(2), true],
      [2_000, inHands(2)],
    ]),
    [3, undefined, 2],
    'more urgent while it was silenced: afterwards',
  )
  t.same(
    listen([
      [0, aCase('a', 3)],
      [1_000, aCase('a', 3, shelved)],
      [900_000, aCase('a', 3)],
      [901_000, aCase('a', 3)],
    ]),
    [3, undefined, 3, undefined],
    'off the shelf',
  )
  const sent = aCase('a', 1, { phase: 'dispatched', ...ofActs('collect', 'acknowledge', 'dispatch') })
  const nobodyWent = ofActs('collect', 'acknowledge', 'dispatch', 'escalate', 'overdue')
  const back = aCase('a', 1, { phase: 'opened', ...nobodyWent })
  t.same(
    listen([
      [0, sent],
      [120_000, back],
      [130_000, back],
      [131_000, { ...back, ...shelved }],
    ]),
    [undefined, 1, 1, undefined],
    'nobody went: until somebody at the centre acts',
  )
  t.same(listen([[0, inHands(1)]]), [undefined], 'in good hands before anybody listened')
})

t.test('what comes and rises between two seconds', async (t) => {
  const inHands = (priority: Case['priority']) => aCase('a', priority, { phase: 'opened' })
  const stages: [string, Case[], Case['priority'] | undefined][] = [
    ['acknowledged at once', [aCase('a', 3), inHands(3)], undefined],
    ['acknowledged at once, and more urgent then', [aCase('a', 3), inHands(3), inHands(2)], 2],
    ['more urgent, and acknowledged then', [aCase('a', 3), aCase('a', 2), inHands(2)], 2],
    ['more urgent while it waits', [aCase('a', 3), aCase('a', 2)], 2],
    ['in good hands before it came here', [inHands(2)], undefined],
  ]
  for (const [name, changes, expected] of stages) {
    let heard: ReadonlyMap<string, Heard> = new Map()
    for (const change of changes) heard = noticed([change], heard, 500)
    const last = changes.slice(-1)
    const sounds = [1_000, 2_000].map((nowMs) => {
      const sound = dueSound(last, callsCentre, heard, nowMs, 0)
      heard = afterwards(last, callsCentre, heard, nowMs, sound !== undefined)
      return sound
    })
    t.same(sounds, [expected, undefined], name)
  }
})

t.test('what calls the centre', async (t) => {
  const opened = (...actions: TimelineAction[]) => aCase('a', 1, { phase: 'opened', ...ofActs(...actions) })
  t.notOk(callsCentre(opened('collect', 'acknowledge', 'overdue')), 'acknowledged')
  t.ok(callsCentre(opened('collect', 'acknowledge', 'dispatch', 'decline', 'undelivered')), 'declined')
  t.notOk(callsCentre({ ...opened('dispatch', 'escalate'), ...shelved }), 'shelved')
  t.ok(callsCentre(opened('dispatch', 'escalate', 'shelve', 'shelve-ended')), 'shelved until its time')
  const [first] = [opened('acknowledge'), opened('dispatch', 'escalate')].sort(byUrgency)
  t.equal(first?.timeline.at(-1)?.action, 'escalate', 'before what somebody has')
})
