import t, { type Test } from 'tap'
import { ADMIN_PASSWORD, startTestGateway, type TestGateway } from '../fakes/gateway.ts'

const PASSWORD = 'correct horse battery'

type Headers = { cookie: string; 'x-csrf-token': string }

async function desk(t: Test) {
  const gateway = await startTestGateway(t)
  const { app } = gateway
  const signIn = async (username: string, password: string): Promise<Headers> => {
    const reply = await app.inject({ method: 'POST', url: '/api/v1/session', payload: { username, password } })
    const [cookie] = reply.cookies
    return { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': reply.json().csrfToken }
  }
  const admin = await signIn('admin', ADMIN_PASSWORD)
  const ids: Record<string, string> = {}
  for (const [username, role] of [
    ['lin', 'operator'],
    ['zhou', 'operator'],
    ['wang', 'patrol-lead'],
  ] as const) {
    const payload = { username, password: PASSWORD, displayName: username.toUpperCase(), roles: [role] }
    const made = await app.inject({ method: 'POST', url: '/api/v1/users', headers: admin, payload })
    ids[username] = made.json().id
  }
  const handOver = (headers: Headers, username: string, password = PASSWORD) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/handovers',
      headers,
      payload: { notes: '东街口摄像头已报修', incoming: { username, password } },
    })
  return { app, gateway, admin, ids, signIn, handOver }
}

const isSignedIn = async (app: TestGateway['app'], headers: Headers): Promise<boolean> =>
  (await app.inject({ url: '/api/v1/session', headers })).statusCode === 200

t.test('both sign in one act: the desk has the session of the one who came, and the trail names both', async (t) => {
  const { app, admin, ids, signIn, handOver } = await desk(t)
  const outgoing = await signIn('lin', PASSWORD)
  const reply = await handOver(outgoing, 'zhou')
  t.equal(reply.statusCode, 201)
  const { handover, session } = reply.json()
  t.match(handover, {
    outgoing: { id: ids.lin, name: 'LIN' },
    incoming: { id: ids.zhou, name: 'ZHOU' },
    notes: '东街口摄像头已报修',
    matters: { openCases: [], deadFeeds: [] },
  })
  t.equal(session.user.id, ids.zhou)
  t.equal(await isSignedIn(app, outgoing), false, 'the session of the one who went is over')
  const [cookie] = reply.cookies
  const incoming = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': session.csrfToken }
  t.equal(await isSignedIn(app, incoming), true)
  const list = await app.inject({ url: '/api/v1/handovers', headers: incoming })
  t.same(list.json().items, [handover])
  const trail = await app.inject({ url: '/api/v1/audit?action=shift-handed-over', headers: admin })
  t.match(trail.json().items, [{ actorName: 'LIN', detail: { incoming: { id: ids.zhou } } }])
})

t.test('a wrong password, oneself, or somebody of another role: nothing has happened', async (t) => {
  const { app, signIn, handOver, admin } = await desk(t)
  const outgoing = await signIn('lin', PASSWORD)
  t.match((await handOver(outgoing, 'zhou', 'not the password')).json(), { code: 'wrong-credentials' })
  t.match((await handOver(outgoing, 'lin')).json(), { code: 'invalid-request' })
  t.match((await handOver(outgoing, 'wang')).json(), { code: 'role-not-allowed' })
  t.equal(await isSignedIn(app, outgoing), true, 'the one who wanted to go is still there')
  t.match((await handOver(admin, 'zhou')).json(), { code: 'role-not-allowed' }, 'who has no shift hands none over')
  const list = await app.inject({ url: '/api/v1/handovers', headers: outgoing })
  t.same(list.json().items, [])
})
