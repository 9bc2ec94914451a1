import type { Database } from '../storage/database.ts'
import type { Vault } from '../vault.ts'

const contextOf = (id: string): string => `camera-photo:${id}`

export const sealPhoto = (vault: Vault, id: string, jpeg: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(vault.seal(Buffer.from(jpeg).toString('base64'), contextOf(id)))

export const openPhoto = (vault: Vault, id: string, sealed: Uint8Array): Buffer =>
  Buffer.from(vault.open(sealed, contextOf(id)), 'base64')

/** Seals all photos anew, one by one: they are too large for one transaction, and those not reached still open. @returns how many */
export async function resealPhotos({ client }: Database, vault: Vault): Promise<number> {
  const ids = await client.cameraPhoto.findMany({ select: { id: true } })
  let resealed = 0
  for (const { id } of ids) {
    const photo = await client.cameraPhoto.findUnique({ where: { id }, select: { sealedJpeg: true } })
    if (photo === null) continue
    const sealedJpeg = sealPhoto(vault, id, openPhoto(vault, id, photo.sealedJpeg))
    resealed += (await client.cameraPhoto.updateMany({ where: { id }, data: { sealedJpeg } })).count
  }
  return resealed
}
