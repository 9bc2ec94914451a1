import t from 'tap'
import { Timeline } from '../../gateway/rtp/timeline.ts'

t.test('counts from the first packet, over the wrap, and back for reordered frames', async (t) => {
  const timeline = new Timeline(90_000)
  const times = [0xfffff000, 0xfffffe10, 0x00000c20, 0x00000010, 0x00001a30]
  t.same(
    times.map((time) => timeline.unwrap(time)),
    [0, 3600, 7200, 4112, 10_800],
  )
})

t.test('thirteen hours and more, by steps', async (t) => {
  const timeline = new Timeline(90_000)
  let ticks: number | 'jump' = 0
  for (let second = 0; second <= 60_000; second++) ticks = timeline.unwrap((second * 90_000) >>> 0)
  t.equal(ticks, 60_000 * 90_000)
})

t.test('a clock that was set is a jump, time goes on from there', async (t) => {
  const timeline = new Timeline(90_000)
  timeline.unwrap(0)
  t.equal(timeline.unwrap(3600), 3600)
  t.equal(timeline.unwrap(90_000 * 3600), 'jump')
  t.equal(timeline.unwrap(90_000 * 3600 + 3600), 7200)
  t.equal(timeline.unwrap(0), 'jump')
})
