import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { ALARM_READERS } from '../contracts/alarm.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { CaseFigures, CaseFiguresQuery, CaseTargets } from '../contracts/case-figures.ts'
import { type App, principalOf } from '../http/route.ts'
import { afterCommit, type Database, type Tx } from '../storage/database.ts'
import { caseFigures, figuresCsv } from './figures.ts'
import type { Targets } from './targets.ts'

export interface FigureRoutesDeps {
  database: Database
  clock: Clock
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  targets: Targets
}

export function figureRoutes(app: App, { database, clock, audit, targets }: FigureRoutesDeps): void {
  app.get(
    '/api/v1/case-figures',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: {
        tags: ['cases'],
        summary: 'How long the steps of cases take, p50 and p95, by day, cell or priority; CSV by Accept: text/csv',
        querystring: CaseFiguresQuery,
        response: { 200: z.union([CaseFigures, z.string()]) },
      },
    },
    async (request, reply) => {
      const { cellCodes } = principalOf(request)
      const figures = await caseFigures(database, request.query, cellCodes, clock.now())
      if (request.headers.accept?.includes('text/csv') !== true) return figures
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="case-figures.csv"')
        .send(figuresCsv(figures))
    },
  )

  app.get(
    '/api/v1/case-targets',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: { tags: ['cases'], summary: 'Response targets by priority', response: { 200: CaseTargets } },
    },
    async () => targets.current,
  )

  app.put(
    '/api/v1/case-targets',
    {
      config: { access: { roles: ['administrator'] } },
      schema: {
        tags: ['cases'],
        summary: 'Set the response targets; cases that are open keep theirs',
        body: CaseTargets,
        response: { 200: CaseTargets },
      },
    },
    async (request) => {
      await database.transaction(async (tx) => {
        await audit.append(tx, {
          action: 'case-targets-changed',
          actor: actorOf(principalOf(request)),
          object: 'case-targets',
          result: 'done',
          detail: { ...request.body },
        })
        await targets.save(tx, request.body)
        afterCommit(tx, () => targets.use(request.body))
      })
      return targets.current
    },
  )
}
