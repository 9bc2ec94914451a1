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
