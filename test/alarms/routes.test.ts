import t from 'tap'
import { alarmApp as fixture, newSource, register } from '../fakes/alarm-app.ts'
import { bytes, message, OTHER_CELL } from '../fakes/alarm-gateway.ts'

t.test('a source is registered with credentials that are shown once, and the audit says so', async (t) => {
  const { app, audit, database, alarms } = await fixture(t)
  const source = await register(app)
  t.match(source, {
    name: '北门报警主机',
    mqtt: { username: source.id, topic: `gridlight/v1/in/${source.id}/alarm` },
    webhook: { url: new RegExp(`/api/v1/webhooks/${source.id}$`) },
  })
  t.match(audit, [{ action: 'alarm-source-created', object: `alarm-source:${source.id}`, result: 'done' }])
  t.equal(await alarms.authenticateSource(source.id, source.mqtt.password), true)
  t.equal(await alarms.authenticateSource(source.id, source.webhook.token), false)
  const secrets = [source.mqtt.password, source.webhook.token]
  const stored = JSON.stringify([await database.client.alarmSource.findMany(), audit])
  const list = await app.inject({ url: '/api/v1/alarm-sources', headers: { authorization: 'administrator' } })
  t.equal(list.json().items.length, 1, 'the gateway’s own source is not listed')
  for (const secret of secrets) t.notOk(stored.includes(secret) || list.body.includes(secret))
})

t.test('who may register what', async (t) => {
  const { app } = await fixture(t)
  const cases: [string, object, number, string?][] = [
    ['operator', {}, 403, 'role-not-allowed'],
    ['auditor', {}, 403, 'role-not-allowed'],
    ['installer', {}, 201],
    ['installer', { cellCode: OTHER_CELL }, 403, 'not-in-your-cells'],
    ['administrator', { cellCode: '370101001001009' }, 422, 'unknown-cell'],
    ['administrator', { cameraId: 'c0ffee00-0000-4000-8000-000000000000' }, 400, 'invalid-request'],
    ['administrator', { mapping: 'none-such' }, 400, 'invalid-request'],
    ['administrator', { kind: 'system' }, 400, 'invalid-request'],
  ]
  for (const [authorization, changes, status, code] of cases) {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/alarm-sources',
      headers: { authorization },
      payload: { ...newSource, ...changes },
    })
    t.equal(answer.statusCode, status, `${authorization} ${JSON.stringify(changes)}`)
    if (code !== undefined) t.equal(answer.json().code, code)
  }
})

t.test('webhook: the source’s own token, the same intake, 202 after the commit', async (t) => {
  const { app, database } = await fixture(t)
  const [source, other] = [await register(app), await register(app)]
  const post = (payload: string | object, token: string | undefined, id = source.id) =>
    app.inject({
      method: 'POST',
      url: `/api/v1/webhooks/${id}`,
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      payload,
    })
  const { token } = source.webhook
  const taken = await post(message('w1'), token)
  t.equal(taken.statusCode, 202)
  t.equal((await post(message('w1'), token)).json().id, taken.json().id)
  t.equal(await database.client.alarm.count(), 1)

  t.equal((await post(message('w2'), undefined)).statusCode, 401)
  t.equal((await post(message('w2'), other.webhook.token)).statusCode, 401)
  t.equal((await post(message('w2'), source.mqtt.password)).statusCode, 401)
  t.equal((await post(message('w2'), token, 'c0ffee00-0000-4000-8000-000000000000')).statusCode, 401)
  t.equal((await post('{"id":', token)).json().code, 'invalid-request')
  t.equal((await post({ ...message('w2'), occurredAt: 'soon' }, token)).statusCode, 400)
  t.equal((await post(`"${'x'.repeat(70_000)}"`, token)).statusCode, 413)
  t.equal(await database.client.rejectedInput.count(), 2)
  t.equal(await database.client.alarm.count(), 1)

  const flood = await Promise.all(Array.from({ length: 500 }, (_, n) => post(message(`f${n}`), token)))
  const accepted = flood.filter(({ statusCode }) => statusCode === 202).length
  // A burst of 400, of which four were used above; time stands still here.
  t.equal(accepted, 396)
  t.equal(flood.filter(({ statusCode }) => statusCode === 429).length, 104)
  t.equal(await database.client.alarm.count(), 397)
})

