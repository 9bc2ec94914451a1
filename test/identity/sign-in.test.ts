import t from 'tap'
import { type IdentityFixture, identityFixture, PASSWORD } from '../fakes/identity.ts'

async function attempt({ app }: IdentityFixture, username: string, password: string, remoteAddress = '127.0.0.1') {
  const reply = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    remoteAddress,
    payload: { username, password },
  })
  return { status: reply.statusCode, code: reply.json().code, retryAfter: Number(reply.headers['retry-after']) }
}

for (const username of ['wang', 'nobody']) {
  t.test(`five failures lock ${username} for 30 s, each further one twice as long, to 15 min`, async (t) => {
    const fixture = await identityFixture(t)
    await fixture.addUser('wang', ['operator'])
    let source = 0
    const fail = () => attempt(fixture, username, 'wrong', `10.0.0.${++source % 250}`)
    for (let n = 0; n < 5; n += 1) t.match(await fail(), { status: 401, code: 'wrong-credentials' })
    for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
      t.match(await fail(), { status: 429, code: 'locked-out', retryAfter: seconds })
      await fixture.clock.advance(seconds * 1000 - 1)
      t.match(await fail(), { status: 429, code: 'locked-out', retryAfter: 1 }, 'to the last millisecond')
      await fixture.clock.advance(1)
      t.match(await fail(), { status: 401, code: 'wrong-credentials' })
    }
  })
}

t.test('the right password does not open a locked account, and clears the count of an unlocked one', async (t) => {
  const fixture = await identityFixture(t)
  await fixture.addUser('wang', ['operator'])
  for (let n = 0; n < 4; n += 1) await attempt(fixture, 'wang', 'wrong')
  t.equal((await attempt(fixture, 'wang', PASSWORD)).status, 200)
  for (let n = 0; n < 4; n += 1) t.equal((await attempt(fixture, 'wang', 'wrong')).status, 401)
  t.equal((await attempt(fixture, 'wang', 'wrong')).status, 401)
  t.equal((await attempt(fixture, 'wang', PASSWORD)).code, 'locked-out')
  await fixture.clock.advance(30_000)
  t.equal((await attempt(fixture, 'wang', PASSWORD)).status, 200)
})

t.test('tries sent at once count like tries sent one after the other', async (t) => {
  const fixture = await identityFixture(t)
  await fixture.addUser('wang', ['operator'])
  const tries = Array.from({ length: 12 }, (_, n) => attempt(fixture, 'wang', `guess ${n}`, `10.0.1.${n}`))
  const codes = (await Promise.all(tries)).map(({ code }) => code)
  t.equal(codes.filter((code) => code === 'wrong-credentials').length, 5)
  t.equal(codes.filter((code) => code === 'locked-out').length, 7)
})

t.test('twenty failures lock an address, whatever the names, and the trail does not fill', async (t) => {
  const fixture = await identityFixture(t)
  await fixture.addUser('wang', ['operator'])
  for (let n = 0; n < 20; n += 1) t.equal((await attempt(fixture, `name${n}`, 'wrong', '10.0.0.7')).status, 401)
  t.match(await attempt(fixture, 'wang', PASSWORD, '10.0.0.7'), { status: 429, retryAfter: 30 })
  for (let n = 0; n < 30; n += 1) t.equal((await attempt(fixture, 'wang', PASSWORD, '10.0.0.7')).status, 429)
  t.equal((await attempt(fixture, 'wang', PASSWORD, '10.0.0.8')).status, 200, 'another address is free')
  const refused = await fixture.database.client.auditEntry.findMany({ where: { action: 'sign-in-refused' } })
  t.equal(refused.length, 21, 'each try, and the lock once')
  t.equal(refused.at(-1)?.why, 'locked-out')
})

t.test('more than 50 sign-ins at once are turned away before they cost memory', async (t) => {
  const fixture = await identityFixture(t)
  const tries = Array.from({ length: 60 }, (_, n) => attempt(fixture, `name${n}`, 'wrong', `10.0.2.${n}`))
  const codes = (await Promise.all(tries)).map(({ code }) => code)
  t.equal(codes.filter((code) => code === 'too-many-requests').length, 10)
})

t.test('a refused sign-in is recorded without what may be a password in the wrong box', async (t) => {
  const fixture = await identityFixture(t)
  const id = await fixture.addUser('wang', ['operator'])
  await attempt(fixture, 'wang', 'wrong')
  await attempt(fixture, 'My Secret Pass!', 'wang')
  const [known, unknown] = await fixture.database.client.auditEntry.findMany({
    where: { action: 'sign-in-refused' },
    orderBy: { sequence: 'asc' },
  })
  t.match(known, {
    actorKind: 'anonymous',
    actorId: id,
    actorName: 'wang',
    why: 'wrong-credentials',
    result: 'refused',
  })
  t.match(known?.detailJson, '127.0.0.1')
  t.match(unknown, { actorId: null, actorName: 'not a user name' })
})

t.test('a name that does not exist costs as much work as one that does', async (t) => {
  const fixture = await identityFixture(t)
  await fixture.addUser('wang', ['operator'])
  await attempt(fixture, 'warm', 'wrong')
  // Processor time of this process, the hashing threads included: a busy machine does not change it.
  const workOf = async (name: string): Promise<number> => {
    const before = process.cpuUsage()
    await attempt(fixture, name, 'wrong')
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const known = [await workOf('wang'), await workOf('wang'), await workOf('wang')]
  const unknown = [await workOf('nobody'), await workOf('nobody'), await workOf('nobody')]
  const [least, most] = [Math.min(...known), Math.min(...unknown)].sort((a, b) => a - b)
  t.ok((least ?? 0) > (most ?? 0) / 2, `${known} us and ${unknown} us`)
})
