import t, { type Test } from 'tap'
import type { AlarmsDeps } from '../../gateway/alarms/alarms.ts'
import { alarmApp, register } from '../fakes/alarm-app.ts'
import { bytes, CELL, message, OTHER_CELL } from '../fakes/alarm-gateway.ts'

const DAY_MS = 24 * 3_600_000
const DOOR = { kind: 'sensor', mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/front-door' }

async function fixture(t: Test, options: Partial<AlarmsDeps> = {}) {
  const parts = await alarmApp(t, options)
  const send = async (
    method: 'GET' | 'PATCH' | 'POST' | 'DELETE',
    path: string,
    payload?: object,
    authorization = 'administrator',
  ) => {
    const url = `/api/v1/alarm-sources${path}`
    const body = payload === undefined ? {} : { payload }
    const answer = await parts.app.inject({ method, url, headers: { authorization }, ...body })
    return { status: answer.statusCode, ...(answer.body === '' ? {} : answer.json()) }
  }
  const change = (id: string, payload: object, authorization?: string) =>
    send('PATCH', `/${id}`, payload, authorization)
  const told = async (topic: string, payload: object) => (await parts.alarms.receiveTopic(topic, bytes(payload)))[0]
  const states = async () => {
    const rows = await parts.database.client.alarm.findMany({ orderBy: { id: 'asc' } })
    return rows.map(({ type, state, priority, cellCode }) => ({ type, state, priority, cellCode }))
  }
  return { ...parts, send, change, told, states }
}

t.test('a source is changed, and the trail says what it was and what it is', async (t) => {
  const { app, audit, alarms, change, send, states } = await fixture(t)
  const source = await register(app)
  await alarms.receive(source.id, bytes(message('before')))
  const changes = { name: '南门报警主机', cellCode: OTHER_CELL, kind: 'button', priority: 1, silenceSeconds: 300 }
  t.match(await change(source.id, changes), { status: 200, id: source.id, ...changes })
  t.match(audit.at(-1), {
    action: 'alarm-source-changed',
    object: `alarm-source:${source.id}`,
    detail: { before: { name: '北门报警主机', cellCode: CELL, priority: null }, after: changes },
  })
  t.match(await send('GET', `/${source.id}`), { status: 200, ...changes })
  await alarms.receive(source.id, bytes(message('after')))
  await alarms.receive(source.id, bytes(message('says', { priority: 4 })))
  t.strictSame(
    new Set(await states()),
    new Set([
      { type: 'intrusion', state: 'active', priority: 2, cellCode: CELL },
      { type: 'intrusion', state: 'active', priority: 1, cellCode: OTHER_CELL },
      { type: 'intrusion', state: 'active', priority: 4, cellCode: OTHER_CELL },
    ]),
    'what it raised before stays where it was; a message that tells its priority keeps it',
  )
  const entries = audit.length
  t.match(await change(source.id, { name: '南门报警主机' }), { status: 200 })
  t.equal(audit.length, entries, 'a change of nothing leaves no trace')
  t.match(await change(source.id, { priority: null, silenceSeconds: null }), { status: 200, name: '南门报警主机' })
  t.notMatch(await send('GET', `/${source.id}`), { priority: Number })
})

t.test('what cannot be changed, and by whom', async (t) => {
  const { app, clock, change, send } = await fixture(t)
  const [door, other, far] = [
    await register(app, DOOR),
    await register(app, { ...DOOR, topic: 'zigbee2mqtt/back-door' }),
    await register(app, { cellCode: OTHER_CELL }),
  ]
  const inDays = (days: number) => new Date(clock.now() + days * DAY_MS).toISOString()
  const cases: [string, object, number, string][] = [
    [door.id, {}, 400, 'administrator'],
    [door.id, { id: far.id }, 400, 'administrator'],
    [door.id, { mapping: 'none-such' }, 400, 'administrator'],
    [door.id, { topic: '$SYS/x' }, 400, 'administrator'],
    [far.id, { topic: 'zigbee2mqtt/x' }, 400, 'administrator'],
    [door.id, { topic: other.topic }, 409, 'administrator'],
    [door.id, { cellCode: '370101001001009' }, 422, 'administrator'],
    [door.id, { cameraId: 'c0ffee00-0000-4000-8000-000000000000' }, 400, 'administrator'],
    [door.id, { pause: { until: inDays(-1), reason: '检修' } }, 400, 'administrator'],
    [door.id, { pause: { until: inDays(8), reason: '检修' } }, 400, 'administrator'],
    [door.id, { pause: { until: inDays(1) } }, 400, 'administrator'],
    ['c0ffee00-0000-4000-8000-000000000000', { name: 'x' }, 404, 'administrator'],
    ['00000000-0000-4000-8000-000000000001', { name: 'x' }, 404, 'administrator'],
    [far.id, { name: 'x' }, 403, 'installer'],
    [door.id, { cellCode: OTHER_CELL }, 403, 'installer'],
    [door.id, { name: 'x' }, 403, 'operator'],
    [door.id, { name: '前门' }, 200, 'installer'],
    [door.id, { topic: 'zigbee2mqtt/side-door' }, 200, 'installer'],
  ]
  for (const [id, body, status, role] of cases) {
    t.equal((await change(id, body, role)).status, status, `${role} ${JSON.stringify(body)}`)
  }
  t.equal((await send('DELETE', `/${far.id}`, undefined, 'installer')).status, 403)
  t.equal((await send('POST', `/${far.id}/credentials`, undefined, 'installer')).status, 403)
  t.equal((await send('GET', `/${far.id}`, undefined, 'installer')).status, 403)
})

t.test('a device that moves to another topic leaves no state behind that nobody could end', async (t) => {
  const { app, change, told, states } = await fixture(t)
  const source = await register(app, DOOR)
  await told('zigbee2mqtt/front-door', { contact: false })
  t.match(await change(source.id, { topic: 'zigbee2mqtt/side-door' }), { topic: 'zigbee2mqtt/side-door' })
  t.match(await states(), [{ type: 'door', state: 'cleared' }])
  t.equal(await told('zigbee2mqtt/front-door', { contact: false }), undefined, 'nobody listens there any more')
  t.match(await told('zigbee2mqtt/side-door', { contact: false }), { receipt: { kind: 'stored' } })
  t.equal((await states()).length, 2)
  const own = await change(source.id, { mapping: null })
  t.notOk(own.mapping ?? own.topic, 'without a mapping there is no topic')
})

t.test('a paused source raises nothing until the pause is over, and nobody misses it meanwhile', async (t) => {
  const { app, alarms, audit, clock, change, told, states, database } = await fixture(t)
  const source = await register(app, { ...DOOR, silenceSeconds: 60 })
  await told('zigbee2mqtt/front-door', { contact: false })
  const until = new Date(clock.now() + 600_000).toISOString()
  t.match(await change(source.id, { pause: { until, reason: '更换门磁' } }), { pause: { until, reason: '更换门磁' } })
  t.match(audit.at(-1), { action: 'alarm-source-changed', detail: { after: { pauseReason: '更换门磁' } } })
  t.match(await states(), [{ state: 'cleared' }])
  t.match(await told('zigbee2mqtt/front-door', { contact: false }), {
    receipt: { kind: 'ignored', why: /paused until/ },
  })
  t.match(await alarms.receive(source.id, bytes(message('own'))), { kind: 'ignored' })
  for (let n = 0; n < 30; n++) {
    await clock.advance(10_000)
    await database.transaction(async (tx) => tx.setting.count())
  }
  t.equal((await states()).length, 1, 'no source-silent either')
  await clock.advance(400_000)
  t.match(await told('zigbee2mqtt/front-door', { contact: false }), { receipt: { kind: 'stored' } })
  const again = await change(source.id, { name: '门磁' })
  t.equal(again.pause, undefined)
})

t.test('a retired source is let in no more; what it raised stays, and its topic is free', async (t) => {
  const ended: string[] = []
  const { app, alarms, audit, send, change, told, states } = await fixture(t, {
    endConnections: async (_tx, id) => void ended.push(id),
  })
  const source = await register(app, DOOR)
  await told('zigbee2mqtt/front-door', { contact: false })
  t.equal((await send('DELETE', `/${source.id}`)).status, 204)
  t.match(audit.at(-1), { action: 'alarm-source-retired', object: `alarm-source:${source.id}` })
  t.strictSame(ended, [source.id])
  t.match(await states(), [{ type: 'door', state: 'cleared' }], 'the alarm is still there')
  t.equal(await alarms.authenticateSource(source.id, source.mqtt.password), false)
  t.match(await alarms.receive(source.id, bytes(message('late'))), { kind: 'rejected' })
  t.match(await send('GET', ''), { items: [] })
  t.match(await send('GET', '?retired=yes'), { items: [{ id: source.id, retiredAt: String }] })
  t.match(await send('GET', `/${source.id}`), { name: source.name, retiredAt: String })
  t.equal((await change(source.id, { name: 'x' })).status, 409)
  t.equal((await send('DELETE', `/${source.id}`)).status, 409)
  t.match(await register(app, DOOR), { topic: DOOR.topic })
})

t.test('renewed credentials are the only ones, and connections made with the old ones end', async (t) => {
  const ended: string[] = []
  const { app, alarms, audit, send } = await fixture(t, { endConnections: async (_tx, id) => void ended.push(id) })
  const source = await register(app)
  const renewed = await send('POST', `/${source.id}/credentials`)
  t.match(renewed, { status: 200, id: source.id, mqtt: { username: source.id, topic: source.mqtt.topic } })
  t.match(audit.at(-1), { action: 'alarm-source-credentials-renewed' })
  t.strictSame(ended, [source.id])
  t.equal(await alarms.authenticateSource(source.id, source.mqtt.password), false)
  t.equal(await alarms.authenticateSource(source.id, renewed.mqtt.password), true)
  const post = (token: string) =>
    app.inject({
      method: 'POST',
      url: `/api/v1/webhooks/${source.id}`,
      headers: { authorization: `Bearer ${token}` },
      payload: message('a'),
    })
  t.equal((await post(source.webhook.token)).statusCode, 401)
  t.equal((await post(renewed.webhook.token)).statusCode, 202)
  t.notMatch(JSON.stringify(audit), new RegExp(`${renewed.webhook.token}|${renewed.mqtt.password}`))
})

t.test('a panel gets another account and key, or none', async (t) => {
  const { app, change, send, database } = await fixture(t)
  const panel = await register(app, { dc09: { account: '1234' } })
  t.match(panel, { silenceSeconds: 600 })
  await register(app, { dc09: { account: '5678' } })
  t.equal((await change(panel.id, { dc09: { account: '5678' } })).status, 409)
  t.match(await change(panel.id, { dc09: { account: 'abc1', key: 'a0'.repeat(16) } }), { status: 200 })
  const accounts = async () =>
    (await database.client.panelAccount.findMany({ orderBy: { account: 'asc' } })).map(({ account }) => account)
  t.strictSame(await accounts(), ['5678', 'ABC1'])
  t.match(await change(panel.id, { dc09: null, silenceSeconds: null }), { status: 200, silenceSeconds: undefined })
  await change(panel.id, { dc09: { account: '1234' } })
  await send('DELETE', `/${panel.id}`)
  t.strictSame(await accounts(), ['5678'], 'an account that is retired is free')
})

t.test('where the trail cannot be written nothing is changed', async (t) => {
  let isFull = false
  const audit: AlarmsDeps['audit'] = {
    append: async () => {
      if (isFull) throw new Error('disk full')
    },
  }
  const { app, alarms, change, send } = await fixture(t, { audit })
  const source = await register(app)
  isFull = true
  t.equal((await change(source.id, { name: 'x', dc09: { account: '1234' } })).status, 500)
  t.equal((await send('POST', `/${source.id}/credentials`)).status, 500)
  t.equal((await send('DELETE', `/${source.id}`)).status, 500)
  t.match(await send('GET', `/${source.id}`), { status: 200, name: source.name, retiredAt: undefined })
  t.equal(await alarms.authenticateSource(source.id, source.mqtt.password), true)
})
