import t from 'tap'
import { untilStored } from '../../gateway/registry/until-stored.ts'
import { FakeClock } from '../fakes/clock.ts'

t.test('what a camera said is stored once the store takes it', async (t) => {
  const clock = new FakeClock()
  const { signal } = new AbortController()
  const attemptsMs: number[] = []
  const stored = untilStored(
    async () => {
      attemptsMs.push(clock.monotonicMs())
      if (attemptsMs.length < 9) throw new Error('disk full')
    },
    clock,
    signal,
  )
  await new Promise(setImmediate)
  await clock.advance(60_000)
  await stored
  t.same(attemptsMs, [0, 250, 750, 1750, 3750, 7750, 15_750, 25_750, 35_750], 'in ten seconds at the latest')
})

t.test('and when nobody listens to the camera any more it ends', async (t) => {
  const stop = new AbortController()
  const waiting = untilStored(() => Promise.reject(new Error('disk full')), new FakeClock(), stop.signal)
  await new Promise(setImmediate)
  stop.abort(new Error('stopped'))
  await t.rejects(waiting, { message: 'stopped' })
})
