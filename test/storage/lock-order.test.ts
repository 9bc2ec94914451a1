import { randomUUID } from 'node:crypto'
import pino from 'pino'
import t, { type Test } from 'tap'
import type { NewLiveEvent } from '../../gateway/contracts/event.ts'
import { DialError } from '../../gateway/dial.ts'
import { createEvents } from '../../gateway/notify/events.ts'
import { Watch } from '../../gateway/registry/watch.ts'
import { takeNumbers } from '../../gateway/storage/counter.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { LEADS_ALWAYS } from '../../gateway/storage/leading-node.ts'
import { FakeClock } from '../fakes/clock.ts'
import { onBothDatabases } from '../fakes/databases.ts'
import { identityFixture } from '../fakes/identity.ts'

/** Transactions that wait for each other in a ring: PostgreSQL ends one of them, and somebody's act is lost. */

const log = pino({ level: 'silent' })
const PEOPLE = 6
const SIGN_INS = 2

/** A recorder with two cameras. */
async function recorder(database: Database): Promise<string[]> {
  const [deviceId, at] = [randomUUID(), new Date(0)]
  const times = { createdAt: at, updatedAt: at }
  const address = '127.0.0.1'
  await database.client.device.create({
    data: { id: deviceId, address, kind: 'rtsp', deviceProfile: 'generic', ...times },
  })
  const ids = [randomUUID(), randomUUID()].toSorted()
  for (const [channel, id] of ids.entries()) {
    const place = { name: `${channel}`, cellCode: '990123101001001', placeClass: 'other', ownership: 'public' }
    const state = { state: 'online', stateSince: at }
    await database.client.camera.create({ data: { id, deviceId, channel: `${channel}`, ...place, ...state, ...times } })
    const stream = { role: 'main', codec: 'h264', width: 1, height: 1, uri: `rtsp://${address}:1/${channel}` }
    await database.client.stream.create({ data: { id: randomUUID(), cameraId: id, ...stream } })
  }
  return ids
}

await onBothDatabases(t, async (t, open: (t: Test) => Promise<Database>) => {
  await t.test('the trail comes before the events, or not at all', async (t) => {
    const database = await open(t)
    const both = (first: 'audit' | 'event', second: 'audit' | 'event'): Promise<bigint> =>
      database.transaction(async (tx) => {
        await takeNumbers(tx, first)
        return takeNumbers(tx, second)
      })
    await t.rejects(both('event', 'audit'), /write the audit entry first/)
    const done = await Promise.all(Array.from({ length: 20 }, () => both('audit', 'event')))
    t.equal(done.length, 20)
  })

  await t.test('people sign out while their passwords are changed', async (t) => {
    const { app, identity, addUser, signIn } = await identityFixture(t, { database: await open(t) })
    const names = Array.from({ length: PEOPLE }, (_, at) => `person-${at}`)
    const people = await Promise.all(names.map((name) => addUser(name, ['operator'])))
    const headers = await Promise.all(
      Array.from({ length: SIGN_INS }, () => names).flatMap((all) => all.map((name) => signIn(name))),
    )
    const statuses: number[] = []
    await Promise.all([
      ...headers.map(async (header) => {
        const reply = await app.inject({ method: 'DELETE', url: '/api/v1/session', headers: header })
        statuses.push(reply.statusCode)
      }),
      ...people.map((id) => identity.users.change(id, { disabled: true }, { kind: 'system', name: 'test' })),
    ])
    t.equal(statuses.length, PEOPLE * SIGN_INS)
    t.same(
      [...new Set(statuses)].filter((status) => status !== 204 && status !== 401),
      [],
      'done, or ended already',
    )
  })

  await t.test('a recorder goes offline while somebody changes its second camera', async (t) => {
    const database = await open(t)
    const [first = '', second = ''] = await recorder(database)
    const clock = new FakeClock()
    const events = createEvents({ database, clock, log })
    const told = Promise.withResolvers<void>()
    const changing = Promise.withResolvers<void>()
    const unreachable = {
      allows: () => true,
      check: async () => ({ ok: true, address: '127.0.0.1' }) as const,
      connect: () => Promise.reject(new DialError('refused', 'on purpose')),
    }
    let stored = 0
    const publish = async (...[tx, event]: Parameters<typeof events.publish>): Promise<void> => {
      await events.publish(tx, event)
      stored = await tx.camera.count({ where: { state: 'offline' } })
      told.resolve()
      if (database.provider === 'postgresql') await changing.promise
    }
    const linkedCameraIds = async (): Promise<ReadonlySet<string>> => new Set([first, second])
    const watch = new Watch({
      database,
      clock,
      log,
      newId: randomUUID,
      dialer: unreachable,
      events: { publish },
      alarms: { raiseOwn: async () => undefined, openOwn: async () => [] },
      linkedCameraIds,
      lead: LEADS_ALWAYS,
    })
    watch.start()
    t.teardown(() => watch.close())
    let isTold = false
    void told.promise.then(() => {
      isTold = true
    })
    while (!isTold) await clock.advance(1_000)
    t.equal(stored, 2, 'both cameras are stored before the first number is taken')

    const data = { id: second, name: '1', cellCode: '990123101001001', since: new Date(0).toISOString() }
    const event: NewLiveEvent = { kind: 'camera', cellCode: data.cellCode, data: { ...data, state: 'online' } }
    const change = database.transaction(async (tx) => {
      await tx.setting.create({ data: { name: 'begun', value: '1' } })
      changing.resolve()
      await tx.camera.update({ where: { id: second }, data: { name: 'renamed' } })
      await events.publish(tx, event)
    })
    await change
    t.equal((await database.client.camera.findUnique({ where: { id: second } }))?.name, 'renamed')
  })
})