t.test('alarms are listed newest first, by page, filter and cells', async (t) => {
  const { app, alarms } = await fixture(t)
  const [here, there] = [await register(app), await register(app, { cellCode: OTHER_CELL })]
  for (let n = 0; n < 25; n++) {
    const source = n % 5 === 0 ? there : here
    await alarms.receive(source.id, bytes(message(`k${n}`, { priority: n % 2 === 0 ? 1 : 4 })))
  }
  await alarms.receive(here.id, bytes(message('k1', { state: 'cleared' })))
  const list = async (query: string, authorization = 'operator') => {
    const answer = await app.inject({ url: `/api/v1/alarms${query}`, headers: { authorization } })
    return { status: answer.statusCode, body: answer.json() }
  }
  const keys: string[] = []
  for (let cursor = ''; ; ) {
    const { body } = await list(`?limit=7${cursor}`)
    keys.push(...body.items.map(({ sourceKey }: { sourceKey: string }) => sourceKey))
    if (body.nextCursor === undefined) break
    cursor = `&cursor=${body.nextCursor}`
  }
  t.equal(new Set(keys).size, 25)
  t.equal(keys.length, 25)
  t.equal((await list('?priority=1')).body.items.length, 13)
  t.strictSame(
    (await list('?state=cleared')).body.items.map(({ sourceKey }: { sourceKey: string }) => sourceKey),
    ['k1'],
  )
  t.equal((await list(`?cell=${OTHER_CELL}`)).body.items.length, 5)
  t.equal((await list('', 'patrol-lead')).body.items.length, 20)
  t.equal((await list(`?cell=${OTHER_CELL}`, 'patrol-lead')).status, 403)
  t.equal((await list('', 'installer')).status, 403)
  t.equal((await list('?since=2099-01-01T00:00:00Z')).body.items.length, 0)
  t.equal((await list('?cursor=nonsense')).status, 400)
})

