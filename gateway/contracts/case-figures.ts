import { z } from 'zod'
import { Instant, InstantInput } from './common.ts'

/** By when somebody is to be on site, for a case of each priority. */
export const CaseTarget = z.strictObject({
  priority: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  respondSeconds: z.number().int().min(30).max(86_400),
})
export const CaseTargets = z.strictObject({
  items: z
    .array(CaseTarget)
    .length(4)
    .refine((items) => new Set(items.map(({ priority }) => priority)).size === 4, 'one for each priority'),
})
export type CaseTargets = z.infer<typeof CaseTargets>

/** P1 as one district promises: five minutes. */
export const DEFAULT_TARGETS: CaseTargets = {
  items: [
    { priority: 1, respondSeconds: 300 },
    { priority: 2, respondSeconds: 600 },
    { priority: 3, respondSeconds: 1800 },
    { priority: 4, respondSeconds: 7200 },
  ],
}

/** Moments of a case whose distance is measured, in their order. */
export const CaseMoment = z.enum([
  'gateway',
  'console',
  'acknowledge',
  'dispatch',
  'phone',
  'accept',
  'on-site',
  'feedback',
  'close',
  'evaluate',
])
export type CaseMoment = z.infer<typeof CaseMoment>

export const CaseFiguresQuery = z.strictObject({
  by: z.enum(['all', 'day', 'cell', 'priority']).default('all'),
  since: InstantInput.optional(),
  days: z.coerce.number().int().min(1).max(92).default(7),
})
export type CaseFiguresQuery = z.infer<typeof CaseFiguresQuery>

/** Of cases, never of people. */
export const CaseFigure = z.object({
  /** The day (township time), cell or priority; `all` otherwise. */
  key: z.string(),
  cases: z.number().int(),
  response: z.object({
    met: z.number().int(),
    late: z.number().int(),
    /** Neither answered nor overdue yet. */
    running: z.number().int(),
  }),
  /** Mean of the ratings, where there are any. */
  rating: z.object({ count: z.number().int(), mean: z.number() }).optional(),
  steps: z.array(
    z.object({
      /** `gateway`: from the device's clock to ours; the others from the moment before them that the case has. */
      moment: CaseMoment,
      count: z.number().int(),
      p50Ms: z.number(),
      p95Ms: z.number(),
      /** The same from the opening of the case. */
      fromOpenedP50Ms: z.number(),
      fromOpenedP95Ms: z.number(),
    }),
  ),
})
export type CaseFigure = z.infer<typeof CaseFigure>

export const CaseFigures = z.object({
  from: Instant,
  to: Instant,
  items: z.array(CaseFigure),
  /** There were more cases than are counted at once. */
  isPartial: z.boolean(),
})
export type CaseFigures = z.infer<typeof CaseFigures>
