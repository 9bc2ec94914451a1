import t from 'tap'
import { watching } from '../fakes/watching.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

t.test('what an owner sees of the own camera', { skip: lacksFfmpeg }, async (t) => {
  const f = await watching(t, '127.0.36.0')
  const { cameraId, linkId, owner } = await f.privateCamera()
  const mine = `/api/v1/owner/links/${linkId}`
  const still = (headers: Record<string, string>, url = mine) =>
    f.app.inject({ method: 'GET', url: `${url}/still.jpg`, headers })

  await t.test('a still, for the owner alone', async (t) => {
    const picture = await still(owner)
    t.equal(picture.statusCode, 200)
    t.equal(picture.headers['content-type'], 'image/jpeg')
    t.same([...picture.rawPayload.subarray(0, 3)], [0xff, 0xd8, 0xff])
    t.equal(f.relays.leases, 0, 'the relay is given back')
    for (const role of ['administrator', 'operator', 'installer', 'patrol-lead', 'auditor'] as const) {
      t.equal((await still(await f.bearer([role]))).statusCode, 403, role)
    }
    const other = await f.privateCamera()
    t.equal((await still(owner, `/api/v1/owner/links/${other.linkId}`)).statusCode, 404)
    t.equal(await f.database.client.auditEntry.count({ where: { action: 'owner-still' } }), 1)
    f.breakAudit(true)
    t.equal((await still(owner)).statusCode, 500, 'nothing that cannot be written down')
    f.breakAudit(false)
    await f.app.inject({ method: 'POST', url: `/api/v1/owner/links/${other.linkId}/revoke`, headers: other.owner })
    t.equal((await still(other.owner, `/api/v1/owner/links/${other.linkId}`)).statusCode, 404, 'nor after the end')
  })

  await t.test('who watches is there at once, with unit, reason and time; all of it as a table', async (t) => {
    const username = 'chen'
    const id = await f.addUser(username, ['operator'])
    await f.database.client.user.update({ where: { id }, data: { unit: '云溪镇综治中心' } })
    const opened = await f.watch(await f.signIn(username), cameraId, { kind: 'request', text: '=寻找走失老人' })
    t.equal(opened.statusCode, 201)
    const now = await f.app.inject({ method: 'GET', url: `${mine}/views`, headers: owner })
    t.match(now.json().items, [
      { watchingNow: true, viewer: 'CHEN', unit: '云溪镇综治中心', kind: 'live', reason: { text: '=寻找走失老人' } },
    ])
    await f.clock.advance(5_000)
    await f.views.endWhere({ linkId }, 'closed')
    const csv = await f.app.inject({
      method: 'GET',
      url: `${mine}/views`,
      headers: { ...owner, accept: 'text/csv' },
    })
    t.match(csv.headers['content-type'], /^text\/csv/)
    const [, line = ''] = csv.body.split('\r\n')
    t.match(line, /"5","CHEN","云溪镇综治中心","live","request","'=寻找走失老人"/, 'no formula for a spreadsheet')
    t.equal(await f.database.client.auditEntry.count({ where: { action: 'ledger-exported' } }), 1)
  })

  await t.test('told of the first view of a day, if wanted', async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera()
    const told = () => f.database.client.event.count({ where: { kind: 'first-view' } })
    const headers = await f.bearer(['operator'])
    const view = async (): Promise<void> => {
      t.equal((await f.watch(headers, cameraId)).statusCode, 201)
      await f.views.endWhere({ linkId }, 'closed')
    }
    await view()
    t.equal(await told(), 0, 'not unless wanted')
    const url = `/api/v1/owner/links/${linkId}/notice`
    const wanted = await f.app.inject({ method: 'POST', url, headers: owner, payload: { tellsFirstView: true } })
    t.match(wanted.json(), { id: linkId, tellsFirstView: true })
    await view()
    t.equal(await told(), 0, 'the second of its day')
    // Past the midnight of the township, which is 16:00 UTC.
    f.clock.setWall(f.clock.now() + 10 * 60 * 60_000)
    await view()
    await view()
    t.equal(await told(), 1, 'once a day')
    const event = await f.database.client.event.findFirstOrThrow({ where: { kind: 'first-view' } })
    t.match(JSON.parse(event.dataJson), { linkId, cameraId, unit: 'operator', reason: 'request' })
    t.notMatch(event.dataJson, 'script', 'the news names no person')
  })
})
