import { IdParams } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { PtzAction, PtzAnswer, PtzPresets } from '../contracts/ptz.ts'
import type { ViewRefusal } from '../contracts/view.ts'
import { noSuch, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import { FAILURE_CODES } from '../probe/check.ts'
import { PROBE_CODES } from '../probe/probe-codes.ts'
import { asGiven } from '../words.ts'
import type { PtzControl, PtzResult } from './ptz.ts'

/** The gate's word on turning a camera; what the trail says of it comes along, or nothing. */
export type MayTurn = (
  principal: Principal,
  cameraId: string,
  detail: Readonly<Record<string, unknown>> | undefined,
) => Promise<{ kind: 'granted' } | { kind: 'refused'; why: ViewRefusal } | { kind: 'no-camera' }>

export interface PtzRoutesDeps {
  ptz: PtzControl
  mayTurn: MayTurn
  camera(id: string): Promise<{ cellCode: string; removed: boolean } | undefined>
}

const OPERATORS = { access: { roles: ['operator'] as const } }

export function ptzRoutes(app: App, { ptz, mayTurn, camera }: PtzRoutesDeps): void {
  app.post(
    '/api/v1/cameras/:id/ptz',
    {
      config: OPERATORS,
      schema: {
        summary: 'Turn a camera, for as long as moves keep coming; stop it; or send it to a stored position',
        params: IdParams,
        body: PtzAction,
        response: { 200: PtzAnswer },
      },
    },
    async (request) => {
      const [principal, { id }, order] = [principalOf(request), request.params, request.body]
      if (order.action === 'stop') {
        // A stop widens nothing, and is taken even when the link has ended meanwhile.
        await ownCamera(principal, id)
        return unwrap(await ptz.stop(id))
      }
      // A drive of many moves is one line in the trail.
      await allowed(principal, id, order.action === 'move' && ptz.isMoving(id) ? undefined : { ...order })
      if (order.action === 'preset') return unwrap(await ptz.preset(id, order.preset))
      const { pan, tilt, zoom, timeoutMs } = order
      return unwrap(await ptz.move(id, { pan, tilt, zoom }, timeoutMs))
    },
  )

  app.get(
    '/api/v1/cameras/:id/ptz',
    {
      config: OPERATORS,
      schema: { summary: 'Stored positions of a camera', params: IdParams, response: { 200: PtzPresets } },
    },
    async (request) => {
      const { id } = request.params
      await allowed(principalOf(request), id, undefined)
      return unwrap(await ptz.presets(id))
    },
  )

  async function allowed(...[principal, id, detail]: Parameters<MayTurn>): Promise<void> {
    await ownCamera(principal, id)
    const permission = await mayTurn(principal, id, detail)
    if (permission.kind === 'refused') throw new Problem(permission.why)
    if (permission.kind === 'no-camera') throw noSuch('camera')
  }

  async function ownCamera(principal: Principal, id: string): Promise<void> {
    const found = await camera(id)
    if (found === undefined || found.removed) throw noSuch('camera')
    if (!coversCell(principal, found.cellCode)) throw new Problem('not-in-your-cells')
  }
}

function unwrap<T>(result: PtzResult<T>): T {
  switch (result.kind) {
    case 'done':
      return result.value
    case 'no-camera':
      throw noSuch('camera')
    case 'no-ptz':
      throw new Problem('camera-not-usable', result.detail)
    case 'failed':
      throw new Problem(PROBE_CODES[FAILURE_CODES[result.why]].problem, asGiven(result.detail))
  }
}
