import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { NewLiveEvent } from '../../gateway/contracts/event.ts'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { createEvents, type Events } from '../../gateway/notify/events.ts'
import { MAX_BACKLOG_BYTES, MAX_CONNECTIONS_PER_SESSION, MAX_REPLAY_EVENTS } from '../../gateway/notify/sse.ts'
import { takeNumbers } from '../../gateway/storage/counter.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { quietServer } from '../fakes/quiet-server.ts'
import { readServerSentEvents } from '../fakes/server-sent-events.ts'

const CELL = '370101001001001'
const OTHER_CELL = '370101001001002'

const operator: Principal = {
  kind: 'user',
  id: 'operator',
  name: 'operator',
  roles: ['operator'],
  cellCodes: [CELL],
  sessionId: 'operator',
}
const installer: Principal = { ...operator, id: 'installer', sessionId: 'installer', roles: ['installer'] }
const linkId = randomUUID()
const owner: Principal = {
  kind: 'owner',
  id: 'owner',
  name: 'owner',
  roles: ['feed-owner'],
  cellCodes: undefined,
  sessionId: 'owner',
  linkIds: [linkId],
}
const people: Record<string, Principal> = { operator, installer, owner }

const alarm = (cellCode = CELL, text = ''): NewLiveEvent => ({
  kind: 'alarm',
  cellCode,
  data: {
    id: randomUUID(),
    sourceId: randomUUID(),
    sourceKey: 'k',
    type: 'smoke',
    priority: 1,
    cellCode,
    occurredAt: '2026-03-02T06:03:27.000Z',
    receivedAt: '2026-03-02T06:03:27.000Z',
    state: 'active',
    text,
    occurrences: 1,
    times: { device: '2026-03-02T06:03:27.000Z', gateway: '2026-03-02T06:03:27.000Z' },
  },
})
const link = (id: string): NewLiveEvent => ({
  kind: 'link',
  cellCode: CELL,
  data: { id, cameraId: randomUUID(), cellCode: CELL, state: 'active', since: '2026-03-02T06:03:27.000Z' },
})
const viewEnded = (sessionId: string): NewLiveEvent => ({
  kind: 'view-ended',
  cellCode: CELL,
  sessionId,
  data: { id: randomUUID(), cameraId: randomUUID(), why: 'link-revoked', at: '2026-03-02T06:03:27.000Z' },
})

