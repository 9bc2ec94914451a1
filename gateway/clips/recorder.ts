import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { wholeFile } from '../cmaf/whole-file.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import type { PlaceClass } from '../contracts/camera.ts'
import type { Case } from '../contracts/case.ts'
import { CLIP_AFTER_MS, CLIP_BEFORE_MS, type ClipAbsence } from '../contracts/clip.ts'
import { TIMESCALE } from '../media.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { ClipStorage } from './files.ts'
import type { PreRoll, Stretch } from './pre-roll.ts'
import type { PreRolls } from './pre-rolls.ts'
import { beginClip, changeClip, daysFor, interruptedClips, readRetention } from './store.ts'

/** Clips under way at once: each may hold a camera's last half minute in memory. */
const MAX_UNDER_WAY = 50
/** A chunk is there up to this long after its last frame was taken. */
const PART_LAG_MS = 500
const DAY_MS = 86_400_000

export interface RecorderDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  nodeId: string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  camera(id: string): Promise<{ cellCode: string; placeClass: PlaceClass; removed: boolean } | undefined>
  /** The gate's word: may the gateway keep what this camera showed from then to then, UTC ms? */
  mayKeep(recorded: { cameraId: string; fromMs: number; toMs: number }): Promise<boolean>
  /** Writes `action` into the timeline of the case and tells it, in the transaction of `work`. */
  note(caseId: string, action: 'clip-kept' | 'clip-unavailable', work: (tx: Tx) => Promise<void>): Promise<void>
  /** For how long the last seconds of a camera were kept before the alarm; tests make it shorter. */
  spanMs?: { before: number; after: number }
}

/** Keeps what a camera showed around the first alarm of a case. Until the gate has agreed nothing touches the disk. */
export class Recorder {
  readonly #deps: RecorderDeps
  readonly #preRolls: PreRolls
  readonly #storage: ClipStorage
  readonly #stop = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  readonly counts = { kept: 0, unavailable: 0 }

  constructor(deps: RecorderDeps, preRolls: PreRolls, storage: ClipStorage) {
    this.#deps = deps
    this.#preRolls = preRolls
    this.#storage = storage
  }

  /** What was under way when the process ended has no end. */
  async start(): Promise<void> {
    const { database, nodeId } = this.#deps
    for (const { id, caseId } of await interruptedClips(database, nodeId)) {
      await this.#storage.remove(id)
      await this.#unavailable(id, caseId, 'interrupted')
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#underWay)
  }

  /** A case was opened. */
  begin(one: Case): void {
    const { log } = this.#deps
    const { cameraId } = one
    if (cameraId === undefined || !this.#preRolls.isMeant(cameraId)) return
    const work = this.#record(one, cameraId)
      .catch((error: unknown) => log.error({ err: error, case: one.id }, 'a clip could not be kept'))
      .finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  async #record(one: Case, cameraId: string): Promise<void> {
    const { clock, database, newId, nodeId, spanMs } = this.#deps
    const { before, after } = spanMs ?? { before: CLIP_BEFORE_MS, after: CLIP_AFTER_MS }
    const openedMs = Date.parse(one.openedAt)
    const alarmMs = clock.monotonicMs() - Math.max(0, clock.now() - openedMs)
    const preRoll = this.#preRolls.of(cameraId)
    // Before the first wait, so that nothing of the time before the alarm goes.
    const unwant = preRoll?.want(alarmMs - before)
    const isTooMany = this.#underWay.size > MAX_UNDER_WAY
    try {
      const camera = await this.#deps.camera(cameraId)
      if (camera === undefined || camera.removed) return
      const { cellCode, placeClass } = camera
      const id = newId()
      const clip = { id, caseId: one.id, cameraId, cellCode, placeClass, nodeId, alarmAt: new Date(openedMs) }
      if (!(await beginClip(database, clip))) return
      if (preRoll === undefined || isTooMany) {
        return await this.#unavailable(id, one.id, isTooMany ? 'too-many' : 'camera-down')
      }
      const waitMs = alarmMs + after + PART_LAG_MS - clock.monotonicMs()
      await clock.sleep(Math.max(0, waitMs), this.#stop.signal).catch(() => {})
      // What ended early is found, and said, at the next start.
      if (this.#stop.signal.aborted) return
      const stretch = preRoll.take(alarmMs - before, alarmMs + after + PART_LAG_MS)
      if (stretch === undefined) return await this.#unavailable(id, one.id, 'camera-down')
      await this.#keep({ ...clip, mimeType: preRoll.mimeType }, stretch)
    } finally {
      unwant?.()
    }
  }

  async #keep(
    clip: { id: string; caseId: string; cameraId: string; placeClass: PlaceClass; mimeType: PreRoll['mimeType'] },
    stretch: Stretch,
  ): Promise<void> {
    const { clock, log, database, audit } = this.#deps
    const { id, caseId, cameraId, placeClass, mimeType } = clip
    try {
      const toWall = clock.now() - clock.monotonicMs()
      const [fromMs, toMs] = [Math.round(stretch.fromMs + toWall), Math.round(stretch.toMs + toWall)]
      if (!(await this.#deps.mayKeep({ cameraId, fromMs, toMs }))) {
        return await this.#unavailable(id, caseId, 'not-agreed')
      }
      const written = await this.#storage
        .write(id, wholeFile(stretch.init, stretch.chunks, TIMESCALE))
        .catch((error: unknown) => {
          log.error({ err: error, clip: id }, 'a clip could not be written')
          return undefined
        })
      if (written === undefined) return await this.#unavailable(id, caseId, 'storage-failure')
      const days = daysFor(await readRetention(database.client), placeClass)
      const keepUntil = new Date(toMs + days * DAY_MS)
      const work = async (tx: Tx): Promise<void> => {
        await audit.append(tx, {
          action: 'clip-kept',
          actor: { kind: 'system', name: 'gridlight' },
          object: `clip:${id}`,
          result: 'done',
          detail: { caseId, cameraId, fromMs, toMs, ...written, keepUntil: keepUntil.toISOString() },
        })
        const [startsAt, endsAt] = [new Date(fromMs), new Date(toMs)]
        await changeClip(tx, id, {
          ...written,
          state: 'ready',
          startsAt,
          endsAt,
          keepUntil,
          mimeType: mimeType ?? null,
        })
      }
      try {
        await this.#deps.note(caseId, 'clip-kept', work)
      } catch (error) {
        // What no register knows of would be deleted by nobody.
        await this.#storage.remove(id)
        throw error
      }
      this.counts.kept++
    } finally {
      for (const chunk of stretch.chunks) chunk.release()
    }
  }

  async #unavailable(id: string, caseId: string, why: ClipAbsence): Promise<void> {
    this.counts.unavailable++
    await this.#deps.note(caseId, 'clip-unavailable', (tx) => changeClip(tx, id, { state: 'unavailable', why }))
  }
}
