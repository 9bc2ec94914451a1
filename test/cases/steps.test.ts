import t from 'tap'
import { isOver, legalActions, next, STEP_OF } from '../../gateway/cases/steps.ts'
import { CaseActionName, CasePhase, CaseStep } from '../../gateway/contracts/case.ts'

/** Every legal transition, as `phase action phase`; all others are illegal. */
const LEGAL = `
collected        acknowledge    opened
collected        shelve         collected
collected        false-alarm    closed
opened           dispatch       dispatched
opened           shelve         opened
opened           verify-close   closed
opened           false-alarm    closed
dispatched       accept         accepted
dispatched       decline        opened
dispatched       escalate       opened
dispatched       dispatch       dispatched
dispatched       false-alarm    closed
accepted         en-route       en-route
accepted         on-site        on-site
accepted         feedback       reported
accepted         escalate       opened
accepted         dispatch       dispatched
accepted         false-alarm    closed
en-route         on-site        on-site
en-route         feedback       reported
en-route         escalate       opened
en-route         dispatch       dispatched
en-route         false-alarm    closed
on-site          feedback       reported
on-site          escalate       opened
on-site          dispatch       dispatched
on-site          false-alarm    closed
reported         feedback       reported
reported         request-close  close-requested
reported         escalate       opened
reported         dispatch       dispatched
reported         false-alarm    closed
close-requested  verify-close   closed
close-requested  return         accepted
close-requested  false-alarm    closed
closed           evaluate       evaluated
`
const legal = new Map(
  LEGAL.trim()
    .split('\n')
    .map((line) => line.split(/ +/))
    .map(([phase, action, after]) => [`${phase} ${action}`, after]),
)

t.test('every action in every phase is legal or not as the table says', async (t) => {
  let checked = 0
  for (const phase of CasePhase.options) {
    for (const action of CaseActionName.options) {
      t.equal(next(phase, action), legal.get(`${phase} ${action}`), `${action} in ${phase}`)
      checked += 1
    }
    const named = CaseActionName.options.filter((action) => legal.has(`${phase} ${action}`))
    t.same(legalActions(phase).toSorted(), named.toSorted(), `what is offered in ${phase}`)
  }
  t.equal(checked, 10 * 14)
  t.equal(legal.size, 36)
})

t.test('phases make up the six steps, in order', async (t) => {
  t.same([...new Set(CasePhase.options.map((phase) => STEP_OF[phase]))], CaseStep.options)
  t.same(CasePhase.options.filter(isOver), ['closed', 'evaluated'])
})

t.test('every case can be closed, whatever happened to it', async (t) => {
  for (const phase of CasePhase.options) {
    const reached = new Set([phase])
    for (const at of reached) for (const action of legalActions(at)) reached.add(next(at, action) ?? at)
    t.ok(reached.has('evaluated'), phase)
  }
})