t.test('a device is registered by its mapping and topic, and nobody takes another’s', async (t) => {
  const { app } = await fixture(t)
  const post = async (authorization: string, changes: object) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/alarm-sources',
      headers: { authorization },
      payload: { ...newSource, kind: 'sensor', ...changes },
    })
    return { status: answer.statusCode, ...answer.json() }
  }
  const door = { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/front-door', silenceSeconds: 3600 }
  t.match(await post('administrator', door), { status: 201, ...door })
  t.match(await post('administrator', door), { status: 409, code: 'conflict' })
  t.match(
    await post('administrator', { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt', kind: 'bridge', cellCode: OTHER_CELL }),
    {
      status: 201,
    },
  )
  // The bridge speaks for all below its topic, and stands in a cell that the installer does not cover.
  t.match(await post('installer', { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/back-door' }), {
    status: 403,
    code: 'not-in-your-cells',
  })
  const refused: object[] = [
    { mapping: 'zigbee2mqtt', topic: 'gridlight/v1/in' },
    { mapping: 'zigbee2mqtt', topic: '$SYS/x' },
    { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/+' },
    { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt//x' },
    { mapping: 'zigbee2mqtt', topic: 'x'.repeat(201) },
    { topic: 'zigbee2mqtt/x' },
    { ...door, silenceSeconds: 29 },
  ]
  for (const changes of refused) t.match(await post('administrator', changes), { status: 400 }, JSON.stringify(changes))
  const frigate = { mapping: 'frigate', topic: 'frigate' }
  t.match(await post('administrator', { ...frigate, device: 'gate' }), { status: 201 })
  t.match(await post('administrator', { ...frigate, device: 'yard' }), { status: 201 })
  const mappings = await app.inject({ url: '/api/v1/alarm-mappings', headers: { authorization: 'installer' } })
  t.match(
    mappings.json().items.find(({ id }: { id: string }) => id === 'frigate'),
    { takesDevice: true, needsAlarmType: false },
  )
})

t.test('a dry run says which alarm a message would be, or why it is none, and stores nothing', async (t) => {
  const { app, database } = await fixture(t)
  const source = await register(app, { mapping: 'zigbee2mqtt', topic: 'zigbee2mqtt/front-door' })
  const tryOut = async (payload: object, authorization = 'installer') => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/alarm-sources/dry-run',
      headers: { authorization },
      payload,
    })
    return { status: answer.statusCode, ...answer.json() }
  }
  const at = { sourceId: source.id, topic: 'zigbee2mqtt/front-door' }
  t.match(await tryOut({ ...at, payload: { contact: false } }), {
    outcome: 'alarms',
    alarms: [{ rule: 'contact', type: 'door', state: 'active', priority: 3, text: 'zigbee2mqtt/front-door: contact' }],
  })
  t.match(await tryOut({ ...at, payload: { temperature: 3 } }), { outcome: 'ignored', why: 'no rule fits', alarms: [] })
  t.match(await tryOut({ ...at, topic: 'else', payload: 'x' }), {
    outcome: 'ignored',
    why: /no rule is for this topic/,
  })
  t.match(await tryOut({ ...at, payload: '{' }), { outcome: 'rejected', why: 'message is not JSON' })
  t.match(await tryOut({ payload: message('a', { data: { plate: 'x' } }) }), {
    alarms: [{ type: 'intrusion', strippedFields: 1, sourceKey: 'a' }],
  })
  t.match(await tryOut({ payload: { id: 3 } }), { outcome: 'rejected', why: /^id: / })
  const unregistered = { mapping: 'tasmota', registeredTopic: 'plug', alarmType: 'smoke' }
  t.match(await tryOut({ ...unregistered, topic: 'stat/plug/RESULT', payload: { Switch1: { Action: 'ON' } } }), {
    alarms: [{ type: 'smoke', priority: 1 }],
  })
  t.match(await tryOut({ mapping: 'none', payload: 'x' }), { status: 400 })
  t.match(await tryOut(at, 'auditor'), { status: 403 })
  t.equal(await database.client.alarm.count(), 0)
  t.equal(await database.client.rejectedInput.count(), 0)
})

t.test('webhook: an idempotency key stands for the id, and for the name of a device’s message', async (t) => {
  const { app, database } = await fixture(t)
  const own = await register(app)
  const device = await register(app, { mapping: 'shelly-gen1', topic: 'shellies/b1', alarmType: 'panic-button' })
  const post = async (source: { id: string; webhook: { token: string } }, payload: object, key?: string) => {
    const answer = await app.inject({
      method: 'POST',
      url: `/api/v1/webhooks/${source.id}`,
      headers: {
        authorization: `Bearer ${source.webhook.token}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      payload,
    })
    return { status: answer.statusCode, ...answer.json() }
  }
  const { id: _, ...nameless } = message('')
  const first = await post(own, nameless, 'k1')
  t.match(first, { status: 202 })
  t.equal((await post(own, nameless, 'k1')).id, first.id)
  t.equal((await post(own, message('k1'), 'k1')).id, first.id, 'both say the same')
  t.match(await post(own, message('k1'), 'k2'), { status: 400, detail: /idempotency key/ })
  t.match(await post(own, nameless), { status: 400 })
  t.match(await post(own, nameless, 'x'.repeat(129)), { status: 400 })
  const push = { event: 'S', event_cnt: 1 }
  const pushed = await post(device, push, 'p1')
  t.match(pushed, { status: 202 })
  t.equal((await post(device, push, 'p1')).id, pushed.id)
  t.not((await post(device, push, 'p2')).id, pushed.id)
  t.match(await post(device, { lux: 3 }), { status: 200, ignored: 'no rule fits' })
  t.equal(await database.client.alarm.count(), 3)
})

t.test('what could not be taken is listed with its reason, newest first, in the asker’s cells only', async (t) => {
  const { app, alarms } = await fixture(t)
  const [here, there] = [await register(app), await register(app, { cellCode: OTHER_CELL })]
  await alarms.receive(here.id, Buffer.from('{"id":'))
  await alarms.receive(there.id, Buffer.from('x'.repeat(3_000)))
  const get = async (authorization: string, query = '') => {
    const url = `/api/v1/alarm-sources/rejected${query}`
    return (await app.inject({ url, headers: { authorization } })).json()
  }
  const all = (await get('administrator')).items
  t.equal(all.length, 2)
  const long = all.find(({ sourceId }: { sourceId: string }) => sourceId === there.id)
  t.match(long, { payload: /^x{2000}$/, payloadBytes: 3_000 })
  t.match((await get('installer')).items, [{ sourceId: here.id, reason: /.+/, payload: '{"id":' }])
  t.equal((await get('installer')).items.length, 1)
  t.equal((await get('operator')).code, 'role-not-allowed')
  const first = await get('administrator', '?limit=1')
  const second = await get('administrator', `?limit=1&cursor=${first.nextCursor}`)
  t.same([...first.items, ...second.items], all, 'page by page')
  t.equal((await get('administrator', '?cursor=x')).code, 'invalid-request')
})
