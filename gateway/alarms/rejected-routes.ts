import { type RejectedInput, RejectedInputs } from '../contracts/alarm.ts'
import { PageQuery } from '../contracts/common.ts'
import { cursorOf, pageOf, placeOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'

/** So much of a payload is enough to see what is wrong with it. */
const SHOWN_BYTES = 2_000

/** What sources sent and could not be taken: newest first, with the reason, of the asker's cells. */
export function rejectedRoute(app: App, database: Database): void {
  app.get(
    '/api/v1/alarm-sources/rejected',
    {
      config: { access: { roles: ['administrator', 'installer'] } },
      schema: {
        summary: 'Input of alarm sources that could not be taken, newest first',
        querystring: PageQuery,
        response: { 200: RejectedInputs },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const before = placeOf(cursor)
      const { cellCodes } = principalOf(request)
      const mine =
        cellCodes === undefined
          ? undefined
          : await database.client.alarmSource.findMany({
              where: { cellCode: { in: [...cellCodes] } },
              select: { id: true },
            })
      const rows = await database.client.rejectedInput.findMany({
        where: {
          ...(mine === undefined ? {} : { sourceId: { in: mine.map(({ id }) => id) } }),
          ...(before === undefined
            ? {}
            : { OR: [{ at: { lt: before.at } }, { at: before.at, id: { lt: before.id } }] }),
        },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: limit,
      })
      const items = rows.map(
        ({ id, sourceId, reason, at, payload }): RejectedInput => ({
          id,
          ...(sourceId === null ? {} : { sourceId }),
          reason,
          at: at.toISOString(),
          payload: Buffer.from(payload.subarray(0, SHOWN_BYTES)).toString(),
          payloadBytes: payload.length,
        }),
      )
      return pageOf(items, limit, cursorOf)
    },
  )
}
