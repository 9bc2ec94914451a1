import { Readable } from 'node:stream'
import { z } from 'zod'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { Id, page } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { RegisterChange, RegisterQuery, RegisterRow, RegisterSummary } from '../contracts/register.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import type { Database, Tx } from '../storage/database.ts'
import { MIN_RETENTION_DAYS } from './duties.ts'
import { changeEntry, findRegisterRow, summariseRegister, type Today, walkRegister } from './register.ts'
import { registerCsvHead, registerCsvRow } from './register-csv.ts'
import { prefersCsv, READERS, REGISTRARS } from './routes.ts'

const CameraParams = z.strictObject({ cameraId: Id })

export interface RegisterRoutesDeps {
  database: Database
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  today(): Today
  /** Fields of persons that were dropped from events, since the beginning. */
  strippedFields(): Promise<number>
}

/** The register as the law sees it: by camera, with filing, notice sign and retention. */
export function registerRoutes(app: App, { database, audit, today, strippedFields }: RegisterRoutesDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/register',
    config: { access: { roles: READERS } },
    schema: {
      tags: ['register'],
      summary: 'The register by camera; text/csv by Accept gives all of it as a table',
      querystring: RegisterQuery,
      response: { 200: page(RegisterRow).or(z.instanceof(Readable)) },
    },
    handler: async (request, reply) => {
      const { limit, cursor, ownership, cell, party, due, camera } = request.query
      const principal = principalOf(request)
      const filter = { ownership, cellCode: cell, cellCodes: principal.cellCodes, party, due, cameraId: camera }
      if (prefersCsv(request.headers.accept)) {
        // On record before the first line leaves.
        await database.transaction((tx) =>
          audit.append(tx, {
            action: 'register-exported',
            actor: actorOf(principal),
            object: 'register',
            result: 'done',
            detail: request.query,
          }),
        )
        const rows = walkRegister(database.client, filter, today())
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="register.csv"')
          .header('cache-control', 'no-store')
          .send(Readable.from(csvText(rows)))
      }
      const items: RegisterRow[] = []
      for await (const row of walkRegister(database.client, filter, today(), cursor)) {
        items.push(row)
        if (items.length > limit) break
      }
      const isMore = items.length > limit
      const last = items.slice(0, limit).at(-1)
      return { items: items.slice(0, limit), ...(isMore && last !== undefined ? { nextCursor: last.cameraId } : {}) }
    },
  })

  app.route({
    method: 'GET',
    url: '/api/v1/register/summary',
    config: { access: { roles: READERS } },
    schema: {
      tags: ['register'],
      summary: 'Counts by cell and kind of owner, what expires and what is due',
      response: { 200: RegisterSummary },
    },
    handler: async (request) => {
      const { cellCodes } = principalOf(request)
      const totals = await summariseRegister(database.client, { cellCodes }, today())
      return { ...totals, strippedFields: await strippedFields() }
    },
  })

  app.route({
    method: 'PATCH',
    url: '/api/v1/register/:cameraId',
    config: { access: { roles: REGISTRARS } },
    schema: {
      tags: ['register'],
      summary: 'Filing, first use, notice sign and retention of a camera',
      params: CameraParams,
      body: RegisterChange,
      response: { 200: RegisterRow },
    },
    handler: async (request) => {
      const [principal, { cameraId }, change] = [principalOf(request), request.params, request.body]
      return database.transaction(async (tx) => {
        const before = await ownRow(tx, principal, cameraId, today())
        const { retentionDays } = change
        if (before.placeClass === 'article-7' && retentionDays != null && retentionDays < MIN_RETENTION_DAYS) {
          throw new Problem('retention-too-short', {
            zh: `${retentionDays} 天，至少 ${MIN_RETENTION_DAYS} 天`,
            en: `${retentionDays} days, at least ${MIN_RETENTION_DAYS}`,
          })
        }
        await changeEntry(tx, cameraId, change, today().nowMs)
        await audit.append(tx, {
          action: 'register-changed',
          actor: actorOf(principal),
          object: `camera:${cameraId}`,
          result: 'done',
          detail: { ...change },
        })
        return ownRow(tx, principal, cameraId, today())
      })
    },
  })
}

async function ownRow(tx: Tx, principal: Principal, cameraId: string, today: Today): Promise<RegisterRow> {
  const row = await findRegisterRow(tx, cameraId, today)
  if (row === undefined) throw noSuch('camera')
  if (!coversCell(principal, row.cellCode)) throw new Problem('not-in-your-cells')
  return row
}

async function* csvText(rows: AsyncIterable<RegisterRow>): AsyncGenerator<string> {
  yield registerCsvHead()
  for await (const row of rows) yield registerCsvRow(row)
}
