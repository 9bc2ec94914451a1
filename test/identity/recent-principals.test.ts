import t from 'tap'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { RecentPrincipals, type Standing } from '../../gateway/identity/recent-principals.ts'
import type { EndListener } from '../../gateway/identity/session-end.ts'
import { FakeClock } from '../fakes/clock.ts'

const somebody: Principal = {
  kind: 'user',
  id: 'a',
  name: 'Wang',
  roles: ['operator'],
  cellCodes: undefined,
  sessionId: 's',
}

function fixture() {
  const clock = new FakeClock()
  const listeners: EndListener[] = []
  const recent = new RecentPrincipals(clock, { onEnded: (listener) => void listeners.push(listener) })
  const lookUps: string[] = []
  return {
    clock,
    lookUps,
    end: () => {
      for (const listener of listeners) listener({ sessionId: 's', why: 'signed-out' })
    },
    ask: (hash: string, answer: Promise<Standing | undefined> = Promise.resolve({ principal: somebody })) =>
      recent.of(hash, () => {
        lookUps.push(hash)
        return answer
      }),
  }
}

t.test('a secret is looked up once a second', async (t) => {
  const { clock, ask, lookUps } = fixture()
  await ask('x')
  t.equal((await ask('x'))?.principal, somebody)
  t.same(lookUps, ['x'])
  await clock.advance(1_000)
  await ask('x')
  t.same(lookUps, ['x', 'x'])
})

t.test('a secret that is unknown is never remembered', async (t) => {
  const { ask, lookUps } = fixture()
  await ask('x', Promise.resolve(undefined))
  await ask('x')
  t.equal(lookUps.length, 2)
})

t.test('what ends here is forgotten at once', async (t) => {
  const { ask, end, lookUps } = fixture()
  await ask('x')
  end()
  t.equal(await ask('x', Promise.resolve(undefined)), undefined)
  t.equal(lookUps.length, 2)
})

t.test('a look-up that was under way while something ended is not kept', async (t) => {
  const { ask, end, lookUps } = fixture()
  const answer = Promise.withResolvers<Standing | undefined>()
  const asked = ask('x', answer.promise)
  end()
  answer.resolve({ principal: somebody })
  await asked
  await ask('x', Promise.resolve(undefined))
  t.equal(lookUps.length, 2)
})

t.test('a session that is over is not remembered into its end', async (t) => {
  const { ask, clock, lookUps } = fixture()
  await ask('x', Promise.resolve({ principal: somebody, expiresMs: clock.now() + 500 }))
  await clock.advance(499)
  t.equal((await ask('x'))?.principal, somebody)
  await clock.advance(1)
  t.equal(await ask('x', Promise.resolve(undefined)), undefined)
  t.equal(lookUps.length, 2)
})

t.test('what is known is known at once, without a wait', async (t) => {
  const { ask } = fixture()
  t.ok(ask('x') instanceof Promise)
  await ask('x')
  t.match(ask('x'), { principal: somebody })
})

t.test('all who ask meanwhile wait for one look-up, but not for one from before something ended', async (t) => {
  const { ask, end, lookUps } = fixture()
  const answer = Promise.withResolvers<Standing | undefined>()
  const first = [ask('x', answer.promise), ask('x')]
  t.same(lookUps, ['x'])
  end()
  const after = ask('x', Promise.resolve(undefined))
  t.same(lookUps, ['x', 'x'], 'looked up anew')
  t.equal(await after, undefined)
  answer.resolve({ principal: somebody })
  for (const asked of first) t.equal((await asked)?.principal, somebody)
  t.equal(await ask('x', Promise.resolve(undefined)), undefined, 'the late answer is not kept')
})

t.test('a look-up that fails is tried again', async (t) => {
  const { ask } = fixture()
  await t.rejects(Promise.resolve(ask('x', Promise.reject(new Error('database away')))), /database away/)
  t.equal((await ask('x'))?.principal, somebody)
})

t.test('what is longer than any browser sends is not kept', async (t) => {
  const { ask, lookUps } = fixture()
  const long = 'x'.repeat(4_097)
  await ask(long)
  await ask(long)
  t.equal(lookUps.length, 2)
})
