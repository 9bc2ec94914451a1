import { MAX_PHOTO_BYTES } from '../../../gateway/contracts/camera-photo.ts'

/** Enough to read the sign and to judge the view. */
const LONGEST_SIDE = 1280
const QUALITIES = [0.8, 0.6, 0.4] as const

/** A photo drawn anew, so small and without what the phone writes into it. @returns undefined if it is no picture */
export async function smallJpeg(file: Blob): Promise<Blob | undefined> {
  const picture = await createImageBitmap(file).catch(() => undefined)
  if (picture === undefined) return undefined
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  for (const quality of QUALITIES) {
    const jpeg = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
    if (jpeg !== null && jpeg.size <= MAX_PHOTO_BYTES) return jpeg
  }
  return undefined
}
