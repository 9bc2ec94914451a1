import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  AlarmSource,
  AlarmSourceChange,
  AlarmSourceQuery,
  NewAlarmSource,
  NewAlarmSourceAnswer,
} from '../contracts/alarm.ts'
import { IdParams, page } from '../contracts/common.ts'
import { noSuch, Problem } from '../errors.ts'
import { pageOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import { alarmInput } from '../mqtt/topics.ts'
import { withAccounts } from './panel-accounts.ts'
import {
  changeSource,
  registerSource,
  renewCredentials,
  retireSource,
  type SourceRegisterDeps,
} from './source-register.ts'
import { findSource, listSources, type SourceSecrets, toSource } from './sources.ts'

export interface SourceRoutesDeps extends SourceRegisterDeps {
  /** Where panels report; undefined while that is off. */
  panelPort(): number | undefined
}

const readers = { roles: ['administrator', 'installer', 'operator', 'auditor'] as const }
const editors = { roles: ['administrator', 'installer'] as const }

/** The register of alarm sources: who may raise alarms, for which cell, and with which credentials. */
export function sourceRoutes(app: App, deps: SourceRoutesDeps): void {
  const accountOf = async (source: AlarmSource): Promise<AlarmSource> =>
    (await withAccounts(deps.database, [source]))[0] ?? source

  app.get(
    '/api/v1/alarm-sources',
    {
      config: { access: readers },
      schema: {
        summary: 'Alarm sources in use, or those that are retired',
        querystring: AlarmSourceQuery,
        response: { 200: page(AlarmSource) },
      },
    },
    async (request) => {
      const { limit, cursor, retired } = request.query
      const which = {
        cellCodes: principalOf(request).cellCodes,
        isRetired: retired === 'yes',
        nowMs: deps.clock.now(),
      }
      const items = await withAccounts(deps.database, await listSources(deps.database, which, cursor, limit))
      return pageOf(items, limit, ({ id }) => id)
    },
  )

  app.get(
    '/api/v1/alarm-sources/:id',
    {
      config: { access: readers },
      schema: {
        summary: 'An alarm source, also one that is retired',
        params: IdParams,
        response: { 200: AlarmSource },
      },
    },
    async (request) => {
      const row = await findSource(deps.database.client, request.params.id)
      if (row === undefined) throw noSuch('alarm-source')
      if (!coversCell(principalOf(request), row.cellCode)) throw new Problem('not-in-your-cells')
      return accountOf(toSource(row, deps.clock.now()))
    },
  )

  app.post(
    '/api/v1/alarm-sources',
    {
      config: { access: editors },
      schema: {
        summary: 'Register an alarm source; the answer alone carries its credentials',
        body: NewAlarmSource,
        response: { 201: NewAlarmSourceAnswer },
      },
    },
    async (request, reply) => {
      const { dc09 } = request.body
      const { source, secrets } = await registerSource(deps, principalOf(request), request.body)
      const port = deps.panelPort()
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          ...withCredentials(request, source, secrets),
          ...(dc09 === undefined
            ? {}
            : {
                dc09: {
                  account: dc09.account.toUpperCase(),
                  isEncrypted: dc09.key !== undefined,
                  ...(port === undefined ? {} : { port }),
                },
              }),
        })
    },
  )

  app.patch(
    '/api/v1/alarm-sources/:id',
    {
      config: { access: editors },
      schema: {
        summary: 'Change an alarm source, or pause it; its alarms and cases stay as they are',
        params: IdParams,
        body: AlarmSourceChange,
        response: { 200: AlarmSource },
      },
    },
    async (request) => accountOf(await changeSource(deps, principalOf(request), request.params.id, request.body)),
  )

  app.post(
    '/api/v1/alarm-sources/:id/credentials',
    {
      config: { access: editors },
      schema: {
        summary: 'New credentials for a source; the old ones, and connections made with them, end at once',
        params: IdParams,
        response: { 200: NewAlarmSourceAnswer },
      },
    },
    async (request, reply) => {
      const { source, secrets } = await renewCredentials(deps, principalOf(request), request.params.id)
      return reply.header('cache-control', 'no-store').send(withCredentials(request, source, secrets))
    },
  )

  app.delete(
    '/api/v1/alarm-sources/:id',
    {
      config: { access: editors },
      schema: {
        summary: 'Retire an alarm source: it may not speak any more; what it raised stays, under its name',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await retireSource(deps, principalOf(request), request.params.id)
      return reply.code(204).send()
    },
  )
}

const withCredentials = (
  request: FastifyRequest,
  source: AlarmSource,
  { mqttPassword, webhookToken }: SourceSecrets,
): NewAlarmSourceAnswer => ({
  ...source,
  mqtt: { username: source.id, password: mqttPassword, topic: alarmInput(source.id) },
  webhook: { url: `${request.protocol}://${request.host}/api/v1/webhooks/${source.id}`, token: webhookToken },
})
