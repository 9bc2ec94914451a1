import { type RejectedInput, RejectedInputs } from '../contracts/alarm.ts'
import { PageQuery } from '../contracts/common.ts'
import { Problem } from '../errors.ts'
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
          ...(cursor === undefined ? {} : before(cursor)),
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
      const last = rows.at(-1)
      return rows.length < limit || last === undefined
        ? { items }
        : { items, nextCursor: `${last.at.getTime()}:${last.id}` }
    },
  )
}

function before(cursor: string): object {
  const [, ms, id] = /^(\d{1,15}):([0-9a-f-]{36})$/.exec(cursor) ?? []
  if (ms === undefined || id === undefined) throw new Problem('invalid-request', 'cursor: is not one of ours')
  const at = new Date(Number(ms))
  return { OR: [{ at: { lt: at } }, { at, id: { lt: id } }] }
}
