import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Clips } from '../../gateway/clips/clips.ts'
import { ClipFiles } from '../../gateway/clips/files.ts'
import { PreRoll } from '../../gateway/clips/pre-roll.ts'
import { ROW_BYTES } from '../../gateway/clips/rows.ts'
import type { ClipChunk, ClipSink } from '../../gateway/clips/sources.ts'
import { beginClip } from '../../gateway/clips/store.ts'
import type { Case } from '../../gateway/contracts/case.ts'
import type { App } from '../../gateway/http/route.ts'
import { TIMESCALE } from '../../gateway/media.ts'
import { CAMERA, startClips } from '../fakes/clip-keeper.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { onBothDatabases } from '../fakes/databases.ts'
import { quietServer } from '../fakes/quiet-server.ts'

/** The routes of one gateway's clips, asked by an operator. */
async function served(t: Test, { clips }: { clips: Clips }): Promise<App> {
  const app = await quietServer(() => ({
    kind: 'user',
    id: 'u',
    name: 'u',
    roles: ['operator'],
    cellCodes: undefined,
    sessionId: 's',
  }))
  clips.routes(app)
  t.teardown(() => app.close())
  return app
}

const row = (id: string, caseId: string) => ({
  ...{ id, caseId, cameraId: CAMERA, cellCode: '370101001001001', placeClass: 'other' as const, nodeId: 'node' },
  alarmAt: new Date(0),
})

t.test('a clip is deleted when its time is over, and the trail proves it', async (t) => {
  const database = await temporaryDatabase(t)
  const clock = new FakeClock()
  const { clips, directory, audit } = await startClips(t, database, clock, () => true)
  mkdirSync(directory, { recursive: true })
  const [over, still] = [randomUUID(), randomUUID()]
  for (const [id, keepUntil] of [
    [over, clock.now()],
    [still, clock.now() + 1],
  ] as const) {
    await beginClip(database, row(id, randomUUID()))
    const ready = { state: 'ready', sha256: 'aa', keepUntil: new Date(keepUntil) }
    await database.client.clip.update({ where: { id }, data: ready })
    writeFileSync(join(directory, `${id}.mp4`), 'x')
  }
  t.equal(await clips.deleteExpired(), 1)
  t.equal(existsSync(join(directory, `${over}.mp4`)), false)
  t.equal(existsSync(join(directory, `${still}.mp4`)), true)
  t.match(await database.client.clip.findUnique({ where: { id: over } }), { state: 'deleted', deletedAt: Date })
  t.match(audit, [{ action: 'clip-deleted', object: `clip:${over}`, why: 'retention', detail: { sha256: 'aa' } }])
  t.equal(await clips.deleteExpired(), 0)
})

t.test('a clip that the storage holds on to does not keep the others', async (t) => {
  const database = await temporaryDatabase(t)
  const clock = new FakeClock()
  const { clips, directory } = await startClips(t, database, clock, () => true)
  const [stuck, over] = [randomUUID(), randomUUID()]
  // A directory in its place is not removed as a file.
  mkdirSync(join(directory, `${stuck}.mp4`), { recursive: true })
  writeFileSync(join(directory, `${over}.mp4`), 'x')
  for (const [id, agoMs] of [
    [stuck, 1000],
    [over, 0],
  ] as const) {
    await beginClip(database, row(id, randomUUID()))
    const ready = { state: 'ready', keepUntil: new Date(clock.now() - agoMs) }
    await database.client.clip.update({ where: { id }, data: ready })
  }
  t.equal(await clips.deleteExpired(), 1)
  t.equal(existsSync(join(directory, `${over}.mp4`)), false)
  t.match(await database.client.clip.findUnique({ where: { id: stuck } }), { state: 'ready' }, 'not called deleted')
})

