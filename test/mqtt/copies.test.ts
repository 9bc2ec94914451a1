import t from 'tap'
import { Copies } from '../../gateway/mqtt/copies.ts'

const topics = (copies: Copies, nowMs: number): string[] => copies.due(nowMs).map(({ topic }) => topic)
const a = Buffer.from('a')

t.test('a message is held back when the first session has not brought it a moment later', async (t) => {
  const copies = new Copies()
  copies.tell('x', a, 0)
  copies.tell('y', a, 100)
  t.strictSame(topics(copies, 199), [])
  t.strictSame(topics(copies, 200), ['x'])
  copies.bring('y', a, 250)
  t.strictSame(topics(copies, 1000), [], 'brought in time')
  t.equal(copies.size, 0)
})

t.test('what was brought a moment ago needs no copy; content and topic tell', async (t) => {
  const copies = new Copies()
  copies.bring('x', a, 0)
  copies.tell('x', a, 5)
  copies.tell('x', Buffer.from('b'), 5)
  copies.tell('y', a, 5)
  t.strictSame(topics(copies, 300), ['x', 'y'])
  copies.tell('x', a, 2000)
  t.strictSame(topics(copies, 2200), ['x'], 'two seconds later it is news again')
})

t.test('the same message twice waits once, and no more wait than there is room for', async (t) => {
  const copies = new Copies()
  for (let n = 0; n < 3; n++) copies.tell('x', a, n)
  t.equal(copies.size, 1)
  for (let n = 0; n < 20_000; n++) copies.tell(`t${n}`, a, 0)
  t.equal(copies.size, 10_000)
  const large = new Copies()
  for (let n = 0; n < 400; n++) large.tell(`t${n}`, Buffer.alloc(64 * 1024), 0)
  t.equal(large.size, 256)
  t.equal(large.due(1000).length, 256)
  large.tell('again', a, 1000)
  t.equal(large.size, 1)
})
