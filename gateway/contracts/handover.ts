import { z } from 'zod'
import { AlarmType, Priority } from './alarm.ts'
import { CasePhase } from './case.ts'
import { CellCode, Id, Instant, Paragraph } from './common.ts'
import { SessionAnswer, SignIn } from './identity.ts'

/** What the next shift must know, as the gateway finds it at that moment. */
export const HandoverMatters = z.object({
  openCases: z.array(
    z.object({
      id: Id,
      number: z.string(),
      year: z.number().int(),
      cellCode: CellCode,
      priority: Priority,
      type: AlarmType,
      phase: CasePhase,
      text: z.string(),
      /** Absent in a handover that was signed before this was kept. */
      openedAt: Instant.optional(),
      /** Put aside until then. */
      shelvedUntil: Instant.optional(),
    }),
  ),
  /** Cameras that give no picture. */
  deadFeeds: z.array(z.object({ id: Id, name: z.string(), cellCode: CellCode, since: Instant })),
})
export type HandoverMatters = z.infer<typeof HandoverMatters>

/** Both sign in one act: who goes by the session, who comes by the own password. */
export const NewHandover = z.strictObject({ notes: Paragraph.optional(), incoming: SignIn })
export type NewHandover = z.infer<typeof NewHandover>

const Signer = z.object({ id: Id, name: z.string() })

export const Handover = z.object({
  id: Id,
  at: Instant,
  outgoing: Signer,
  incoming: Signer,
  notes: z.string().optional(),
  matters: HandoverMatters,
})
export type Handover = z.infer<typeof Handover>

/** The desk belongs to the person who came: their session takes the place of the other. */
export const NewHandoverAnswer = z.object({ handover: Handover, session: SessionAnswer })
export type NewHandoverAnswer = z.infer<typeof NewHandoverAnswer>
