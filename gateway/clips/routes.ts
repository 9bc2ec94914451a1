import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { ALARM_READERS } from '../contracts/alarm.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { CaseClips, ClipQuery, ClipRetention, ClipState } from '../contracts/clip.ts'
import { IdParams } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { MIN_REASON_CHARS, type ViewReason, type ViewRefusal } from '../contracts/view.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Words } from '../words.ts'
import type { ClipStorage } from './files.ts'
import { clipsOf, findClip, readRetention, writeRetention } from './store.ts'

/** Why there is nothing to play. */
const NOT_THERE: Readonly<Record<ClipState, Words>> = {
  recording: { zh: '片段仍在录制', en: 'the clip is still being recorded' },
  ready: { zh: '片段的文件缺失', en: 'the file of the clip is missing' },
  unavailable: { zh: '没有录到片段', en: 'no clip was recorded' },
  deleted: { zh: '片段保存期满，已删除', en: 'the clip was deleted when its time was over' },
}

export interface ClipRoutesDeps {
  database: Database
  clock: Clock
  storage: ClipStorage
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  caseOf(id: string): Promise<{ cellCode: string; cameraId: string | undefined } | undefined>
  mayOpenRecording(opening: {
    principal: Principal
    cameraId: string
    recording: string
    reason: ViewReason
    fromMs: number
    toMs: number
  }): Promise<{ kind: 'granted' } | { kind: 'refused'; why: ViewRefusal } | { kind: 'no-camera' }>
}

export function clipRoutes(app: App, deps: ClipRoutesDeps): void {
  const { database, storage, audit } = deps

  app.get(
    '/api/v1/cases/:id/clips',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: {
        tags: ['cases'],
        summary: 'What the camera of a case showed around its first alarm',
        params: IdParams,
        response: { 200: CaseClips },
      },
    },
    async (request) => {
      const one = await deps.caseOf(request.params.id)
      if (one === undefined) throw noSuch('case')
      if (!coversCell(principalOf(request), one.cellCode)) throw new Problem('not-in-your-cells')
      const items = await clipsOf(database, request.params.id)
      if (items.length > 0) return { items }
      return { items, absence: one.cameraId === undefined ? ('no-camera' as const) : ('no-scope' as const) }
    },
  )

  app.route({
    method: 'GET',
    url: '/api/v1/clips/:id',
    exposeHeadRoute: false,
    config: { access: 'gate' },
    schema: {
      tags: ['cases'],
      summary: 'The MP4 of a clip; needs a reason: `case`, or words, which a download must have',
      params: IdParams,
      querystring: ClipQuery,
      response: { 200: z.unknown().describe('video/mp4'), 206: z.unknown().describe('video/mp4') },
    },
    handler: async (request, reply) => {
      const principal = principalOf(request)
      const { reason: words, download } = request.query
      const clip = await findClip(database, request.params.id)
      if (clip === undefined) throw noSuch('clip')
      const { id, cameraId, caseId, startsAt, endsAt, sizeBytes, sha256 } = clip
      // Before anything is told of it: who may not watch learns nothing.
      const reason = reasonOf(words, download, caseId)
      const [fromMs, toMs] = [
        startsAt?.getTime() ?? clip.alarmAt.getTime(),
        endsAt?.getTime() ?? clip.alarmAt.getTime(),
      ]
      const permission = await deps.mayOpenRecording({
        ...{ principal, cameraId, recording: `clip:${id}`, reason, fromMs, toMs },
      })
      if (permission.kind === 'no-camera')
        throw new Problem('not-found', { zh: '片段的摄像头已移除', en: 'its camera is gone' })
      if (permission.kind === 'refused') throw new Problem(permission.why)
      if (clip.state !== 'ready' || sizeBytes === null)
        throw new Problem('clip-not-there', NOT_THERE[ClipState.parse(clip.state)])
      if (download) {
        if ((await storage.hashOf(id)) !== sha256)
          throw new Problem('clip-damaged', { zh: '文件与保存时不一致', en: 'the file is not what was kept' })
        await database.transaction((tx) =>
          audit.append(tx, {
            action: 'clip-exported',
            actor: actorOf(principal),
            object: `clip:${id}`,
            result: 'done',
            why: reason.kind,
            detail: { caseId, cameraId, sha256, reason },
          }),
        )
      }
      const range = rangeOf(request.headers.range, sizeBytes)
      if (range === 'unsatisfiable') {
        throw new Problem('invalid-request', {
          zh: `range：片段共 ${sizeBytes} 字节`,
          en: `range: the clip has ${sizeBytes} bytes`,
        })
      }
      const { start, end } = range ?? { start: 0, end: sizeBytes - 1 }
      return reply
        .code(range === undefined ? 200 : 206)
        .header('content-type', 'video/mp4')
        .header('content-length', end - start + 1)
        .header('accept-ranges', 'bytes')
        .header('cache-control', 'no-store')
        .header('x-content-sha256', sha256 ?? '')
        .headers(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` })
        .headers(download ? { 'content-disposition': `attachment; filename="clip-${id}.mp4"` } : {})
        .send(storage.read(id, { start, end }))
    },
  })

  app.get(
    '/api/v1/clip-retention',
    {
      config: { access: { roles: ['administrator', 'auditor', 'operator'] } },
      schema: {
        tags: ['cases'],
        summary: 'Days that clips are kept, by class of place',
        response: { 200: ClipRetention },
      },
    },
    () => readRetention(database.client),
  )

  app.put(
    '/api/v1/clip-retention',
    {
      config: { access: { roles: ['administrator'] } },
      schema: {
        tags: ['cases'],
        summary: 'Set the days that new clips are kept; those that are there keep theirs',
        body: ClipRetention,
        response: { 200: ClipRetention },
      },
    },
    async (request) => {
      await database.transaction(async (tx) => {
        await audit.append(tx, {
          action: 'clip-retention-changed',
          actor: actorOf(principalOf(request)),
          object: 'clip-retention',
          result: 'done',
          detail: { ...request.body },
        })
        await writeRetention(tx, request.body)
      })
      return request.body
    },
  )
}

/** `case` stands for the case the clip belongs to; a download is told in words. */
function reasonOf(words: string | undefined, download: boolean, caseId: string): ViewReason {
  if (words === 'case' && !download) return { kind: 'case', caseId }
  if (words === undefined || words === 'case' || [...words].length < MIN_REASON_CHARS) {
    throw new Problem(
      'reason-required',
      download
        ? { zh: 'reason：写明片段交给谁、为何', en: 'reason: why the clip is handed out, in words' }
        : { zh: 'reason：填 `case`，或写明事由', en: 'reason: `case`, or words' },
    )
  }
  return { kind: 'request', caseId, text: words }
}

/** One range of bytes (RFC 9110 §14.1.2); several, or other units, are answered with the whole. */
function rangeOf(
  header: string | undefined,
  sizeBytes: number,
): { start: number; end: number } | undefined | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  return start > end || start >= sizeBytes ? 'unsatisfiable' : { start, end }
}
