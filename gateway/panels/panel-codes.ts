import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AlarmType, Priority } from '../contracts/alarm.ts'

const Code = z.string().regex(/^(\d{3}|[A-Z]{2})$/)

/** What the event codes of panels mean: data only, each table with its source. */
export const CodeTable = z.strictObject({
  id: z.enum(['contact-id', 'sia-dcs']),
  facts: z
    .array(z.strictObject({ claim: z.string(), sure: z.enum(['H', 'M', 'L']), source: z.string().min(1) }))
    .min(1),
  alarms: z.record(
    Code,
    z.strictObject({
      type: AlarmType,
      priority: Priority.optional(),
      words: z.strictObject({ zh: z.string().min(1), en: z.string().min(1) }),
      /** Codes that end it; Contact ID says so with its qualifier. */
      endedBy: z.array(Code).optional(),
    }),
  ),
  /** Reports that only say that the panel lives. */
  tests: z.array(Code),
  /** Who armed, disarmed or passed is not Gridlight's business: not stored. */
  people: z.array(Code),
})
export type CodeTable = z.infer<typeof CodeTable>

export interface CodeTables {
  contactId: CodeTable
  siaDcs: CodeTable
}

/** @throws when a table is not sound */
export function readCodeTables(directory = join(import.meta.dirname, '../../device-profiles/panel-codes')): CodeTables {
  const read = (id: CodeTable['id']): CodeTable =>
    CodeTable.parse(JSON.parse(readFileSync(join(directory, `${id}.json`), 'utf8')))
  return { contactId: read('contact-id'), siaDcs: read('sia-dcs') }
}
