import { z } from 'zod'
import { Id, Instant } from './common.ts'

/** A destination of live events beside the console, such as a broker. */
export const OutboxState = z.object({
  destination: z.string(),
  /** Events that it has not got yet. */
  waiting: z.number().int(),
  /** When the oldest of them happened. */
  waitingSince: Instant.optional(),
  /** Events that were passed over. */
  deadLetters: z.number().int(),
  /** Why they wait, where this gateway delivers to it. */
  lastFault: z.object({ reason: z.string(), at: Instant }).optional(),
})
export type OutboxState = z.infer<typeof OutboxState>

export const OutboxAnswer = z.object({ items: z.array(OutboxState) })

/** What a destination refused for good, or what could not be read. */
export const DeadLetter = z.object({
  id: Id,
  destination: z.string(),
  event: z.number().int(),
  topic: z.string(),
  /** Its beginning. */
  payload: z.string(),
  reason: z.string(),
  at: Instant,
})
export type DeadLetter = z.infer<typeof DeadLetter>
