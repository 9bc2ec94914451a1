import { getEventListeners } from 'node:events'
import t from 'tap'
import { systemClock } from '../gateway/clock.ts'

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

t.test('a sleep lasts, and leaves nothing at its signal', async (t) => {
  const { signal } = new AbortController()
  const start = performance.now()
  await systemClock.sleep(50, signal)
  t.ok(performance.now() - start >= 49)
  t.same(getEventListeners(signal, 'abort'), [])
})

t.test('an abort ends a sleep at once, with its reason and its timer', async (t) => {
  const stop = new AbortController()
  const before = timers()
  const sleep = systemClock.sleep(600_000, stop.signal)
  t.equal(timers(), before + 1)
  stop.abort(new Error('enough'))
  await t.rejects(sleep, { message: 'enough' })
  t.equal(timers(), before)
  await t.rejects(systemClock.sleep(600_000, stop.signal), { message: 'enough' }, 'nor does it begin after that')
  t.equal(timers(), before)
})
