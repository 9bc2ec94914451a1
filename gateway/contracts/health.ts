import { z } from 'zod'
import { Instant } from './common.ts'

export const AvailabilityQuery = z.strictObject({
  by: z.enum(['cell', 'ownership']),
  /** 1, 7 and 30 are what reports ask for. */
  days: z.coerce.number().int().min(1).max(90).default(30),
})
export type AvailabilityQuery = z.infer<typeof AvailabilityQuery>

/** Cameras that are registered now, each counted from its registration on. */
export const AvailabilityItem = z.object({
  /** Cell code, or `public` and `private`. */
  key: z.string(),
  cameras: z.number().int(),
  /** Share of the time that the cameras were online, 0 to 1. */
  availability: z.number(),
  onlineSeconds: z.number().int(),
  stalledSeconds: z.number().int(),
  offlineSeconds: z.number().int(),
})
export type AvailabilityItem = z.infer<typeof AvailabilityItem>

export const Availability = z.object({
  by: AvailabilityQuery.shape.by,
  from: Instant,
  to: Instant,
  items: z.array(AvailabilityItem),
})
export type Availability = z.infer<typeof Availability>
