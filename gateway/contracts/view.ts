import { z } from 'zod'
import { Id, Instant, Paragraph } from './common.ts'
import { LinkScope } from './link.ts'

/** A reason in words tells somebody something: no fewer than this. */
export const MIN_REASON_CHARS = 4

/** A reason that needs no more words: whoever reads it does so in their own language. */
export const AskedFor = z.enum(['alarm', 'call-for-help', 'police-request', 'missing-person'])
export type AskedFor = z.infer<typeof AskedFor>

export const ViewReason = z.strictObject({
  /** `request` is one in the viewer's own words. */
  kind: z.enum(['routine', 'case', 'request', ...AskedFor.options, 'maintenance']),
  caseId: Id.optional(),
  text: Paragraph.optional(),
})
export type ViewReason = z.infer<typeof ViewReason>

export const NewView = z.strictObject({
  cameraId: Id,
  stream: z.enum(['auto', 'main', 'sub']).default('auto'),
  /**
   * What the viewer can play. All else comes as the camera's H.264 stream or is made into H.264. Without it, H.265 goes
   * through where the camera has no H.264; `mimeType` says what comes.
   */
  codecs: z
    .array(z.enum(['h264', 'h265']))
    .min(1)
    .max(2)
    .optional(),
  /** Of the picture on the screen, pixels: `auto` takes no larger stream than that needs. */
  width: z.number().int().min(1).max(16_384).optional(),
  reason: ViewReason,
})
export type NewView = z.infer<typeof NewView>

/** A granted view. Its types are for `MediaSource.isTypeSupported`; the sound's is there where it may be heard. */
export const View = z.object({
  id: Id,
  cameraId: Id,
  stream: z.enum(['main', 'sub']),
  hlsUrl: z.string(),
  mimeType: z.string(),
  soundMimeType: z.string().optional(),
  /** What link or consent covers; what it does not need not be offered. */
  scopes: z.array(LinkScope),
  expiresAt: Instant,
})
export type View = z.infer<typeof View>

/** Why a picture is refused; each is a problem code as well. */
export const ViewRefusal = z.enum([
  'no-valid-link',
  'link-paused',
  'link-expired',
  'link-revoked',
  'outside-hours',
  'recorded-outside-consent',
  'scope-missing',
  'reason-required',
  'role-may-not-watch',
  'not-in-your-cells',
])
export type ViewRefusal = z.infer<typeof ViewRefusal>

/** Why a view ended, said to the viewer in words. */
export const ViewEnd = z.enum([
  'closed',
  'idle',
  'expired',
  'link-revoked',
  'link-paused',
  'link-expired',
  'link-ended',
  'outside-hours',
  'signed-out',
  'rights-changed',
  'camera-removed',
  'audit-unavailable',
  'interrupted',
])
export type ViewEnd = z.infer<typeof ViewEnd>
