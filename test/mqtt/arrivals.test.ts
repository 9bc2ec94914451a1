import t from 'tap'
import { Arrivals } from '../../gateway/mqtt/arrivals.ts'

t.test('side by side while they are taken; behind the oldest that was refused, in the order of arrival', async (t) => {
  const arrivals = new Arrivals()
  const tried: string[] = []
  const refusing = new Set(['2', '3'])
  const pauses = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const paused = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let pausing = 0
  const pause = (): Promise<void> => {
    const at = pausing++
    paused[at]?.resolve()
    return pauses[at]?.promise ?? Promise.resolve()
  }
  const store = (name: string): Promise<boolean> =>
    arrivals.store(
      async () => {
        tried.push(name)
        if (refusing.has(name)) throw new Error('disk full')
      },
      () => true,
      pause,
    )
  const [one, two, three] = [store('1'), store('2'), store('3')]
  t.same(tried, ['1', '2', '3'], 'nobody waits for anybody at first')
  t.equal(await one, true)
  await Promise.all(paused.map(({ promise }) => promise))
  const four = store('4')
  refusing.clear()
  pauses[1]?.resolve()
  await new Promise(setImmediate)
  t.same(tried, ['1', '2', '3'], 'the third waits for the second, and what came later too')
  pauses[0]?.resolve()
  t.same(await Promise.all([two, three, four]), [true, true, true])
  t.same(tried, ['1', '2', '3', '2', '3', '4'])
})

t.test('when the connection is over nobody waits any more', async (t) => {
  const arrivals = new Arrivals()
  let isOpen = true
  const refuse = async (): Promise<void> => {
    throw new Error('disk full')
  }
  const waiting = Promise.withResolvers<void>()
  const first = arrivals.store(
    refuse,
    () => isOpen,
    () => waiting.promise,
  )
  await new Promise(setImmediate)
  const second = arrivals.store(
    async () => {},
    () => isOpen,
    async () => {},
  )
  isOpen = false
  waiting.resolve()
  t.same(await Promise.all([first, second]), [false, false])
})