await onBothDatabases(t, async (t, open) => {
  t.test('a clip that one gateway kept is opened at another of the same database, and deleted once', async (t) => {
    const database = await open(t)
    const clock = new FakeClock()
    const keeper = await startClips(t, database, clock, () => true)
    const other = await startClips(t, database, clock, () => true, 'other')
    const id = randomUUID()
    const bytes = randomBytes(ROW_BYTES * 2 + 1000)
    const pieces = [bytes.subarray(0, 10), bytes.subarray(10, ROW_BYTES + 7), bytes.subarray(ROW_BYTES + 7)]
    const files = new ClipFiles(keeper.directory)
    const isShared = database.provider === 'postgresql'
    const kept = await files.write(id, pieces)
    t.same(kept, { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    await beginClip(database, row(id, randomUUID()))
    const data = { state: 'ready', keepUntil: new Date(clock.now() + 1000), ...kept }
    await database.client.clip.update({ where: { id }, data })
    // Shared, it lies in the database: at once, or from the next start on where it was kept as a file.
    await keeper.clips.start()
    await keeper.clips.close()
    t.same(await files.ids(), isShared ? [] : [id])

    const app = await served(t, isShared ? other : keeper)
    const get = async (range?: string, query = 'reason=case') => {
      const headers = range === undefined ? {} : { range }
      const { statusCode, rawPayload } = await app.inject({ url: `/api/v1/clips/${id}?${query}`, headers })
      return { statusCode, bytes: rawPayload }
    }
    t.ok((await get()).bytes.equals(bytes), 'the whole')
    for (const [from, to] of [
      [0, 0],
      [ROW_BYTES - 1, ROW_BYTES],
      [ROW_BYTES, 2 * ROW_BYTES - 1],
      [5, bytes.length - 1],
    ] as const) {
      const part = await get(`bytes=${from}-${to}`)
      t.ok(part.statusCode === 206 && part.bytes.equals(bytes.subarray(from, to + 1)), `${from} to ${to}`)
    }
    const exported = () => get(undefined, `reason=${encodeURIComponent('派出所调取')}&download=true`)
    t.equal((await exported()).statusCode, 200, 'and it is what was kept')
    await clock.advance(1000)
    if (isShared) {
      const second = { clipId_at: { clipId: id, at: 1 } }
      await database.client.clipPiece.update({ where: second, data: { bytes: new Uint8Array(ROW_BYTES) } })
      t.equal((await exported()).statusCode, 409, 'a changed one is not handed out')
    } else t.equal(await other.clips.deleteExpired(), 0, 'another node does not reach its file')
    t.equal((await keeper.clips.deleteExpired()) + (await other.clips.deleteExpired()), 1)
    t.equal(await database.client.clipPiece.count(), 0)
    t.same([...other.audit, ...keeper.audit].filter(({ action }) => action === 'clip-deleted').length, 1)
    t.equal((await get()).statusCode, 404)
  })
})

t.test('one clip for a case and camera, whoever comes second; what a crash interrupted says so', async (t) => {
  const database = await temporaryDatabase(t)
  const [id, caseId] = [randomUUID(), randomUUID()]
  t.equal(await beginClip(database, row(id, caseId)), true)
  t.equal(await beginClip(database, row(randomUUID(), caseId)), false)
  const { clips, noted } = await startClips(t, database, new FakeClock(), () => true)
  t.teardown(() => clips.close())
  await clips.start()
  t.match(await database.client.clip.findUnique({ where: { id } }), { state: 'unavailable', why: 'interrupted' })
  t.same(noted, ['clip-unavailable'])
})

t.test('a camera that is down is said to be; one whose link does not cover it has nothing at all', async (t) => {
  const database = await temporaryDatabase(t)
  let mayKeep = true
  const { clips, tell, directory } = await startClips(t, database, new FakeClock(), () => mayKeep)
  await clips.start()
  const caseId = randomUUID()
  const one = { id: caseId, cameraId: CAMERA, version: 1, openedAt: '2026-03-02T06:03:27.000Z' } as Case // all that is read
  tell([{ kind: 'case', data: one }])
  for (;;) {
    // SQLite answers without a turn of the event loop, which others need.
    await new Promise(setImmediate)
    const clip = await database.client.clip.findFirst({ where: { caseId, state: 'unavailable' } })
    if (clip === null) continue
    t.equal(clip.why, 'camera-down')
    break
  }
  tell([{ kind: 'case', data: { ...one, id: randomUUID(), version: 2 } }])
  await clips.close()
  mayKeep = false
  const again = await startClips(t, database, new FakeClock(), () => mayKeep)
  await again.clips.start()
  again.tell([{ kind: 'case', data: { ...one, id: randomUUID() } }])
  await again.clips.close()
  t.equal(await database.client.clip.count(), 1)
  t.equal(existsSync(directory) || existsSync(again.directory), false)
})

t.test('the last seconds begin with a key frame, are bounded, and are given back', async (t) => {
  let now = 0
  let held = 0
  let sink: ClipSink | undefined
  const preRoll = new PreRoll(
    {
      relay: {
        ready: async () => ({ kind: 'failed' }),
        subscribe: (given) => {
          sink = given
          return () => {}
        },
      },
      release: () => {},
    },
    10_000,
    () => now,
  )
  const chunk = (independent: boolean): ClipChunk => ({
    facts: { startTicks: (now / 1000) * TIMESCALE, durationTicks: TIMESCALE / 5, independent },
    buffers: [],
    sizeBytes: 1000,
    retain: () => (held += 1),
    release: () => {
      held -= 1
    },
  })
  const play = (seconds: number): void => {
    for (let n = 0; n < seconds * 5; n++) {
      now += 200
      sink?.chunk(chunk(now % 2000 === 200))
    }
  }
  t.equal(preRoll.take(0, 0), undefined, 'nothing came yet')
  sink?.init({ bytes: Buffer.from('a') })
  play(60)
  t.ok(held >= 50 && held <= 61, `${held} chunks of ten seconds and a group of pictures`)
  const alarm = now
  const unwant = preRoll.want(alarm - 10_000)
  play(20)
  const stretch = preRoll.take(alarm - 10_000, alarm + 20_000)
  t.ok(stretch?.chunks[0]?.facts.independent)
  t.ok((stretch?.fromMs ?? 0) <= alarm - 10_000 && (stretch?.fromMs ?? 0) > alarm - 12_100)
  t.equal(stretch?.toMs, alarm + 20_000)
  for (const one of stretch?.chunks ?? []) one.release()
  unwant()
  play(15)
  t.ok(held <= 61, `${held} chunks once no clip is under way`)
  sink?.init({ bytes: Buffer.from('b') })
  play(4)
  const newest = preRoll.take(now - 10_000, now)
  t.equal(newest?.init.toString(), 'b', 'one header')
  for (const one of newest?.chunks ?? []) one.release()
  t.equal(preRoll.take(now + 1, now + 2), undefined, 'a camera that went away')
  preRoll.close()
  t.equal(held, 0)
})
