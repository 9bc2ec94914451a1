import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { createVault } from '../../gateway/vault.ts'
import { ADMIN, type ChannelFixture, startChannels } from '../fakes/channel-gateway.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { onBothDatabases } from '../fakes/databases.ts'
import { DINGTALK_SECRET, FEISHU_SECRET, type Messenger, SMS_SECRET, startMessenger } from '../fakes/messenger.ts'

/** Lets time pass in small steps until the case is as wished: what sends has its own pace. */
async function until({ read, clock }: ChannelFixture, id: string, isThere: (one: Case) => boolean): Promise<Case> {
  for (;;) {
    const one = await read(id)
    if (isThere(one)) return one
    await clock.advance(500)
  }
}

/** Time goes no faster than the gateway reads: the minute in which somebody has to answer is not to pass meanwhile. */
async function paced({ read, clock }: ChannelFixture, id: string): Promise<void> {
  await read(id)
  await clock.advance(100)
}

async function dispatched(fixture: ChannelFixture, text = '东街口'): Promise<Case> {
  const { id } = await fixture.raise({ text })
  await fixture.act('operator', id, 'acknowledge')
  await fixture.act('operator', id, 'dispatch')
  return fixture.read(id)
}

const states = (one: Case): string[] => one.notifications.map(({ channel, state }) => `${channel} ${state}`)

const wecomOf = ({ url }: Messenger) => ({ kind: 'wecom', url: `${url}/cgi-bin/webhook/send?key=wecom-key` }) as const

