import t from 'tap'
import type { Case, NewCaseAction } from '../../gateway/contracts/case.ts'
import type { Answer } from '../../web-console/src/api/client.ts'
import { createAnswers } from '../../web-console/src/patrol/answers.ts'

function phone() {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  }
  const posted: NewCaseAction[] = []
  let answer: (action: NewCaseAction) => Answer<Case> = () => ({ kind: 'offline' })
  const post = async (_caseId: string, action: NewCaseAction): Promise<Answer<Case>> => {
    const said = answer(action)
    if (said.kind !== 'offline') posted.push(action)
    return said
  }
  return {
    posted,
    open: (me = 'a') => createAnswers(storage, me, post, () => {}),
    answers: (next: typeof answer) => {
      answer = next
    },
  }
}

// The queue looks at the kind of the answer only.
const taken = (): Answer<Case> => ({ kind: 'ok', data: {} as Case })
const aCase = (phase: Case['phase']): Case => ({ id: 'c', phase }) as Case // all that phaseOf reads

t.test('answers given in a dead zone arrive once, in order, even after the page was closed', async (t) => {
  const { open, posted, answers } = phone()
  const page = open()
  page.give('c', 'accept')
  page.give('c', 'on-site')
  page.give('c', 'feedback', 'handled')
  await page.send()
  t.equal(posted.length, 0)
  t.equal(page.phaseOf(aCase('dispatched')), 'reported', 'the phone goes on meanwhile')

  const later = open()
  t.equal(later.waiting.value.length, 3)
  answers(taken)
  await Promise.all([later.send(), later.send(), later.send()])
  t.same(
    posted.map(({ action }) => action),
    ['accept', 'on-site', 'feedback'],
  )
  t.match(posted[2], { outcome: 'handled', deviceAt: String })
  t.equal(new Set(posted.map(({ idempotencyKey }) => idempotencyKey)).size, 3)
  t.equal(open().waiting.value.length, 0)
})

t.test('a phone that changes hands sends nobody’s answers as another’s, and loses none', async (t) => {
  const { open, posted, answers } = phone()
  open('a').give('c', 'accept')
  answers(taken)
  const next = open('b')
  t.equal(next.waiting.value.length, 0)
  t.equal(next.phaseOf(aCase('dispatched')), 'dispatched', 'nobody has answered for this one')
  next.give('d', 'accept')
  await next.send()
  t.equal(posted.length, 1)

  const back = open('a')
  t.equal(back.waiting.value.length, 1)
  await back.send()
  t.equal(posted.length, 2)
  t.equal(open('a').waiting.value.length, 0)
})

t.test('what is refused is told and does not hold up the rest; what may pass later waits', async (t) => {
  const { open, posted, answers } = phone()
  const page = open()
  answers(({ action }) =>
    action === 'accept' ? { kind: 'problem', problem: { status: 409, code: 'illegal-transition' } } : taken(),
  )
  page.give('c', 'accept')
  page.give('d', 'accept')
  page.give('e', 'on-site')
  await page.send()
  t.equal(posted.length, 3)
  t.match(page.refused.value, { code: 'illegal-transition' })
  t.equal(page.waiting.value.length, 0)

  answers(() => ({ kind: 'problem', problem: { status: 503, code: 'storage-failure' } }))
  page.give('c', 'accept')
  await page.send()
  t.equal(page.waiting.value.length, 1)
})
