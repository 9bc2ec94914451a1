import { z } from 'zod'
import { Id, Instant } from './common.ts'

/** The notice sign that the law asks for, and what the camera looks at. */
export const CameraPhotoKind = z.enum(['sign', 'view'])
export type CameraPhotoKind = z.infer<typeof CameraPhotoKind>

/** The console makes them smaller than this before it sends them. */
export const MAX_PHOTO_BYTES = 512 * 1024

export const CameraPhotoParams = z.strictObject({ id: Id, kind: CameraPhotoKind })

export const CameraPhoto = z.object({
  kind: CameraPhotoKind,
  takenAt: Instant,
  by: z.string(),
  sizeBytes: z.number().int().positive(),
})
export type CameraPhoto = z.infer<typeof CameraPhoto>
export const CameraPhotos = z.object({ items: z.array(CameraPhoto) })
