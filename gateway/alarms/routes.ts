import { z } from 'zod'
import { ALARM_READERS, Alarm, AlarmQuery } from '../contracts/alarm.ts'
import { Id, IdParams, page } from '../contracts/common.ts'
import { noSuch, Problem } from '../errors.ts'
import { cursorOf, pageOf, placeOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import { asGiven } from '../words.ts'
import { MAX_MESSAGE_BYTES } from './normalise.ts'
import { rejectedRoute } from './rejected-routes.ts'
import { type SourceRoutesDeps, sourceRoutes } from './source-routes.ts'
import { isWebhookToken } from './sources.ts'
import { listAlarms, readAlarm } from './store.ts'
import type { Receipt } from './store-messages.ts'
import { TokenBuckets } from './token-buckets.ts'

/** A webhook source that sends faster is asked to try again; MQTT is the way for floods. */
const WEBHOOK_RATE = { perSecond: 200, burst: 400 }

export interface AlarmRoutesDeps extends SourceRoutesDeps {
  receive(sourceId: string, payload: Uint8Array, delivery: { idempotencyKey: string | undefined }): Promise<Receipt>
  /** The same alarms with the times at which people saw them and took them on. */
  withTimes(alarms: readonly Alarm[]): Promise<Alarm[]>
}

/** What a sender calls the one act that it may repeat. */
const IdempotencyKey = z.string().min(1).max(128)

export function alarmRoutes(app: App, deps: AlarmRoutesDeps): void {
  app.get(
    '/api/v1/alarms',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: { summary: 'Alarms, newest first', querystring: AlarmQuery, response: { 200: page(Alarm) } },
    },
    async (request) => {
      const { cell, state, priority, since, limit, cursor } = request.query
      const principal = principalOf(request)
      if (cell !== undefined && !coversCell(principal, cell)) throw new Problem('not-in-your-cells')
      const before = placeOf(cursor)
      const filter = {
        state,
        priority,
        since: since === undefined ? undefined : new Date(since),
        cellCodes: cell === undefined ? principal.cellCodes : [cell],
      }
      const items = await deps.withTimes(await listAlarms(deps.database, filter, before, limit))
      return pageOf(items, limit, ({ receivedAt, id }) => cursorOf({ at: receivedAt, id }))
    },
  )

  app.get(
    '/api/v1/alarms/:id',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: { summary: 'An alarm, with its way to people so far', params: IdParams, response: { 200: Alarm } },
    },
    async (request) => {
      const alarm = await readAlarm(deps.database, request.params.id)
      if (alarm === undefined) throw noSuch('alarm')
      if (!coversCell(principalOf(request), alarm.cellCode)) throw new Problem('not-in-your-cells')
      const [told] = await deps.withTimes([alarm])
      return told ?? alarm
    },
  )

  sourceRoutes(app, deps)
  rejectedRoute(app, deps.database)
  webhookRoute(app, deps)
}

function webhookRoute(app: App, deps: AlarmRoutesDeps): void {
  const buckets = new TokenBuckets(deps.clock, WEBHOOK_RATE)
  app.register(async (scope: App) => {
    // The intake reads the bytes itself, so that what is malformed is kept and counted like any other input.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: MAX_MESSAGE_BYTES },
      (_request, body, done) => done(null, body),
    )
    scope.post(
      '/api/v1/webhooks/:sourceId',
      {
        config: { access: 'anyone' },
        schema: {
          summary: 'One alarm of a source, with the source’s own bearer token',
          description:
            'The body is an alarm message as over MQTT, or one in the device’s own words where the source has a mapping. The header Idempotency-Key may stand for the id. 202 is sent after the alarm is durably stored.',
          headers: z.looseObject({ 'idempotency-key': IdempotencyKey.optional() }),
          params: z.strictObject({ sourceId: Id }),
          body: z
            .unknown()
            .describe('AlarmMessage: {id, type, priority?, occurredAt, state?, text?, cameraId?, data?}'),
          response: { 202: z.object({ id: Id }), 200: z.object({ ignored: z.string() }) },
        },
      },
      async (request, reply) => {
        const { sourceId } = request.params
        const [, token] = /^Bearer ([\w-]{1,128})$/i.exec(request.headers.authorization ?? '') ?? []
        if (token === undefined || !(await isWebhookToken(deps.database, sourceId, token))) {
          throw new Problem('not-signed-in', {
            zh: '需要该告警源的令牌',
            en: 'the token of this alarm source is needed',
          })
        }
        if (!buckets.take(sourceId)) throw new Problem('too-many-requests')
        if (!Buffer.isBuffer(request.body))
          throw new Problem('unsupported-media-type', { zh: '须为 application/json', en: 'application/json is needed' })
        const idempotencyKey = request.headers['idempotency-key']
        const receipt = await deps.receive(sourceId, request.body, { idempotencyKey }).catch(() => undefined)
        if (receipt === undefined)
          throw new Problem('storage-failure', {
            zh: '告警未能存储，请重新发送',
            en: 'the alarm was not stored; send it again',
          })
        if (receipt.kind === 'rejected') throw new Problem('invalid-request', asGiven(receipt.reason))
        if (receipt.kind === 'ignored') return reply.code(200).send({ ignored: receipt.why })
        return reply.code(202).send({ id: receipt.id })
      },
    )
  })
}
