import { z } from 'zod'
import { PlaceClass } from './camera.ts'
import { Id, Instant, Line } from './common.ts'

/** What is kept of an alarm: from so long before it to so long after. */
export const CLIP_BEFORE_MS = 10_000
export const CLIP_AFTER_MS = 20_000

export const ClipState = z.enum(['recording', 'ready', 'unavailable', 'deleted'])
export type ClipState = z.infer<typeof ClipState>

/** Why there is no clip: closed vocabulary, each with words in the console. */
export const ClipAbsence = z.enum(['camera-down', 'not-agreed', 'interrupted', 'storage-failure', 'too-many'])
export type ClipAbsence = z.infer<typeof ClipAbsence>

export const Clip = z.object({
  id: Id,
  caseId: Id,
  cameraId: Id,
  state: ClipState,
  why: ClipAbsence.optional(),
  alarmAt: Instant,
  startsAt: Instant.optional(),
  endsAt: Instant.optional(),
  mimeType: z.string().optional(),
  sizeBytes: z.number().int().optional(),
  /** Of the file, hex. */
  sha256: z.string().optional(),
  /** It is deleted after this. */
  keepUntil: Instant.optional(),
  deletedAt: Instant.optional(),
})
export type Clip = z.infer<typeof Clip>

/** `absence` says why a case has none at all. */
export const CaseClips = z.object({
  items: z.array(Clip),
  absence: z.enum(['no-camera', 'no-scope']).optional(),
})
export type CaseClips = z.infer<typeof CaseClips>

export const ClipQuery = z.strictObject({
  /** Why it is opened: `case`, for the case it belongs to, or the reason in words. */
  reason: Line.optional(),
  /** Hands out the file; the reason is in words then. */
  download: z.stringbool().default(false),
})

/** Days that clips are kept, by the class of the place. Order 799 Article 13 asks for 30 days in places of Article 7. */
export const MIN_ARTICLE_7_DAYS = 30
export const ClipRetention = z.strictObject({
  items: z
    .array(z.strictObject({ placeClass: PlaceClass, days: z.number().int().min(1).max(3650) }))
    .length(PlaceClass.options.length)
    .refine((items) => new Set(items.map(({ placeClass }) => placeClass)).size === items.length, 'one for each class')
    .refine(
      (items) => items.every(({ placeClass, days }) => placeClass !== 'article-7' || days >= MIN_ARTICLE_7_DAYS),
      `article-7: ${MIN_ARTICLE_7_DAYS} days or more`,
    ),
})
export type ClipRetention = z.infer<typeof ClipRetention>

export const DEFAULT_RETENTION: ClipRetention = {
  items: [
    { placeClass: 'article-7', days: 30 },
    { placeClass: 'article-9', days: 30 },
    { placeClass: 'other', days: 7 },
  ],
}