await onBothDatabases(t, async (t, open) => {
  const started = async (t: Test, database?: Database) => {
    const clock = new FakeClock()
    const messenger = await startMessenger(t, () => clock.now())
    const fixture = await startChannels(t, database ?? (await open(t)), { clock })
    return { ...fixture, messenger }
  }

  t.test('a silent page brings the next channel, one after the other', async (t) => {
    const fixture = await started(t)
    const { messenger, clock, post, add } = fixture
    await fixture.channels.setPhone('lead', '13800001111', ADMIN)
    await add({ ...wecomOf(messenger), position: 1, consoleUrl: 'https://gridlight.example' })
    await add({
      kind: 'dingtalk',
      position: 2,
      url: `${messenger.url}/robot/send?access_token=ding-token`,
      secret: DINGTALK_SECRET,
    })
    await add({
      kind: 'feishu',
      position: 3,
      url: `${messenger.url}/open-apis/bot/v2/hook/feishu-hook`,
      secret: FEISHU_SECRET,
    })
    await add({ kind: 'sms', position: 4, url: `${messenger.url}/sms`, secret: SMS_SECRET })
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await dispatched(fixture)
    await clock.advance(14_000)
    t.same(states(await fixture.read(id)), ['duty-page sent'])
    t.equal(messenger.requests.count, 0, 'a page that has its time is not doubled')

    await until(fixture, id, ({ notifications }) => notifications[1]?.state === 'accepted')
    t.match(messenger.taken[0], {
      path: '/cgi-bin/webhook/send',
      body: { text: { content: /东街口[\s\S]*patrol\?case=/, mentioned_mobile_list: ['13800001111'] } },
    })
    await until(fixture, id, ({ notifications }) => notifications[2]?.state === 'accepted')
    await until(fixture, id, ({ notifications }) => notifications[3]?.state === 'accepted')
    t.same(states(await fixture.read(id)), [
      'duty-page undelivered',
      'wecom accepted',
      'dingtalk accepted',
      'feishu accepted',
    ])
  })

  t.test('the page is opened from the message: a receipt, after which no further channel is asked', async (t) => {
    const fixture = await started(t)
    const { messenger, clock, post, add } = fixture
    await add({ ...wecomOf(messenger), position: 1 })
    await add({
      kind: 'feishu',
      position: 2,
      url: `${messenger.url}/open-apis/bot/v2/hook/feishu-hook`,
      secret: FEISHU_SECRET,
    })
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await dispatched(fixture)
    await until(fixture, id, ({ notifications }) => notifications[1]?.state === 'accepted')
    await post('lead', `/api/v1/cases/${id}/receipt`, {})
    await clock.advance(25_000) // the second channel would be asked after 15 s, the deputy 45 s after the first
    const seen = await fixture.read(id)
    t.same(states(seen), ['duty-page delivered', 'wecom accepted'])
    t.same(seen.timeline.map(({ action, text }) => [action, text].filter(Boolean).join(' ')).slice(3), [
      'undelivered LEAD',
      'message-taken LEAD · wecom',
      'delivered lead',
    ])
  })

  t.test(
    'a text message is for one person and is signed; without a number the next channel is asked at once',
    async (t) => {
      const fixture = await started(t)
      const { messenger, post, add, channels } = fixture
      await add({
        kind: 'sms',
        position: 1,
        url: `${messenger.url}/sms`,
        secret: SMS_SECRET,
        template: '{"to":"{{phone}}","params":["{{number}}","{{text}}"]}',
      })
      await add({ ...wecomOf(messenger), position: 2 })
      await post('lead', '/api/v1/duty', { on: true })
      const first = await dispatched(fixture)
      const one = await until(fixture, first.id, ({ notifications }) => notifications[2]?.state === 'accepted')
      t.same(states(one), ['duty-page undelivered', 'sms undelivered', 'wecom accepted'])
      t.equal(one.notifications[1]?.fault, 'no-phone-number')

      const administrator = {
        kind: 'user',
        id: 'a',
        name: 'a',
        roles: [],
        cellCodes: undefined,
        sessionId: '',
      } as const
      await channels.setPhone('lead', '13800001111', administrator)
      await fixture.act('lead', first.id, 'accept')
      const second = await dispatched(fixture)
      await until(fixture, second.id, ({ notifications }) => notifications[1]?.state === 'accepted')
      t.match(messenger.taken[1], { path: '/sms', body: { to: '13800001111', params: { 0: /^2026-0002$/ } } })
    },
  )

  t.test('an answered case sends nothing, off duty nobody is written to, other cells have their own', async (t) => {
    const fixture = await started(t)
    const { messenger, clock, post, add, act } = fixture
    await add({ ...wecomOf(messenger), name: 'elsewhere', position: 0, cellCodes: ['370101001001002'] })
    await add({ ...wecomOf(messenger), name: 'off', position: 1, enabled: false })
    await add({ ...wecomOf(messenger), name: 'here', position: 2 })
    const nobody = await dispatched(fixture)
    t.match(nobody, { timeline: { 3: { action: 'undelivered' } }, notifications: [] })
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await dispatched(fixture)
    await act('lead', id, 'accept')
    await until(fixture, id, ({ notifications }) => notifications[0]?.state === 'undelivered')
    for (let n = 0; n < 20; n++) await clock.advance(1000)
    t.same(states(await fixture.read(id)), ['duty-page undelivered'])
    t.equal(messenger.requests.count, 0)
    const open = await dispatched(fixture)
    const one = await until(fixture, open.id, ({ notifications }) => notifications[1]?.state === 'accepted')
    t.equal(one.notifications[1]?.channelName, 'here')
  })

  t.test('a message is tried again when it is time, though nothing else happens meanwhile', async (t) => {
    const fixture = await started(t)
    const { messenger, clock, add, post } = fixture
    await add(wecomOf(messenger))
    await post('lead', '/api/v1/duty', { on: true })
    messenger.answer.with = { status: 502, body: 'bad gateway' }
    const { id } = await dispatched(fixture)
    await until(fixture, id, ({ notifications }) => notifications.length === 2)
    // After 0.75, 1.5, 3 and 6 s, of which it is looked for each second.
    for (let steps = 0; messenger.requests.count < 5 && steps < 100; steps += 1) {
      await clock.advance(250)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    t.equal(messenger.requests.count, 5)
  })

  t.test('messages wait for a provider that is down, in order, over a restart, and go out together', async (t) => {
    const database = await open(t)
    const clock = new FakeClock()
    const messenger = await startMessenger(t, () => clock.now())
    const vault = createVault([randomBytes(32)])
    const before = await startChannels(t, database, { clock, vault })
    await before.add(wecomOf(messenger))
    await before.post('lead', '/api/v1/duty', { on: true })
    messenger.answer.with = { status: 502, body: 'bad gateway' }
    const ids: string[] = []
    for (let n = 0; n < 3; n++) ids.push((await dispatched(before)).id)
    const last = ids[2] ?? ''
    await until(before, last, ({ notifications }) => notifications.length === 2)
    while (messenger.requests.count < 3) await paced(before, last)
    t.equal(messenger.taken.length, 0)
    await before.stop()

    const after = await startChannels(t, database, { clock, vault })
    delete messenger.answer.with
    await until(after, last, ({ notifications }) => notifications[1]?.state === 'accepted')
    const told = messenger.taken.map(({ body }) => (body.text as { content: string }).content).join('\n')
    t.same(
      [...told.matchAll(/2026-(\d{4})/g)].map(([, number]) => number),
      ['0001', '0002', '0003'],
      'each once, in order',
    )
    t.ok(messenger.taken.length <= 2, `${messenger.taken.length} messages for three cases`)
  })

  t.test('of ten cases that waited every one is told to its end, in as many messages as that takes', async (t) => {
    const fixture = await started(t)
    const { messenger, clock, add, post, read } = fixture
    await add(wecomOf(messenger))
    await post('lead', '/api/v1/duty', { on: true })
    messenger.answer.with = { status: 502, body: 'bad gateway' }
    const ids: string[] = []
    for (let n = 0; n < 10; n++) ids.push((await dispatched(fixture, '水位超过警戒线'.repeat(10))).id)
    await clock.advance(15_000)
    // In small steps: the minute in which somebody has to answer is not to pass.
    const isQueued = async (): Promise<boolean> =>
      (await Promise.all(ids.map(read))).every(({ notifications }) => notifications.length === 2)
    while (!(await isQueued())) await clock.advance(50)
    delete messenger.answer.with
    for (const id of ids) await until(fixture, id, ({ notifications }) => notifications[1]?.state === 'accepted')
    const told = messenger.taken.map(({ body }) => (body.text as { content: string }).content).join('\n')
    t.same(
      [...told.matchAll(/案卷2026-(\d{4}) .*请签收$/gm)].map(([, number]) => number),
      Array.from({ length: 10 }, (_, n) => `${n + 1}`.padStart(4, '0')),
    )
  })

  t.test('who goes off duty with a case unanswered is written to no more, and the deputy is asked', async (t) => {
    const fixture = await started(t)
    const { messenger, clock, add, post, read } = fixture
    await add({ ...wecomOf(messenger), position: 1 })
    await add({ ...wecomOf(messenger), position: 2, name: 'second' })
    for (const who of ['lead', 'deputy'] as const) await post(who, '/api/v1/duty', { on: true })

    const early = await dispatched(fixture)
    await clock.advance(10_000)
    await post('lead', '/api/v1/duty', { on: false })
    await until(fixture, early.id, ({ notifications }) => notifications[0]?.state === 'undelivered')
    for (let n = 0; n < 30; n++) await clock.advance(1000)
    t.same(states(await read(early.id)), ['duty-page undelivered'])
    t.equal(messenger.requests.count, 0, 'no channel is asked')
    await until(fixture, early.id, ({ assignee }) => assignee?.name === 'DEPUTY')
    await fixture.act('deputy', early.id, 'accept')

    await post('lead', '/api/v1/duty', { on: true })
    messenger.answer.with = { status: 502, body: 'bad gateway' }
    const late = await dispatched(fixture)
    await until(fixture, late.id, ({ notifications }) => notifications.length === 2)
    while (messenger.requests.count === 0) await paced(fixture, late.id)
    await post('lead', '/api/v1/duty', { on: false })
    delete messenger.answer.with
    const one = await until(fixture, late.id, ({ notifications }) => notifications[1]?.state !== 'sent')
    t.equal(one.notifications[1]?.state, 'not-needed', 'what waits in the queue is not sent any more')
    t.equal(messenger.taken.length, 0)
  })

  t.test('what is refused for good is a dead letter on the case and in the list, and can be tried again', async (t) => {
    const fixture = await started(t)
    const { messenger, call, post, add } = fixture
    const { id: channelId } = await add({ kind: 'wecom', url: `${messenger.url}/cgi-bin/webhook/send?key=wrong` })
    await post('lead', '/api/v1/duty', { on: true })
    const { id } = await dispatched(fixture)
    const one = await until(fixture, id, ({ notifications }) => notifications[1]?.state === 'undelivered')
    t.equal(one.notifications[1]?.fault, 'robot-not-found')
    const dead = await call('GET', 'administrator', '/api/v1/deliveries')
    t.match(dead.body, { items: [{ caseId: id, to: 'LEAD', state: 'dead', fault: 'robot-not-found', attempts: 1 }] })
    t.match((await call('GET', 'administrator', '/api/v1/channels')).body, { items: [{ dead: 1, waiting: 0 }] })

    const url = `${messenger.url}/cgi-bin/webhook/send?key=wecom-key`
    t.match(await call('PATCH', 'administrator', `/api/v1/channels/${channelId}`, { url }), { status: 200 })
    const [delivery] = dead.body.items as { id: string }[]
    const retry = `/api/v1/deliveries/${delivery?.id}/retry`
    t.match(await call('POST', 'administrator', retry), { status: 204 })
    await until(fixture, id, ({ notifications }) => notifications[1]?.state === 'accepted')
    t.match(await call('POST', 'administrator', retry), { status: 409 })
    const told = fixture.audit.filter(({ action }) => action === 'delivery-retried')
    t.equal(told.length, 1, 'what was not done is not in the trail')
  })

  t.test('the next step is told in the language of whoever tries a channel', async (t) => {
    const { add, app, messenger } = await started(t)
    const { id } = await add({ kind: 'wecom', url: `${messenger.url}/cgi-bin/webhook/send?key=wrong` })
    const url = `/api/v1/channels/${id}/test`
    for (const [language, nextStep] of [
      ['zh-CN', /^[^a-z]*$/],
      ['en', /^\P{Script=Han}*$/u],
    ] as const) {
      const headers = { authorization: 'administrator', 'accept-language': language }
      const tried = await app.inject({ method: 'POST', url, headers, payload: {} })
      t.match(tried.json(), { ok: false, fault: 'robot-not-found', nextStep }, language)
    }
  })

  t.test('the twenty-first message of a minute waits for the next', async (t) => {
    const fixture = await started(t)
    const { messenger, call, add, clock } = fixture
    const { id } = await add(wecomOf(messenger))
    for (let n = 0; n < 20; n++) {
      t.match((await call('POST', 'administrator', `/api/v1/channels/${id}/test`, {})).body, { ok: true }, `${n}`)
    }
    const full = await call('POST', 'administrator', `/api/v1/channels/${id}/test`, {})
    t.match(full.body, { ok: false, fault: 'too-many-messages', nextStep: String })
    t.equal(messenger.requests.count, 20)
    await fixture.post('lead', '/api/v1/duty', { on: true })
    await clock.advance(30_000)
    const sent = await dispatched(fixture)
    await until(fixture, sent.id, ({ notifications }) => notifications.length === 2)
    for (let n = 0; n < 5; n++) await clock.advance(1000)
    t.equal(messenger.requests.count, 20, 'held back')
    await until(fixture, sent.id, ({ notifications }) => notifications[1]?.state === 'accepted')
    t.equal(messenger.requests.count, 21)
  })
})

t.test('secrets stay in: not in answers, the trail or the tables', async (t) => {
  const database = await temporaryDatabase(t)
  const fixture = await startChannels(t, database)
  const { call, audit } = fixture
  const canary = 'canary-7f3a'
  const made = await call('POST', 'administrator', '/api/v1/channels', {
    name: '东街群',
    kind: 'dingtalk',
    url: `https://oapi.dingtalk.com/robot/send?access_token=${canary}`,
    secret: `${canary}-secret`,
    ratePerMinute: 500,
  })
  t.match(made, {
    status: 201,
    body: { host: 'oapi.dingtalk.com', hasSecret: true, ratePerMinute: 20, networks: [], enabled: true },
  })
  const id = String(made.body.id)
  await call('PATCH', 'administrator', `/api/v1/channels/${id}`, { secret: null, name: '西街群' })
  const listed = await call('GET', 'administrator', '/api/v1/channels')
  t.match(listed.body, { items: [{ name: '西街群', hasSecret: false }] })
  const rows = await database.client.channel.findMany()
  const tables = rows.map(({ sealedSettings, ...row }) => [Buffer.from(sealedSettings).toString('latin1'), row])
  const text = JSON.stringify([made, listed, audit, tables], (_key, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  t.notMatch(text, canary)
  t.same(
    audit.map(({ action }) => action),
    ['channel-created', 'channel-changed'],
  )
  for (const who of ['operator', 'lead', 'auditor', 'installer'] as const) {
    t.match(await call('GET', who, '/api/v1/channels'), { status: 403 }, who)
    t.match(await call('POST', who, `/api/v1/channels/${id}/test`, {}), { status: 403 }, who)
  }
  t.match(await call('DELETE', 'administrator', `/api/v1/channels/${id}`), { status: 204 })
  t.match(await call('DELETE', 'administrator', `/api/v1/channels/${id}`), { status: 404 })
  t.match(
    await call('POST', 'administrator', '/api/v1/channels', {
      name: 'x',
      kind: 'sms',
      url: 'https://x.example',
      template: '{}',
    }),
    { status: 400, body: { detail: /template: names no/ } },
  )
  for (const bad of ['ftp://x.example', 'file:///etc/passwd', 'x']) {
    const answer = await call('POST', 'administrator', '/api/v1/channels', { name: 'x', kind: 'sms', url: bad })
    t.equal(answer.status, 400, bad)
  }
})

t.test('nothing goes to a private address that no administrator has listed', async (t) => {
  const messenger = await startMessenger(t)
  const fixture = await startChannels(t, await temporaryDatabase(t))
  const { id } = await fixture.add({ ...wecomOf(messenger), networks: [] })
  const answer = await fixture.call('POST', 'administrator', `/api/v1/channels/${id}/test`, {})
  t.match(answer.body, { ok: false, fault: 'address-not-allowed', nextStep: /networks/ })
  t.equal(messenger.requests.count, 0)
})
