import t from 'tap'
import { WaitingMessages } from '../../gateway/alarms/waiting-messages.ts'

interface Named {
  sourceId: string
  isUrgent: boolean
  name: string
}

const push = (waiting: WaitingMessages<Named>, name: string, isUrgent = false): void =>
  waiting.push({ sourceId: name.slice(0, 1), isUrgent, name })
const names = (messages: readonly Named[]): string => messages.map(({ name }) => name).join(' ')

t.test('the urgent first, then one of each source in turn', async (t) => {
  const waiting = new WaitingMessages<Named>()
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']) push(waiting, name)
  for (const name of ['a9', 'b9']) push(waiting, name, true)
  t.equal(names([...waiting.of('a')]), 'a1 a2 a3 a4')
  t.equal(names(waiting.take(5)), 'a9 b9 a1 b1 c1')
  push(waiting, 'c2')
  t.equal(waiting.size, 5)
  t.equal(names([...waiting.of('a')]), 'a2 a3 a4')
  t.equal(names(waiting.take(3)), 'a2 b2 c2')
  t.equal(names(waiting.take(10)), 'a3 a4')
  t.strictSame(waiting.take(10), [])
  t.equal(waiting.size, 0)
})

t.test('a source that never stops keeps its order', async (t) => {
  const waiting = new WaitingMessages<Named>()
  let [pushed, taken] = [0, 0]
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < 150; n++) push(waiting, `a${pushed++}`)
    for (const { name } of waiting.take(100)) if (name !== `a${taken++}`) t.fail(`${name} is out of order`)
  }
  t.equal(waiting.size, 5_000)
})
