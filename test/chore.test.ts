import t from 'tap'
import { Chore } from '../gateway/chore.ts'
import { FakeClock } from './fakes/clock.ts'

t.test('a round that fails is told, and the next one comes all the same, until the chore is closed', async (t) => {
  const clock = new FakeClock()
  const told: string[] = []
  const rounds: number[] = []
  const log = { error: ({ err }: { err: unknown }, message: string) => told.push(`${message}: ${err}`) }
  const chore = new Chore({ clock, log, everyMs: 1000, failed: 'sweeping' }, async () => {
    rounds.push(clock.now())
    if (rounds.length === 1) throw new Error('no broom')
  })
  chore.start()
  await clock.advance(0)
  await clock.advance(2500)
  t.equal(rounds.length, 3)
  t.strictSame(told, ['sweeping: Error: no broom'])
  await chore.close()
  await clock.advance(5000)
  t.equal(rounds.length, 3)
})

t.test('one that rests first begins after its span', async (t) => {
  const clock = new FakeClock()
  const startedAt = clock.now()
  const rounds: number[] = []
  const log = { error: () => t.fail() }
  const chore = new Chore({ clock, log, everyMs: 1000, failed: 'sweeping', restsFirst: true }, async () => {
    rounds.push(clock.now() - startedAt)
  })
  chore.start()
  await clock.advance(2500)
  t.strictSame(rounds, [1000, 2000])
  await chore.close()
  t.equal(rounds.length, 2)
  const unborn = new Chore({ clock, log, everyMs: 1000, failed: 'sweeping', restsFirst: true }, async () => {
    t.fail()
  })
  unborn.start()
  await unborn.close()
})
