import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import { CameraPhotoKind, CameraPhotoParams, CameraPhotos, MAX_PHOTO_BYTES } from '../contracts/camera-photo.ts'
import { IdParams } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import { type Cameras, unwrap } from './cameras.ts'
import { withoutMetadata } from './jpeg.ts'
import { WRITERS } from './routes.ts'
import { openPhoto, sealPhoto } from './sealed-photo.ts'

export interface PhotoRoutesDeps {
  database: Database
  clock: Clock
  vault: Vault
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  cameras: Pick<Cameras, 'read'>
}

/** A photo of the view shows what the camera sees, so each look at it is recorded, as is the writing. */
const READERS = { access: { roles: ['administrator', 'installer', 'auditor'] as const } }

/** Photos of the sign and of the view: sealed at rest, in the asker's cells only, never in a cache. */
export function photoRoutes(app: App, deps: PhotoRoutesDeps): void {
  const { database, clock, vault, newId, audit, cameras } = deps

  const record = (tx: Tx, principal: Principal, cameraId: string, kind: CameraPhotoKind, act: 'taken' | 'seen') =>
    audit.append(tx, {
      action: act === 'taken' ? 'camera-changed' : 'camera-photo-seen',
      actor: actorOf(principal),
      object: `camera:${cameraId}`,
      result: 'done',
      detail: { photo: kind },
    })

  app.get(
    '/api/v1/cameras/:id/photos',
    {
      config: READERS,
      schema: {
        summary: 'Which photos there are of a camera’s sign and view',
        params: IdParams,
        response: { 200: CameraPhotos },
      },
    },
    async (request) => {
      const { id } = unwrap(await cameras.read(principalOf(request), request.params.id))
      const rows = await database.client.cameraPhoto.findMany({
        where: { cameraId: id },
        select: { kind: true, takenAt: true, byName: true, sizeBytes: true },
        orderBy: { kind: 'asc' },
      })
      return {
        items: rows.map(({ kind, takenAt, byName, sizeBytes }) => ({
          kind: CameraPhotoKind.parse(kind),
          takenAt: takenAt.toISOString(),
          by: byName,
          sizeBytes,
        })),
      }
    },
  )

  app.get(
    '/api/v1/cameras/:id/photos/:kind',
    {
      config: READERS,
      schema: { summary: 'The photo itself (image/jpeg); looking at it is recorded', params: CameraPhotoParams },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { kind } = request.params
      const { id } = unwrap(await cameras.read(principal, request.params.id))
      const row = await database.transaction(async (tx) => {
        const found = await tx.cameraPhoto.findUnique({ where: { cameraId_kind: { cameraId: id, kind } } })
        if (found !== null) await record(tx, principal, id, kind, 'seen')
        return found
      })
      if (row === null) throw noSuch('photo')
      const jpeg = openPhoto(vault, row.id, row.sealedJpeg)
      return reply.header('cache-control', 'no-store').type('image/jpeg').send(jpeg)
    },
  )

  app.register(async (scope: App) => {
    scope.addContentTypeParser(
      'image/jpeg',
      { parseAs: 'buffer', bodyLimit: MAX_PHOTO_BYTES },
      (_request, body, done) => done(null, body),
    )
    scope.put(
      '/api/v1/cameras/:id/photos/:kind',
      {
        config: WRITERS,
        schema: {
          summary: `Keep a photo of the sign or the view (image/jpeg, at most ${MAX_PHOTO_BYTES} bytes); it takes the place of the one before`,
          consumes: ['image/jpeg'],
          params: CameraPhotoParams,
          body: z.instanceof(Buffer, { error: 'a photo as image/jpeg' }).meta({ type: 'string' }),
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const principal = principalOf(request)
        const { kind } = request.params
        const { id: cameraId } = unwrap(await cameras.read(principal, request.params.id))
        const jpeg = withoutMetadata(request.body)
        if (jpeg === undefined)
          throw new Problem('invalid-request', { zh: '不是完整的 JPEG 图片', en: 'is not a whole JPEG' })
        const id = newId()
        const sealedJpeg = sealPhoto(vault, id, jpeg)
        await database.transaction(async (tx) => {
          await tx.cameraPhoto.deleteMany({ where: { cameraId, kind } })
          await tx.cameraPhoto.create({
            data: {
              id,
              cameraId,
              kind,
              sealedJpeg,
              sizeBytes: jpeg.length,
              takenAt: new Date(clock.now()),
              byName: principal.name,
            },
          })
          await record(tx, principal, cameraId, kind, 'taken')
        })
        return reply.code(204).send(null)
      },
    )
  })
}
