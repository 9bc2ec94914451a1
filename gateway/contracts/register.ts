import { z } from 'zod'
import { PlaceClass } from './camera.ts'
import { CellCode, Id, Instant, Ownership } from './common.ts'
import { Filing, Link, Party } from './link.ts'

/** Where the filing of a camera stands (State Council Order 799, Article 14): within 30 days of its use. */
export const FilingState = z.enum(['not-required', 'filed', 'open', 'due-in-10', 'due-in-3', 'overdue'])
export type FilingState = z.infer<typeof FilingState>

/** What a camera's register entry lacks. */
export const RegisterFault = z.enum(['in-use-date-missing', 'sign-missing', 'retention-missing', 'link-missing'])
export type RegisterFault = z.infer<typeof RegisterFault>

/** What the law wants known of one camera, with its link. Dates are days of the township's calendar. */
export const RegisterRow = z.object({
  cameraId: Id,
  cameraName: z.string(),
  cellCode: CellCode,
  placeClass: PlaceClass,
  ownership: Ownership,
  /** The link in force, or the last one. */
  link: Link.optional(),
  /** The day of registration where nobody has said another. */
  inUseOn: z.iso.date(),
  filing: Filing.optional(),
  filingState: FilingState,
  /** Absent where no filing is required. */
  filingDueOn: z.iso.date().optional(),
  /** Negative once it is overdue. */
  filingDaysLeft: z.number().int().optional(),
  signOn: z.iso.date().optional(),
  retentionDays: z.number().int().optional(),
  /** Whole days until the link or the consent in force ends. */
  expiresInDays: z.number().int().optional(),
  faults: z.array(RegisterFault),
})
export type RegisterRow = z.infer<typeof RegisterRow>

/** What is left out stays, null takes it away. */
export const RegisterChange = z.strictObject({
  inUseOn: z.iso.date().nullable().optional(),
  filing: Filing.nullable().optional(),
  signOn: z.iso.date().nullable().optional(),
  retentionDays: z.number().int().min(1).max(3650).nullable().optional(),
})
export type RegisterChange = z.infer<typeof RegisterChange>

/** Which rows: those whose filing is not done, whose link ends within 30 days, or that lack something. */
export const RegisterDue = z.enum(['filing', 'expiring', 'faults'])
export type RegisterDue = z.infer<typeof RegisterDue>

export const RegisterQuery = z.strictObject({
  ownership: Ownership.optional(),
  cell: CellCode.optional(),
  party: Party.shape.kind.optional(),
  due: RegisterDue.optional(),
  camera: Id.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(200),
  cursor: z.string().max(200).optional(),
})

const Sum = z.object({ cameras: z.number().int(), active: z.number().int() })

export const RegisterSummary = z.object({
  byCell: z.array(z.object({ cellCode: CellCode, public: Sum, private: Sum })),
  byParty: z.array(z.object({ party: Party.shape.kind, public: Sum, private: Sum })),
  /** Links in force that end within 30 days. */
  expiring: z.number().int(),
  filing: z.partialRecord(FilingState, z.number().int()),
  faults: z.partialRecord(RegisterFault, z.number().int()),
  /** Fields that named or measured a person, dropped from events since the beginning. */
  strippedFields: z.number().int(),
})
export type RegisterSummary = z.infer<typeof RegisterSummary>

/** Counts for everybody: no name, no address, no time of any one view. */
export const Transparency = z.object({
  at: Instant,
  cells: z.array(z.object({ name: z.string(), public: z.number().int(), private: z.number().int() })),
  links: z.object({ public: z.number().int(), private: z.number().int() }),
  last30Days: z.object({
    views: z.object({ public: z.number().int(), private: z.number().int() }),
    alarms: z.number().int(),
  }),
  strippedFields: z.number().int(),
})
export type Transparency = z.infer<typeof Transparency>
