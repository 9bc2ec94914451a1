import { z } from 'zod'
import type { Clock } from '../clock.ts'
import {
  ALARM_READERS,
  Alarm,
  AlarmQuery,
  AlarmSource,
  NewAlarmSource,
  NewAlarmSourceAnswer,
} from '../contracts/alarm.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { Id, PageQuery, page } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import { alarmInput } from '../mqtt/topics.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Receipt } from './intake.ts'
import { isReserved, type MappedSources, topicsOf } from './mapped-sources.ts'
import { MAX_MESSAGE_BYTES } from './normalise.ts'
import { insertPanelAccount } from './panel-accounts.ts'
import { rejectedRoute } from './rejected-routes.ts'
import { insertSource, isWebhookToken, listSources } from './sources.ts'
import { type AlarmPlace, listAlarms } from './store.ts'
import { TokenBuckets } from './token-buckets.ts'

/** A webhook source that sends faster is asked to try again; MQTT is the way for floods. */
const WEBHOOK_RATE = { perSecond: 200, burst: 400 }

export interface AlarmRoutesDeps {
  database: Database
  clock: Clock
  newId: () => string
  /** 256 random bits, base64url. */
  newSecret: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  /** What the registers know; a source stands in a cell that exists. */
  directory: { cellExists(cellCode: string): Promise<boolean>; cameraExists(id: string): Promise<boolean> }
  mapped: MappedSources
  /** Seals the keys of panels. */
  vault: Vault
  /** Where panels report; undefined while that is off. */
  panelPort(): number | undefined
  receive(sourceId: string, payload: Uint8Array, idempotencyKey?: string): Promise<Receipt>
}

/** What a sender calls the one act that it may repeat. */
const IdempotencyKey = z.string().min(1).max(128)

const sourceEditors = { roles: ['administrator', 'installer'] as const }

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
      const before = cursor === undefined ? undefined : placeOf(cursor)
      const filter = {
        state,
        priority,
        since: since === undefined ? undefined : new Date(since),
        cellCodes: cell === undefined ? principal.cellCodes : [cell],
      }
      const items = await listAlarms(deps.database, filter, before, limit)
      const last = items.at(-1)
      return items.length < limit || last === undefined ? { items } : { items, nextCursor: cursorOf(last) }
    },
  )

  app.get(
    '/api/v1/alarm-sources',
    {
      config: { access: { roles: ['administrator', 'installer', 'operator', 'auditor'] } },
      schema: { summary: 'Alarm sources', querystring: PageQuery, response: { 200: page(AlarmSource) } },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const items = await listSources(deps.database, principalOf(request).cellCodes, cursor, limit)
      const last = items.at(-1)
      return items.length < limit || last === undefined ? { items } : { items, nextCursor: last.id }
    },
  )

  app.post(
    '/api/v1/alarm-sources',
    {
      config: { access: sourceEditors },
      schema: {
        summary: 'Register an alarm source; the answer alone carries its credentials',
        body: NewAlarmSource,
        response: { 201: NewAlarmSourceAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const silenceSeconds = await check(principal, request.body, deps)
      const id = deps.newId()
      const { dc09 } = request.body
      const secrets = { mqttPassword: deps.newSecret(), webhookToken: deps.newSecret() }
      const source = await deps.database.transaction(async (tx) => {
        const createdAt = new Date(deps.clock.now())
        if (request.body.topic !== undefined) await checkFree(tx, request.body)
        if (dc09 !== undefined) await insertPanel(tx, deps, id, dc09)
        const stored = await insertSource(tx, { ...request.body, silenceSeconds, id, createdAt }, secrets)
        await deps.audit.append(tx, {
          action: 'alarm-source-created',
          actor: actorOf(principal),
          object: `alarm-source:${id}`,
          result: 'done',
          detail: { name: stored.name, kind: stored.kind, cellCode: stored.cellCode },
        })
        return stored
      })
      if (source.mapping !== undefined) await deps.mapped.refresh()
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          ...source,
          mqtt: { username: id, password: secrets.mqttPassword, topic: alarmInput(id) },
          webhook: {
            url: `${request.protocol}://${request.host}/api/v1/webhooks/${id}`,
            token: secrets.webhookToken,
          },
          ...(dc09 === undefined ? {} : { dc09: toldPanel(dc09, deps.panelPort()) }),
        })
    },
  )

  rejectedRoute(app, deps.database)
  webhookRoute(app, deps)
}