async function fixture(t: Test): Promise<{ database: Database; events: Events; url: string }> {
  const database = await temporaryDatabase(t)
  const log = pino({ level: 'silent' })
  const events = createEvents({ database, clock: systemClock, log })
  const app = await quietServer(({ authorization }) => people[String(authorization)])
  events.routes(app)
  await events.start()
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    await app.close()
    await events.close()
  })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/api/v1/events`
  return { database, events, url }
}

t.test('each is told what the rights cover, and nothing else', async (t) => {
  const { database, events, url } = await fixture(t)
  const streams = await Promise.all(
    ['operator', 'installer', 'owner'].map((who) => readServerSentEvents(url, { authorization: who })),
  )
  const sent = [
    alarm(OTHER_CELL),
    alarm(),
    link(randomUUID()),
    viewEnded('operator'),
    viewEnded('someone-else'),
    link(linkId),
  ]
  await database.transaction((tx) => events.publishAll(tx, sent))
  const seen = await Promise.all(
    streams.map(async (stream) => {
      const kinds: string[] = []
      for (;;) {
        const { id, event } = await stream.next()
        kinds.push(`${id} ${event}`)
        if (id === '6') return kinds
      }
    }),
  )
  t.strictSame(seen, [['2 alarm', '3 link', '4 view-ended', '6 link'], ['3 link', '6 link'], ['6 link']])
  for (const stream of streams) stream.close()
})

t.test('an event whose transaction is rolled back is told to nobody', async (t) => {
  const { database, events, url } = await fixture(t)
  const stream = await readServerSentEvents(url, { authorization: 'operator' })
  await t.rejects(
    database.transaction(async (tx) => {
      await events.publish(tx, alarm(CELL, 'never'))
      throw new Error('rolled back')
    }),
  )
  await database.transaction((tx) => events.publish(tx, alarm(CELL, 'kept')))
  t.match(await stream.next(), { id: '1', data: { text: 'kept' } })
  stream.close()
})

t.test('Last-Event-ID brings what was missed, in order and once', async (t) => {
  const { database, events, url } = await fixture(t)
  for (let n = 1; n <= 250; n++) await database.transaction((tx) => events.publish(tx, alarm(CELL, `${n}`)))
  const stream = await readServerSentEvents(url, { authorization: 'operator', 'last-event-id': '3' })
  const publishing = (async () => {
    for (let n = 251; n <= 300; n++) await database.transaction((tx) => events.publish(tx, alarm(CELL, `${n}`)))
  })()
  const texts: number[] = []
  while (texts.at(-1) !== 300) texts.push(Number((await stream.next()).data.text))
  await publishing
  t.strictSame(
    texts,
    Array.from({ length: 297 }, (_, at) => at + 4),
  )
  stream.close()
})

t.test('who missed too much, or comes from another history, is told to read again', async (t) => {
  const { database, events, url } = await fixture(t)
  for (let n = 0; n <= MAX_REPLAY_EVENTS; n += 1001) {
    await database.transaction((tx) =>
      events.publishAll(
        tx,
        Array.from({ length: 1001 }, () => alarm()),
      ),
    )
  }
  await database.client.event.deleteMany({ where: { id: { lte: 5 } } })
  const cases = { 'too much': '6', pruned: '2', 'a newer history': '999999' }
  for (const [name, lastEventId] of Object.entries(cases)) {
    const stream = await readServerSentEvents(url, { authorization: 'operator', 'last-event-id': lastEventId })
    t.equal((await stream.next()).event, 'reset', name)
    stream.close()
  }
})

t.test('a session has a bounded number of connections, and its end cuts them all', async (t) => {
  const { events, url } = await fixture(t)
  const streams = await Promise.all(
    Array.from({ length: MAX_CONNECTIONS_PER_SESSION }, () => readServerSentEvents(url, { authorization: 'operator' })),
  )
  const one = await fetch(url, { headers: { authorization: 'operator' } })
  t.equal(one.status, 429)
  const other = await readServerSentEvents(url, { authorization: 'owner' })
  events.endSessions({ sessionId: 'operator' })
  for (const stream of streams) t.equal(await stream.ended(), true)
  other.close()
})

t.test('a reader that does not read is cut and does not hold up the others', async (t) => {
  const { database, events, url } = await fixture(t)
  const stalled = await fetch(url, { headers: { authorization: 'operator' } })
  const reading = await readServerSentEvents(url, { authorization: 'operator' })
  const big = 'x'.repeat(500)
  // More than the socket buffers of both ends and the backlog take together.
  const count = Math.ceil((MAX_BACKLOG_BYTES + 24 * 1024 * 1024) / 900)
  for (let sent = 0; sent < count; sent += 250) {
    const batch = Array.from({ length: 250 }, () => alarm(CELL, big))
    await database.transaction((tx) => events.publishAll(tx, batch))
    for (let n = 0; n < batch.length; n++) await reading.next()
  }
  // A clean end would resolve; a cut one rejects.
  await t.rejects(stalled.arrayBuffer(), TypeError)
  reading.close()
})

t.test('an event arrives within milliseconds of its commit', async (t) => {
  const { database, events, url } = await fixture(t)
  const stream = await readServerSentEvents(url, { authorization: 'operator' })
  const delaysMs: number[] = []
  for (let n = 0; n < 200; n++) {
    const start = performance.now()
    await database.transaction((tx) => events.publish(tx, alarm()))
    await stream.next()
    delaysMs.push(performance.now() - start)
  }
  delaysMs.sort((a, b) => a - b)
  const [p50 = 0, p95 = 0] = [delaysMs[100], delaysMs[190]]
  t.comment(`publish to arrival, commit included: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`)
  t.ok(p95 < 500)
  stream.close()
})

t.test('a HEAD request holds no place', async (t) => {
  const { url } = await fixture(t)
  const headers = { authorization: 'operator' }
  for (let at = 0; at < MAX_CONNECTIONS_PER_SESSION; at++) {
    t.equal((await fetch(url, { method: 'HEAD', headers })).status, 404)
  }
  const stream = await readServerSentEvents(url, headers)
  stream.close()
})

t.test('an event that cannot be read does not keep back those after it', async (t) => {
  const { database, events, url } = await fixture(t)
  const unreadable = { cellCode: CELL, sessionId: null, at: new Date() }
  await database.transaction(async (tx) => {
    const id = await takeNumbers(tx, 'event', 2)
    await tx.event.createMany({
      data: [
        { ...unreadable, id, kind: 'alarm', dataJson: '{"type":"of another release"}' },
        { ...unreadable, id: id + 1n, kind: 'of another release', dataJson: '{}' },
      ],
    })
  })
  const live = await readServerSentEvents(url, { authorization: 'operator' })
  await database.transaction((tx) => events.publish(tx, alarm(CELL, 'after it')))
  t.match(await live.next(), { event: 'alarm', data: { text: 'after it' } })
  live.close()
  const replayed = await readServerSentEvents(url, { authorization: 'operator', 'last-event-id': '0' })
  t.match(await replayed.next(), { event: 'alarm', data: { text: 'after it' } })
  replayed.close()
})
