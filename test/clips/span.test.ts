import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ClipsDeps } from '../../gateway/clips/clips.ts'
import type { ClipSink } from '../../gateway/clips/sources.ts'
import type { Case } from '../../gateway/contracts/case.ts'
import { TIMESCALE } from '../../gateway/media.ts'
import { CAMERA, startClips } from '../fakes/clip-keeper.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'

/** Five parts a second, a key frame every two. */
const PART_MS = 200
const GROUP_MS = 2000
/** An empty box: the bytes of the media do not matter here. */
const box = (type: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 8]), Buffer.from(type)])

/** A camera that plays as fast as the clock is moved, and the alarm of a case. */
async function playing(
  t: Test,
  mayKeep: (recorded: { fromMs: number; toMs: number }) => boolean,
  changes: Partial<ClipsDeps> = {},
) {
  const [database, clock] = [await temporaryDatabase(t), new FakeClock()]
  let sink: ClipSink | undefined
  const relay = {
    ready: async () => ({ kind: 'ready', mimeType: 'video/mp4; codecs="avc1.64001f"' }) as const,
    subscribe: (given: ClipSink) => {
      sink = given
      given.init({ bytes: box('ftyp') })
      return () => {}
    },
  }
  const acquire = async () => ({ relay, release: () => {} })
  const fixture = await startClips(t, database, clock, mayKeep, 'node', { acquire, ...changes })
  await fixture.clips.start()
  t.teardown(() => fixture.clips.close())
  const play = async (ms: number): Promise<void> => {
    for (const untilMs = clock.monotonicMs() + ms; clock.monotonicMs() < untilMs; ) {
      await clock.advance(PART_MS)
      const endTicks = (clock.monotonicMs() / 1000) * TIMESCALE
      const durationTicks = (PART_MS / 1000) * TIMESCALE
      const independent = (clock.monotonicMs() - PART_MS) % GROUP_MS === 0
      const facts = { startTicks: endTicks - durationTicks, durationTicks, independent }
      sink?.chunk({ facts, buffers: [box('moof')], sizeBytes: 8, retain: () => {}, release: () => {} })
    }
  }
  const alarm = (): { caseId: string; alarmMs: number } => {
    const [caseId, alarmMs] = [randomUUID(), clock.now()]
    const openedAt = new Date(alarmMs).toISOString()
    fixture.tell([{ kind: 'case', data: { id: caseId, cameraId: CAMERA, version: 1, openedAt } as Case }]) // all that is read
    return { caseId, alarmMs }
  }
  const settled = async (caseId: string) => {
    for (;;) {
      const clip = await database.client.clip.findFirst({ where: { caseId, state: { not: 'recording' } } })
      if (clip !== null) return clip
      await play(PART_MS)
    }
  }
  return { ...fixture, clock, play, alarm, settled }
}

t.test('ten seconds before the alarm to twenty after it, and nothing on the disk before that', async (t) => {
  const asked: { fromMs: number; toMs: number }[] = []
  const { play, alarm, settled, directory, audit } = await playing(t, (recorded) => asked.push(recorded) > 0)
  await play(30_000)
  const { caseId, alarmMs } = alarm()
  await play(19_800)
  t.equal(existsSync(directory), false)
  const clip = await settled(caseId)
  t.equal(clip.state, 'ready')
  const [startMs, endMs] = [clip.startsAt?.getTime() ?? 0, clip.endsAt?.getTime() ?? 0]
  t.ok(startMs <= alarmMs - 10_000 && startMs > alarmMs - 10_000 - GROUP_MS, `begins ${alarmMs - startMs} ms before`)
  t.ok(endMs >= alarmMs + 20_000 && endMs <= alarmMs + 21_000, `ends ${endMs - alarmMs} ms after`)
  const isAsked = asked.some(({ fromMs, toMs }) => fromMs === startMs && toMs === endMs)
  t.ok(isAsked, 'the gate is asked about every moment of it')
  const bytes = readFileSync(join(directory, `${clip.id}.mp4`))
  t.equal(createHash('sha256').update(bytes).digest('hex'), clip.sha256)
  t.match(audit, [{ action: 'clip-kept', object: `clip:${clip.id}`, detail: { sha256: clip.sha256, caseId } }])
})

t.test('where the gate says no at the end nothing of it was ever on the disk', async (t) => {
  // Asked about a moment it says yes, so that the last seconds are held; about the whole clip it says no.
  const { play, alarm, settled, directory, audit } = await playing(t, ({ fromMs, toMs }) => fromMs === toMs)
  await play(15_000)
  t.match(await settled(alarm().caseId), { state: 'unavailable', why: 'not-agreed', sha256: null })
  t.equal(existsSync(directory), false)
  t.same(audit, [])
})

t.test('a clip that no register knows of is not left on the disk', async (t) => {
  const written = Promise.withResolvers<void>()
  const note = async (): Promise<never> => {
    written.resolve()
    throw new Error('database away')
  }
  const { play, alarm, clips, directory } = await playing(t, () => true, { note })
  await play(15_000)
  alarm()
  await play(21_000)
  await written.promise
  await clips.close()
  t.same(readdirSync(directory), [])
})