/** @returns after which silence the source is missed */
async function check(
  principal: Principal,
  source: NewAlarmSource,
  { directory, mapped }: AlarmRoutesDeps,
): Promise<number | undefined> {
  if (!coversCell(principal, source.cellCode)) throw new Problem('not-in-your-cells')
  if (!(await directory.cellExists(source.cellCode))) throw new Problem('unknown-cell', source.cellCode)
  if (source.cameraId !== undefined && !(await directory.cameraExists(source.cameraId))) {
    throw new Problem('invalid-request', `cameraId: there is no camera ${source.cameraId}`)
  }
  const { topic } = source
  const mapping = source.mapping === undefined ? undefined : mapped.mapping(source.mapping)
  if (mapping === undefined) {
    if (source.mapping !== undefined) {
      throw new Problem('invalid-request', `mapping: there is no mapping '${source.mapping}'`)
    }
    if (topic !== undefined) throw new Problem('invalid-request', 'topic: needs a mapping')
    return source.silenceSeconds ?? (source.dc09 === undefined ? undefined : PANEL_SILENCE_SECONDS)
  }
  if (topic !== undefined) {
    if (topicsOf(mapping, topic).some(isReserved)) {
      throw new Problem('invalid-request', 'topic: is kept for Gridlight or for the broker')
    }
    // Whoever registers a topic within another's could take that one's alarms to a cell of their own.
    if (mapped.sharing(mapping, topic).some(({ cellCode }) => !coversCell(principal, cellCode))) {
      throw new Problem('not-in-your-cells', 'topic: overlaps one of another cell')
    }
  }
  return source.silenceSeconds ?? mapping.silenceSeconds
}

/** Panels send their supervision message every few minutes at the most. */
const PANEL_SILENCE_SECONDS = 600

async function insertPanel(
  tx: Tx,
  { vault }: AlarmRoutesDeps,
  sourceId: string,
  dc09: NonNullable<NewAlarmSource['dc09']>,
): Promise<void> {
  const known = await tx.panelAccount.findUnique({ where: { account: dc09.account.toUpperCase() } })
  if (known !== null) throw new Problem('conflict', `dc09: account ${dc09.account} is registered already`)
  await insertPanelAccount(tx, vault, sourceId, dc09)
}

const toldPanel = ({ account, key }: NonNullable<NewAlarmSource['dc09']>, port: number | undefined) => ({
  account: account.toUpperCase(),
  isEncrypted: key !== undefined,
  ...(port === undefined ? {} : { port }),
})

async function checkFree(tx: Tx, { topic, device, mapping }: NewAlarmSource): Promise<void> {
  const other = await tx.alarmSource.findFirst({
    where: { topic: topic ?? null, device: device ?? null, mapping: mapping ?? null },
  })
  if (other !== null) throw new Problem('conflict', `topic: is registered already, as ${other.name}`)
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
          throw new Problem('not-signed-in', 'the token of this alarm source is needed')
        }
        if (!buckets.take(sourceId)) throw new Problem('too-many-requests')
        if (!Buffer.isBuffer(request.body)) throw new Problem('unsupported-media-type', 'application/json is needed')
        const key = request.headers['idempotency-key']
        const receipt = await deps.receive(sourceId, request.body, key).catch(() => undefined)
        if (receipt === undefined) throw new Problem('storage-failure', 'the alarm was not stored; send it again')
        if (receipt.kind === 'rejected') throw new Problem('invalid-request', receipt.reason)
        if (receipt.kind === 'ignored') return reply.code(200).send({ ignored: receipt.why })
        return reply.code(202).send({ id: receipt.id })
      },
    )
  })
}

const cursorOf = ({ receivedAt, id }: Alarm): string =>
  Buffer.from(`${Date.parse(receivedAt)}:${id}`).toString('base64url')

function placeOf(cursor: string): AlarmPlace {
  const [, ms, id] = /^(\d{1,15}):([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (ms === undefined || id === undefined) throw new Problem('invalid-request', 'cursor: is not one of ours')
  return { receivedAt: new Date(Number(ms)), id }
}
