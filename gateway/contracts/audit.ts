import { z } from 'zod'
import { Id, Instant, InstantInput } from './common.ts'
import type { Principal } from './identity.ts'

/** Closed vocabulary of what is recorded. */
export const AuditAction = z.enum([
  'gateway-started',
  'gateway-stopped',
  'sign-in',
  'sign-in-refused',
  'sign-out',
  'user-created',
  'user-changed',
  'token-created',
  'token-revoked',
  'grid-imported',
  'camera-registered',
  'camera-changed',
  'camera-removed',
  'camera-photo-seen',
  'certificate-accepted',
  'device-clock-set',
  'link-created',
  'link-state-changed',
  'owner-invited',
  'owner-session',
  'consent-given',
  'paper-recorded',
  'paper-rejected',
  'link-paused',
  'link-resumed',
  'link-revoked',
  'owner-notice-changed',
  'owner-still',
  'ledger-exported',
  'register-changed',
  'register-exported',
  'view-granted',
  'view-refused',
  'view-ended',
  'recording-opened',
  'view-heard',
  'camera-turned',
  'alarm-source-created',
  'alarm-source-changed',
  'alarm-source-credentials-renewed',
  'alarm-source-retired',
  'alarms-silenced',
  'case-action',
  'case-targets-changed',
  'clip-kept',
  'clip-exported',
  'clip-deleted',
  'clip-retention-changed',
  'channel-created',
  'channel-changed',
  'channel-removed',
  'channel-tested',
  'delivery-retried',
  'duty-changed',
  'shift-handed-over',
  'access-refused',
  'audit-read',
  'key-rotated',
  'database-restored',
])
export type AuditAction = z.infer<typeof AuditAction>

/** Who did what is recorded. */
export interface Actor {
  kind: 'user' | 'token' | 'owner' | 'system' | 'anonymous'
  id?: string
  name: string
  roles?: readonly string[]
  sessionId?: string
}

export const actorOf = ({ kind, id, name, roles, sessionId }: Principal): Actor => ({
  kind,
  id,
  name,
  roles,
  sessionId,
})

/** One fact for the chain, before it has a place in it. Free text goes into `detail`, never a credential. */
export interface NewAuditEntry {
  action: AuditAction
  actor: Actor
  /** What was acted on, such as `camera:4f1c…`. */
  object: string
  result: 'done' | 'refused'
  /** Reason code of a refusal, purpose of a view, and the like. */
  why?: string
  consentVersion?: number
  detail?: Readonly<Record<string, unknown>>
}

export const AuditEntry = z.object({
  sequence: z.number().int().positive(),
  at: Instant,
  actorKind: z.string(),
  actorId: z.string().optional(),
  actorName: z.string(),
  roles: z.array(z.string()),
  sessionId: z.string().optional(),
  action: AuditAction,
  object: z.string(),
  /** What the object is called today, where it has a name; not part of the chain. */
  objectName: z.string().optional(),
  result: z.enum(['done', 'refused']),
  why: z.string().optional(),
  consentVersion: z.number().int().optional(),
  detail: z.record(z.string(), z.unknown()).optional(),
  hash: z.string(),
})
export type AuditEntry = z.infer<typeof AuditEntry>

export const AuditQuery = z.strictObject({
  since: InstantInput.optional(),
  actor: z.string().max(128).optional(),
  object: z.string().max(128).optional(),
  action: AuditAction.optional(),
  result: z.enum(['done', 'refused']).optional(),
  /** Entries before this moment. */
  until: InstantInput.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
})

/** What walking the whole chain found; checkpoints kept elsewhere are compared at the command line only. */
export const AuditVerdict = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    at: Instant,
    entries: z.number().int(),
    checkpoints: z.number().int(),
    erasedDetails: z.number().int(),
  }),
  z.object({
    ok: z.literal(false),
    at: Instant,
    /** The first entry that is not as it was written. */
    sequence: z.number().int(),
    fault: z.string(),
    detail: z.string(),
  }),
])
export type AuditVerdict = z.infer<typeof AuditVerdict>

export const AuditCheckpoint = z.object({
  id: Id,
  sequence: z.number().int().nonnegative(),
  hash: z.string(),
  at: Instant,
  publicKey: z.string(),
  signature: z.string(),
})
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>

/** A place outside where checkpoints are copied to; `fault` while it does not have the newest. */
export const OutsideCopy = z.object({
  kind: z.enum(['file', 'mqtt', 'https']),
  lastSentAt: Instant.optional(),
  fault: z.string().optional(),
})
export type OutsideCopy = z.infer<typeof OutsideCopy>
