import type { Camera } from '../contracts/camera.ts'
import { CameraHealth, CameraHealthQuery } from '../contracts/camera-health.ts'
import { IdParams, page } from '../contracts/common.ts'
import { type App, principalOf } from '../http/route.ts'
import { type Cameras, unwrap, type WithStreams } from './cameras.ts'
import { type StreamFigures, streamHealth } from './stream-health.ts'

export interface HealthRoutesDeps {
  cameras: Pick<Cameras, 'readWithStreams' | 'listWithStreams'>
  streamFigures(streamId: string): StreamFigures | undefined
}

const KEEPERS = { access: { roles: ['administrator', 'installer', 'operator'] as const } }

/** How the streams of cameras come, one by one and for the whole township. */
export function healthRoutes(app: App, { cameras, streamFigures }: HealthRoutesDeps): void {
  const healthOf = ({ camera, streams }: WithStreams, acceptLanguage: string | undefined): CameraHealth => {
    const { id: cameraId, name, cellCode, ownership, state, stateSince, stateReason } = camera
    return {
      cameraId,
      name,
      cellCode,
      ownership,
      state,
      stateSince,
      ...(stateReason === undefined ? {} : { stateReason }),
      streams: streams.map(({ id, role }) => streamHealth(role, streamFigures(id), acceptLanguage)),
    }
  }

  app.get(
    '/api/v1/cameras/:id/health',
    {
      config: KEEPERS,
      schema: {
        tags: ['health'],
        summary: 'How a camera’s streams come, and what to change at it',
        params: IdParams,
        response: { 200: CameraHealth },
      },
    },
    async (request) => {
      const found = unwrap(await cameras.readWithStreams(principalOf(request), request.params.id))
      return healthOf(found, request.headers['accept-language'])
    },
  )

  app.get(
    '/api/v1/health/cameras',
    {
      config: KEEPERS,
      schema: {
        tags: ['health'],
        summary: 'How the streams of the cameras of your cells come, by name, and what to change at each',
        querystring: CameraHealthQuery,
        response: { 200: page(CameraHealth) },
      },
    },
    async (request) => {
      const { attention, ...query } = request.query
      return cameras.listWithStreams(principalOf(request), query, (found) => {
        const health = healthOf(found, request.headers['accept-language'])
        return attention === undefined || needsAttention(health) ? health : undefined
      })
    },
  )
}

const TROUBLED: readonly Camera['state'][] = ['stalled', 'offline']

const needsAttention = ({ state, streams }: CameraHealth): boolean =>
  TROUBLED.includes(state) || streams.some(({ advice }) => advice.length > 0)
