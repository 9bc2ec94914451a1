import t from 'tap'
import { LatchedTime } from '../../gateway/links/latched-time.ts'
import { FakeClock } from '../fakes/clock.ts'

const HOUR = 60 * 60_000

t.test('goes with the wall clock, and on when that is set back', async (t) => {
  const clock = new FakeClock(10 * HOUR)
  const time = new LatchedTime(clock)
  t.equal(time.now(), 10 * HOUR)
  clock.setWall(8 * HOUR)
  t.equal(time.now(), 10 * HOUR, 'set back two hours')
  await clock.advance(1_000)
  t.equal(time.now(), 10 * HOUR + 1_000, 'goes on at the pace of the monotonic clock')
  clock.setWall(12 * HOUR)
  t.equal(time.now(), 12 * HOUR, 'set forward')
})

t.test('a slewed clock is followed, never backwards', async (t) => {
  const clock = new FakeClock(10 * HOUR)
  const time = new LatchedTime(clock)
  time.now()
  clock.setWall(10 * HOUR - 500)
  t.equal(time.now(), 10 * HOUR)
  await clock.advance(600)
  t.equal(time.now(), 10 * HOUR + 100, 'no creeping ahead of the wall')
})

t.test('takes up what the store has seen', async (t) => {
  const clock = new FakeClock(0)
  const time = new LatchedTime(clock)
  time.raise(5 * HOUR)
  t.equal(time.now(), 5 * HOUR, 'a boot in 1970 revives nothing')
  time.raise(HOUR)
  t.equal(time.now(), 5 * HOUR)
})
