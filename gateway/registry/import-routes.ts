import { PassThrough } from 'node:stream'
import { z } from 'zod'
import { CameraImportAnswer, CameraImportQuery } from '../contracts/camera.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { asGiven } from '../words.ts'
import type { CameraWork } from './camera-work.ts'
import type { ImportTable } from './import.ts'
import { tableTemplate } from './import-table.ts'
import { WRITERS } from './routes.ts'

/** A table of a thousand rows that have all to be tried. */
const IMPORT_TIMEOUT_MS = 30 * 60_000
export const MAX_TABLE_BYTES = 1024 * 1024
const LINES = 'application/x-ndjson'

export function importRoutes(app: App, { importTable, work }: { importTable: ImportTable; work: CameraWork }): void {
  app.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: MAX_TABLE_BYTES }, (_request, body, done) =>
    done(null, body),
  )

  app.post(
    '/api/v1/cameras/import',
    {
      config: WRITERS,
      schema: {
        summary: 'Register the cameras of a table (text/csv)',
        description:
          'Comma, semicolon or tab; UTF-8 or GB 18030; headings in Chinese or English. Asked for as application/x-ndjson, ' +
          'the answer comes row by row: {done, total, row} for each, and last the whole answer.',
        consumes: ['text/csv'],
        querystring: CameraImportQuery,
        body: z.instanceof(Buffer, { error: 'a table as text/csv' }).meta({ type: 'string' }),
        response: { 200: CameraImportAnswer.or(z.instanceof(PassThrough).meta({ type: 'string' })) },
      },
    },
    async (request, reply) => {
      const lines = request.headers.accept?.includes(LINES) === true ? new PassThrough() : undefined
      const answered = work.run(
        reply,
        (signal) =>
          importTable(
            request.body,
            {
              principal: principalOf(request),
              acceptLanguage: request.headers['accept-language'],
              dryRun: request.query.dryRun,
              onRow: (row, done, total) => void lines?.write(`${JSON.stringify({ done, total, row })}\n`),
            },
            signal,
          ),
        IMPORT_TIMEOUT_MS,
      )
      if (lines === undefined) {
        const imported = await answered
        if (!imported.ok) throw new Problem('invalid-request', asGiven(imported.why))
        return imported.answer
      }
      answered.then(
        (imported) => lines.end(`${JSON.stringify(imported.ok ? imported.answer : { problem: imported.why })}\n`),
        (error: unknown) => {
          const problem = error instanceof Problem ? error.code : 'internal'
          if (problem === 'internal') request.log.error({ err: error }, 'import of cameras')
          lines.end(`${JSON.stringify({ problem })}\n`)
        },
      )
      return reply.header('content-type', LINES).header('cache-control', 'no-store').send(lines)
    },
  )

  app.get(
    '/api/v1/cameras/import/template',
    {
      config: WRITERS,
      schema: {
        summary: 'An empty table to fill in',
        response: { 200: z.string().describe('text/csv with byte order mark; headings by Accept-Language') },
      },
    },
    async (request, reply) => {
      const isEnglish = request.headers['accept-language']?.trim().toLowerCase().startsWith('en') === true
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="cameras.csv"')
        .send(tableTemplate(!isEnglish))
    },
  )
}
