import { z } from 'zod'
import { CellCode, Id, Instant, InstantInput, Line, Ownership, Paragraph } from './common.ts'

/** What a link lets the centre do with the feed; nothing is implied by anything else. */
export const LinkScope = z.enum(['live', 'snapshot', 'alarm-clip', 'ptz', 'audio'])
export type LinkScope = z.infer<typeof LinkScope>

/** Public links use the first four and `expired`, private ones all but `suspended` and `ended`. */
export const LinkState = z.enum([
  'draft',
  'awaiting-consent',
  'active',
  'paused',
  'suspended',
  'expired',
  'revoked',
  'ended',
])
export type LinkState = z.infer<typeof LinkState>

export const Party = z.strictObject({
  kind: z.enum(['government', 'institution', 'shop', 'school', 'residential-compound', 'company', 'person']),
  name: Line,
  contact: Line,
})
export type Party = z.infer<typeof Party>

/** Daily window of wall-clock time in the township's time zone; `to` before `from` runs over midnight. */
export const Hours = z.strictObject({
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  to: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
})
export type Hours = z.infer<typeof Hours>

export const Filing = z.strictObject({ number: Line, date: z.iso.date() })
export type Filing = z.infer<typeof Filing>

export const NewLink = z.strictObject({
  cameraId: Id,
  ownership: Ownership,
  party: Party,
  basis: Paragraph,
  purpose: Paragraph,
  scopes: z.array(LinkScope).min(1).max(5),
  hours: Hours.optional(),
  validFrom: InstantInput,
  validUntil: InstantInput.optional(),
  filing: Filing.optional(),
})
export type NewLink = z.infer<typeof NewLink>

/** SHA-256, hex. */
export const DocumentHash = z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 in 64 lower-case hex digits')

/** An owner's signature on paper: who recorded it, who confirmed it, and the document's hash. */
export const PaperEvidence = z.object({
  documentHash: DocumentHash,
  signedOn: z.iso.date(),
  recordedBy: z.string(),
  recordedAt: Instant,
  confirmedBy: z.string(),
  confirmedAt: Instant,
})
export type PaperEvidence = z.infer<typeof PaperEvidence>

/** The owner's word in force: one immutable version of the consent. Without `paper` it was given on the owner's page. */
export const Consent = z.object({
  version: z.number().int().positive(),
  scopes: z.array(LinkScope),
  hours: Hours.optional(),
  validUntil: Instant,
  agreedAt: Instant,
  paper: PaperEvidence.optional(),
})
export type Consent = z.infer<typeof Consent>

export const PaperState = z.enum(['waiting', 'confirmed', 'rejected'])

/** What one person recorded of a signature on paper; it counts once a second person has confirmed it. */
export const PaperConsent = z.object({
  id: Id,
  linkId: Id,
  state: PaperState,
  scopes: z.array(LinkScope),
  hours: Hours.optional(),
  validUntil: Instant,
  documentHash: DocumentHash,
  signedOn: z.iso.date(),
  recordedBy: z.object({ id: Id, name: z.string() }),
  recordedAt: Instant,
  decidedBy: z.object({ id: Id, name: z.string() }).optional(),
  decidedAt: Instant.optional(),
  reason: z.string().optional(),
})
export type PaperConsent = z.infer<typeof PaperConsent>

export const Link = z.object({
  id: Id,
  cameraId: Id,
  cameraName: z.string(),
  cellCode: CellCode,
  ownership: Ownership,
  state: LinkState,
  stateSince: Instant,
  stateReason: z.string().optional(),
  party: Party,
  basis: z.string(),
  purpose: z.string(),
  scopes: z.array(LinkScope),
  hours: Hours.optional(),
  validFrom: Instant,
  validUntil: Instant.optional(),
  pausedUntil: Instant.optional(),
  filing: Filing.optional(),
  consent: Consent.optional(),
  /** A signature on paper that a second person has still to confirm. */
  waitingPaper: PaperConsent.optional(),
  /** The owner is told of the first view of a day. */
  tellsFirstView: z.boolean().optional(),
  createdAt: Instant,
})
export type Link = z.infer<typeof Link>

export const OwnerInvitation = z.object({ url: z.string(), token: z.string(), expiresAt: Instant })
export type OwnerInvitation = z.infer<typeof OwnerInvitation>

/** The invitation is in the answer to the creation only; it is not kept in the clear. */
export const NewLinkAnswer = Link.extend({ ownerInvitation: OwnerInvitation.optional() })
export type NewLinkAnswer = z.infer<typeof NewLinkAnswer>

export const LinkQuery = z.strictObject({
  ownership: Ownership.optional(),
  state: LinkState.optional(),
  cell: CellCode.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(200),
  cursor: z.string().max(200).optional(),
})

export const LinkRevocation = z.strictObject({ reason: Paragraph })

const Counts = z.partialRecord(LinkState, z.number().int())

export const LinkSummary = z.object({
  public: Counts,
  private: Counts,
  byCell: z.array(z.object({ cellCode: CellCode, public: Counts, private: Counts })),
})
export type LinkSummary = z.infer<typeof LinkSummary>

export const OwnerSignIn = z.strictObject({ token: z.string().min(16).max(200) })

/** One opening of the owner's page: what an owner who did not open it then can tell a stranger by. */
export const OwnerOpening = z.object({
  at: Instant,
  /** IP address it was opened from; absent where it was erased. */
  address: z.string().optional(),
  /** By the session that asks. */
  isThisOne: z.boolean(),
})
export type OwnerOpening = z.infer<typeof OwnerOpening>

export const OwnerConsent = z.strictObject({
  scopes: z.array(LinkScope).min(1).max(5),
  validUntil: InstantInput,
  hours: Hours.optional(),
})
export type OwnerConsent = z.infer<typeof OwnerConsent>

export const NewPaperConsent = OwnerConsent.extend({ documentHash: DocumentHash, signedOn: z.iso.date() })
export type NewPaperConsent = z.infer<typeof NewPaperConsent>

/** The hash is computed anew from the document in the second person's hands. */
export const PaperConfirmation = z.strictObject({ documentHash: DocumentHash })

export const OwnerPause = z.strictObject({ untilAt: InstantInput })

export const OwnerNotice = z.strictObject({ tellsFirstView: z.boolean() })

/** One line of the owner's ledger: who watched, of which standing, why, and for how long. */
export const OwnerView = z.object({
  id: Id,
  viewer: z.string(),
  unit: z.string(),
  kind: z.enum(['live', 'recording']),
  reason: z.object({ kind: z.string(), caseId: z.string().optional(), text: z.string().optional() }),
  startedAt: Instant,
  /** Since then with sound; absent of one who only looked. */
  heardAt: Instant.optional(),
  endedAt: Instant.optional(),
  endedWhy: z.string().optional(),
  durationSeconds: z.number().int(),
  watchingNow: z.boolean(),
})
export type OwnerView = z.infer<typeof OwnerView>
